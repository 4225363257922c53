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
func (k Key) Uniform(operation string, n int) *Node { return k.uniforms([]request{{operation, n}})[0] }

// Normal returns float32 [batch, n] of mean 0 and variance 1 (Box and Muller 1958), independent as for [Key.Uniform].
func (k Key) Normal(operation string, n int) *Node {
	half := (n + 1) / 2
	a, b := k.words([]request{{operation, half}})

	radius := Sqrt(MulScalar(Log(OneMinus(unitInterval(a))), -2.0))
	angle := MulScalar(unitInterval(b), 2*math.Pi)
	both := Join([]*Node{Mul(radius, Cos(angle)), Mul(radius, Sin(angle))}, 1)
	return Slice(both, AxisRange(), AxisRange(0, n))
}

// request asks for n numbers for each sample under the name of an operation.
type request struct {
	operation string
	n         int
}

// uniforms returns what Uniform returns for each request. All of them come from one loop, which compiles and runs
// faster than one for each.
func (k Key) uniforms(requests []request) []*Node {
	if len(requests) == 0 {
		return nil
	}
	bits, _ := k.words(requests)
	draws := unitInterval(bits) // [batch, total n]

	numbers := make([]*Node, len(requests))
	from := 0
	for i, r := range requests {
		numbers[i] = Slice(draws, AxisRange(), AxisRange(from, from+r.n))
		from += r.n
	}
	return numbers
}

// words returns two independent uint32 [batch, total n]: ThreeFry of the counter (sample, position in the request)
// under the stream's key changed by the view and the operation.
func (k Key) words(requests []request) (*Node, *Node) {
	g := k.Samples.Graph()

	// The columns of all requests: the operation of each, and its position in the request.
	var ids, positions []uint32
	for _, r := range requests {
		for i := range r.n {
			ids, positions = append(ids, operationID(r.operation)), append(positions, uint32(i))
		}
	}
	shape := shapes.Make(dtypes.Uint32, k.Samples.Shape().Dimensions[0], len(ids))

	// The view and the operation change the key, the sample and the position are the counter.
	key := func(i int) *Node { return Reshape(Slice(k.Stream, AxisElem(i))) }
	k0, k1 := BitwiseXor(key(0), Const(g, uint32(k.View))), BitwiseXor(key(1), Const(g, ids[0]))
	column := Iota(g, shape, 1)

	// With several requests, each column has a key and a position of its own.
	if len(requests) > 1 {
		k0 = BroadcastToDims(k0, 1, len(ids))
		k1 = BitwiseXor(BroadcastToDims(key(1), 1, len(ids)), Const(g, [][]uint32{ids}))
		column = BroadcastToShape(Const(g, [][]uint32{positions}), shape)
	}

	return threeFryGraph(k0, k1, BroadcastToShape(InsertAxes(k.Samples, -1), shape), column)
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
