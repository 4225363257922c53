package objective

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// simCLRTemperature is the best temperature on CIFAR-10 past 300 epochs (Chen et al. 2020, B.9).
const simCLRTemperature = 0.5

// masked stands for minus infinity in the logits: its exponential is 0 in float32, and 0·masked is 0.
const masked = -1e30

func simCLR(c Config, views []*Node) Terms {
	temperature := c.Temperature
	if temperature == 0 {
		temperature = simCLRTemperature
	}
	loss, similarity := ntXent(views[0], views[1], temperature)
	return Terms{
		Loss:   loss,
		Parts:  map[string]*Node{"similarity": similarity, "entropy": Sub(loss, similarity)},
		Chance: math.Log(float64(2*views[0].Shape().Dimensions[0] - 1)),
	}
}

// NTXent is the normalised-temperature cross entropy of SimCLR (Chen et al. 2020, https://arxiv.org/abs/2002.05709,
// equation 1 and algorithm 1) over the 2N embeddings of two views a and b, each [N, dim]:
//
//	loss = mean over i of -s(i, pos(i))/τ + log Σ_{k≠i} exp(s(i, k)/τ)
//
// with s the cosine similarity and pos(i) the other view of the same image. It returns the two terms: similarity, the
// mean of -s/τ of the positives, and entropy, the mean of the logarithm; their sum is the loss. Equal embeddings give
// ln(2N-1). The positive stays in the denominator; the temperature τ is positive. Cost: 8·N²·dim operations, and
// memory for 4·N² similarities.
func NTXent(a, b *Node, temperature float64) (similarity, entropy *Node) {
	loss, similarity := ntXent(a, b, temperature)
	return similarity, Sub(loss, similarity)
}

// ntXent returns the loss of [NTXent] and its similarity term. The loss is computed as
//
//	mean over i of log(1 + Σ_{k≠i, k≠pos(i)} exp((s(i, k) - s(i, pos(i)))/τ)),
//
// which is the same, and keeps its digits and those of its gradient where the two terms nearly cancel.
func ntXent(a, b *Node, temperature float64) (loss, similarity *Node) {
	n := a.Shape().Dimensions[0]
	z := normalized(Concatenate([]*Node{a, b}, 0))
	first, second := Slice(z, AxisRange(0, n)), Slice(z, AxisRange(n))
	positive := MulScalar(ReduceAndKeep(Mul(first, second), ReduceSum, 1), 1/temperature)
	logits := MulScalar(Dot(z, z).EinsumAxes([][2]int{{1, 1}}, nil), 1/temperature)
	excess := Sub(logits, Concatenate([]*Node{positive, positive}, 0))
	excess = Where(sameImage(z.Graph(), n), Scalar(z.Graph(), z.DType(), masked), excess)
	return ReduceAllMean(log1pSumExp(excess)), Neg(ReduceAllMean(positive))
}

// normalized scales each row of z [n, dim] to length 1. Rows are first divided by their largest magnitude, so that
// neither very short nor very long ones overflow; a zero row stays zero.
func normalized(z *Node) *Node {
	largest := StopGradient(ReduceAndKeep(Abs(z), ReduceMax, 1))
	z = Div(z, Where(IsZero(largest), OnesLike(largest), largest))
	return Div(z, Sqrt(MaxScalar(ReduceAndKeep(Square(z), ReduceSum, 1), 1e-12)))
}

// sameImage returns bool [2n, 2n]: whether row and column are of the same image, in the same view or not.
func sameImage(g *Graph, n int) *Node {
	shape := shapes.Make(dtypes.Int32, 2*n, 2*n)
	image := func(axis int) *Node { return ModScalar(Iota(g, shape, axis), n) }
	return Equal(image(0), image(1))
}

// log1pSumExp returns [n], the logarithm of 1 plus the sum of the exponentials of each row of x [n, m].
func log1pSumExp(x *Node) *Node {
	largest := StopGradient(MaxScalar(ReduceAndKeep(x, ReduceMax, 1), 0.0))
	sum := ReduceSum(Exp(Sub(x, largest)), 1)
	largest = Squeeze(largest, 1)
	return Add(largest, Log1P(Add(StopGradient(Expm1(Neg(largest))), sum)))
}
