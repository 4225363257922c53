package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("supervised", Supervised{})
}

// Supervised is the cross entropy of a classifier trained with the encoder, the ceiling that the others are held
// against:
//
//	mean over views v and images i of -log softmax(logits(v,i))[label(i)].
//
// Equal logits give the logarithm of the number of classes. Embeddings are not used.
type Supervised struct{}

// Needs asks for labels and a classifier.
func (Supervised) Needs() Needs { return Needs{Labels: true, Logits: true} }

// Loss builds the loss of a batch.
func (Supervised) Loss(in Inputs) Terms {
	logits := Concatenate(in.Logits, 0)
	n, classes, views := in.images(), logits.Shape().Dimensions[1], len(in.Logits)
	label := OneHot(in.Labels, classes, logits.DType())
	picked := ReduceSum(Mul(Reshape(LogSoftmax(logits, 1), views, n, classes), Reshape(label, 1, n, classes)), 2)
	return Terms{Loss: Neg(ReduceAllMean(picked)), Chance: math.Log(float64(classes))}
}
