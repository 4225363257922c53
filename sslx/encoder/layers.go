package encoder

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Dense is x [batch, in] times "kernel" [in, out], plus "bias" [out] when bias is set. The kernel is normal with
// variance gain/in: 2 before a ReLU, 1 otherwise. With a bias, x is not bfloat16.
func Dense(scope *model.Scope, x *Node, out int, gain float64, bias bool) *Node {
	y := dense(scope, x, out, gain).Product()
	if bias {
		y = Add(y, overChannels(valueLike(filled(scope, "bias", 0, out), x), y))
	}
	return y
}

// dense is x times the kernel of Dense, in the type of x.
func dense(scope *model.Scope, x *Node, out int, gain float64) *DotBuilder {
	in := x.Shape().Dimensions[1]
	return Dot(x, valueLike(weights(scope, "kernel", gain, in, in, out), x))
}

// wideType is the type of sums and statistics of numbers of a type: float32 for bfloat16, else the same.
func wideType(dtype dtypes.DType) dtypes.DType {
	if dtype == dtypes.BFloat16 {
		return dtypes.Float32
	}
	return dtype
}

// wide returns x in its wideType.
func wide(x *Node) *Node { return ConvertDType(x, wideType(x.DType())) }

// relu is max(x, 0). Its gradient is a choice, which a processor makes for many numbers at once; autodiff would compute
// it by signs of signs. It looks at the result, which is in memory.
func relu(x *Node) *Node {
	var y *Node
	return withGradient(x, func(x *Node) *Node {
		y = MaxScalar(x, 0.0)
		return y
	}, func(dy *Node) *Node {
		return Where(GreaterThan(y, ScalarZero(y.Graph(), y.DType())), dy, ZerosLike(dy))
	})
}
