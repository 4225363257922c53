package pretrain

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// names of the measures that are not terms of the loss
const (
	lossMeasure   = "loss"
	spreadMeasure = "spread"
	rankMeasure   = "rank"
	probeMeasure  = "probe"
)

// probeName returns the name of the scope and the measure of a layer's probe.
func probeName(layer string) string {
	if layer == LayerEncoder {
		return probeMeasure
	}
	return probeMeasure + "_" + layer
}

// spread is the mean over dimensions of the standard deviation over the batch of the normalised embeddings z
// [batch, dim], times √dim (Chen and He 2021, https://arxiv.org/abs/2011.10566, section 4.1).
func spread(z *Node) *Node {
	deviation := Sqrt(ReduceMean(Square(centeredDirections(z)), 0))
	return MulScalar(ReduceAllMean(deviation), math.Sqrt(float64(z.Shape().Dimensions[1])))
}

// rank is the participation ratio of the eigenvalues λ of the covariance of the normalised embeddings z [batch, dim],
// (Σλ)²/Σλ²: the number of dimensions that they fill, between 1 and min(batch-1, dim), with no decomposition. It is 0
// where they are all equal.
func rank(z *Node) *Node {
	z = centeredDirections(z)
	gram := Dot(z, z).EinsumAxes([][2]int{{1, 1}}, nil) // its non-zero eigenvalues are those of the covariance
	total := ReduceAllSum(Square(z))
	return Div(Square(total), MaxScalar(ReduceAllSum(Square(gram)), 1e-30))
}

// centeredDirections is z [batch, dim] with each row scaled to length 1, less the mean row, without a gradient.
func centeredDirections(z *Node) *Node {
	z = StopGradient(L2NormalizeWithEpsilon(z, 1e-12, -1))
	return Sub(z, ReduceAndKeep(z, ReduceMean, 0))
}

// crossEntropy is the mean over the batch of the negative log likelihood of labels [batch] under logits [batch,
// classes].
func crossEntropy(logits, labels *Node) *Node {
	picked := Mul(LogSoftmax(logits, -1), OneHot(labels, logits.Shape().Dimensions[1], logits.DType()))
	return Neg(ReduceAllMean(ReduceSum(picked, -1)))
}
