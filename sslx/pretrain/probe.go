package pretrain

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// probeMeasure is the name of the scope and the measure of the probe of the encoder's output.
const probeMeasure = "probe"

// probeName returns the name of the scope and the measure of a layer's probe.
func probeName(layer string) string {
	if layer == LayerEncoder {
		return probeMeasure
	}
	return probeMeasure + "_" + layer
}

// trainProbe trains the online linear probe of a name on h [batch, dim] and returns its accuracy on the batch, a
// scalar.
func trainProbe(scope *model.Scope, name string, c Config, d stepData, h *Node, b batch) *Node {
	// Without a gradient to h the probe watches the encoder and does not train it.
	logits := encoder.Dense(scope.At("%s", name), StopGradient(h), d.classes, 1, true) // [batch, classes]

	rate := Scalar(h.Graph(), h.DType(), c.Probe.LR)
	applyGradients(scope.At("%s_optimizer", name), optimizer.Config{Rule: optimizer.AdamW{}},
		crossEntropy(logits, b.labels), rate, b.step, scope.At("%s", name))

	return accuracy(ArgMax(logits, -1, dtypes.Int32), b.labels)
}

// accuracy is the share of classes int32 [batch] that are the labels, a scalar.
func accuracy(predicted, labels *Node) *Node {
	return ReduceAllMean(ConvertDType(Equal(predicted, labels), dtypes.Float32))
}

// crossEntropy is the mean over the batch of the negative log likelihood of labels [batch] under logits [batch,
// classes].
func crossEntropy(logits, labels *Node) *Node {
	picked := Mul(LogSoftmax(logits, -1), OneHot(labels, logits.Shape().Dimensions[1], logits.DType()))
	return Neg(ReduceAllMean(ReduceSum(picked, -1)))
}
