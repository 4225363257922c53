package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("supcon", SupCon{Temperature: 0.1})
}

// SupCon is the supervised contrastive loss of Khosla et al. 2020 (https://arxiv.org/abs/2004.11362, equation 2,
// L_out), over all V·N embeddings of a batch:
//
//	mean over anchors a of the mean over p∈P(a) of -log exp(s(a,p)/τ) / Σ_{k≠a} exp(s(a,k)/τ)
//
// with P(a) all other embeddings of the same label, which includes the other views of the image, and s the cosine
// similarity. (The sum over anchors is a mean, as in the authors' code.) Equal embeddings give ln(V·N-1). Cost:
// 2·(V·N)²·dim operations and memory for (V·N)² similarities.
type SupCon struct {
	// Temperature is τ; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`
}

// Needs asks for labels.
func (SupCon) Needs() Needs { return Needs{Labels: true} }

// Check returns an error of package usage when the temperature is out of range.
func (s SupCon) Check() error { return checkPositive(parameter{"temperature", s.Temperature}) }

// Loss builds the loss of a batch.
func (s SupCon) Loss(in Inputs) Terms {
	z := normalized(Concatenate(in.Views, 0)) // [V·N, dim]
	n, rows := in.images(), z.Shape().Dimensions[0]

	// [V·N, V·N]: whether row and column have one label, and a 1 where they do and are not the same embedding
	same := tile(Equal(Reshape(in.Labels, n, 1), Reshape(in.Labels, 1, n)), len(in.Views))
	positive := ConvertDType(LogicalAnd(same, Not(Diagonal(z.Graph(), rows))), z.DType())

	cosines, sharpness := cosineMatrix(z, z), in.inverse(s.Temperature)

	// The mean similarity is taken away from positives and negatives apart: where there is one positive, the gradients
	// of its two appearances cancel; added to the exponentials of the negatives they would not do so to the last digit.
	own := Mul(cosines, positive)
	within := Mul(Sub(own, rowMean(own, positive)), Mul(positive, sharpness))
	similarity := rowMean(Mul(cosines, positive), positive)

	beyond := mask(Not(same), Mul(Sub(cosines, similarity), sharpness))
	loss := ReduceAllMean(logSumExpOf(within, positive, beyond))
	return withEntropy(loss, Neg(Mul(ReduceAllMean(similarity), sharpness)), math.Log(float64(rows-1)))
}

// rowMean returns [n, 1], the means of the numbers of each row of x [n, m] that marks has a 1 for; the others are 0.
func rowMean(x, marks *Node) *Node {
	return Div(ReduceAndKeep(x, ReduceSum, 1), ReduceAndKeep(marks, ReduceSum, 1))
}

// logSumExpOf returns [n, 1], the logarithm of the sum of the exponentials of those numbers of a row of within [n, m]
// that marks has a 1 for, and of all of beyond. It is taken as log1p of what goes beyond 1, to keep its digits near 0.
func logSumExpOf(within, marks, beyond *Node) *Node {
	largest := StopGradient(MaxScalar(ReduceAndKeep(Max(within, beyond), ReduceMax, 1), 0.0))
	sum := ReduceAndKeep(Mul(AddScalar(Exp(Sub(within, largest)), -1), marks), ReduceSum, 1)
	sum = Add(sum, AddScalar(ReduceAndKeep(marks, ReduceSum, 1), -1))
	return Add(largest, Log1P(Add(sum, ReduceAndKeep(Exp(Sub(beyond, largest)), ReduceSum, 1))))
}
