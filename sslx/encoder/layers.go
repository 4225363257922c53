package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Dense is x [batch, in] times "kernel" [in, out], plus "bias" [out] when bias is set. The kernel is normal with
// variance gain/in: 2 before a ReLU, 1 otherwise.
func Dense(scope *model.Scope, x *Node, out int, gain float64, bias bool) *Node {
	in := x.Shape().Dimensions[1]
	y := Dot(x, weights(scope, "kernel", gain, in, in, out).NodeValue(x)).Product()
	if bias {
		y = Add(y, overChannels(filled(scope, "bias", 0, out).NodeValue(x), y))
	}
	return y
}

// relu is max(x, 0).
func relu(x *Node) *Node { return MaxScalar(x, 0.0) }
