package augment

import (
	"hash/fnv"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Key names the random numbers of one view of each sample of a batch.
type Key struct {
	// Stream is uint32[2], the value of [Stream] for the run's seed and the epoch.
	Stream *Node

	// Samples is uint32[batch]: the index of each image in its data set.
	Samples *Node

	// View is the number of the view, from 0.
	View int
}

// Stream returns the value of [Key.Stream] for a seed and an epoch.
func Stream(seed uint64, epoch int) []uint32 {
	key := threeFry([2]uint32{uint32(seed), uint32(seed >> 32)}, [2]uint32{uint32(epoch), 0})
	return key[:]
}

// Uniform returns float32 [batch, n] in [0, 1), independent between operations, views, epochs and seeds.
func (k Key) Uniform(operation string, n int) *Node {
	bits, _ := k.words(operation, n)
	return unitInterval(bits)
}

// Normal returns float32 [batch, n] of mean 0 and variance 1 (Box and Muller 1958), independent as for [Key.Uniform].
func (k Key) Normal(operation string, n int) *Node {
	half := (n + 1) / 2
	a, b := k.words(operation, half)
	radius := Sqrt(MulScalar(Log(OneMinus(unitInterval(a))), -2.0))
	angle := MulScalar(unitInterval(b), 2*math.Pi)
	both := Concatenate([]*Node{Mul(radius, Cos(angle)), Mul(radius, Sin(angle))}, 1)
	return Slice(both, AxisRange(), AxisRange(0, n))
}

// words returns two independent uint32 [batch, n]: ThreeFry of the counter (sample, position) under the stream's key
// changed by the view and the operation.
func (k Key) words(operation string, n int) (*Node, *Node) {
	g := k.Samples.Graph()
	keyed := func(i int, with uint32) *Node {
		return BitwiseXor(Reshape(Slice(k.Stream, AxisElem(i))), Scalar(g, dtypes.Uint32, with))
	}
	shape := shapes.Make(dtypes.Uint32, k.Samples.Shape().Dimensions[0], n)
	samples := BroadcastToShape(InsertAxes(k.Samples, -1), shape)
	return threeFryGraph(keyed(0, uint32(k.View)), keyed(1, operationID(operation)), samples, Iota(g, shape, 1))
}

func operationID(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return h.Sum32()
}

// unitInterval maps the upper 24 bits of a uint32 to [0, 1), where float32 is exact.
func unitInterval(bits *Node) *Node {
	return MulScalar(ConvertDType(BitwiseShiftRightLogicalScalar(bits, 8), dtypes.Float32), 1.0/(1<<24))
}
