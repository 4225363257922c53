package encoder

import (
	"hash/fnv"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Random is an encoder that may draw random numbers while it is trained.
type Random interface {
	Encoder

	// Draws reports whether it does.
	Draws() bool
}

// DrawsVariable is the name of the variable that counts how often an encoder has drawn random numbers: the next ones
// are a function of it, of the seed and of the place in the batch, so that a training that is resumed draws as one that
// was not interrupted. It is not trained, and no part of what an encoder computes in evaluation.
const DrawsVariable = "draws"

// dropper leaves branches of a network out, for some images of a batch.
type dropper struct {
	uniform *Node // [batch, branches] in [0, 1); nil leaves nothing out
}

// newDropper draws a number for each image and branch. It draws none outside of training, and for a share of 0.
func newDropper(scope *model.Scope, share float64, batch, branches int, mode Mode, like *Node) dropper {
	if mode != Train || share == 0 {
		return dropper{}
	}

	// The key: the scope and the seed, and how often numbers were drawn.
	g := like.Graph()
	h := fnv.New64a()
	_, _ = h.Write([]byte(scope.Scope()))
	seed := model.GetParamOr(scope, ParamSeed, uint64(0)) ^ h.Sum64()
	counter := filled(scope, DrawsVariable, 0).SetTrainable(false)
	drawn := counter.NodeValue(like) // exact up to 2^24
	counter.SetNodeValue(AddScalar(drawn, 1))

	shape := shapes.Make(dtypes.Uint32, batch, branches)
	key := Mul(ConvertDType(drawn, dtypes.Uint32), Const(g, uint32(0x9E3779B9)))
	key = BroadcastToDims(BitwiseXor(mixed(key), Const(g, uint32(seed))), batch, branches)
	bits := mixed(Add(mixed(BitwiseXor(Iota(g, shape, 0), key)), Mul(Iota(g, shape, 1), Const(g, uint32(0x85EBCA77)))))
	bits = mixed(BitwiseXor(bits, Const(g, uint32(seed>>32))))
	return dropper{MulScalar(ConvertDType(BitwiseShiftRightLogicalScalar(bits, 8), dtypes.Float32), 1.0/(1<<24))}
}

// mixed is a bijection of 32-bit words in which every bit of the input changes each bit of the output with a
// probability near 1/2 (Appleby's MurmurHash3, fmix32).
func mixed(x *Node) *Node {
	g := x.Graph()
	for _, round := range []struct {
		shift  int
		factor uint32
	}{{16, 0x85EBCA6B}, {13, 0xC2B2AE35}, {16, 1}} {
		x = Mul(BitwiseXor(x, BitwiseShiftRightLogicalScalar(x, round.shift)), Const(g, round.factor))
	}
	return x
}

// some returns y [batch, n, dim] with zeros for a share of the images; the others are enlarged, so that the mean over
// draws is y. The draws belong to one branch.
func (d dropper) some(y *Node, branch int, share float64) *Node {
	if d.uniform == nil || share == 0 {
		return y
	}
	u := SliceAxis(d.uniform, 1, AxisRange(branch, branch+1)) // [batch, 1]
	factor := MulScalar(ConvertDType(GreaterOrEqual(u, Scalar(y.Graph(), u.DType(), share)), wideType(y.DType())),
		1/(1-share))
	return ConvertDType(Mul(wide(y), Reshape(factor, -1, 1, 1)), y.DType())
}
