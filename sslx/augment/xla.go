package augment

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/device"
)

// This file works around what XLA's CPU compiler does, so that views are fast and do not depend on their batch.

// Join is Concatenate, made of updates of an array in place. XLA's CPU compiler fuses a concatenation with what makes
// its parts into a loop that asks for each element which part it belongs to, which is slow (a training step took 1.5
// times as long), and which rounds the pixels of a batch of one differently. It fuses updates in the same way with an
// elementwise operation that follows them (256 views took 13 ms, not 4), but neither with what is outside of a branch:
// the updates are both branches of a condition. The pure-Go backend has no updates (compute v0.1.2), and fuses nothing.
func Join(parts []*Node, axis int) *Node {
	g := parts[0].Graph()
	switch {
	case device.IsPureGo(g):
		return Concatenate(parts, axis)
	case !device.IsCPU(g):
		return joined(g, parts, axis, counted(len(parts)))
	}

	// Both orders of the updates give the same array.
	forward := counted(len(parts))
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	return either(parts[0], func(g *Graph) *Node { return joined(g, parts, axis, forward) },
		func(g *Graph) *Node { return joined(g, parts, axis, backward) })
}

// either returns one of two results that are equal: which of them depends on a value of x, so that the compiler sees
// a condition.
func either(x *Node, one, other func(*Graph) *Node) *Node {
	for a := range x.Rank() {
		x = SliceAxis(x, a, AxisElem(0))
	}

	g := x.Graph()
	branch := func(result func(*Graph) *Node) *Function {
		return NewClosure(g, func(g *Graph) []*Node { return []*Node{result(g)} })
	}
	condition := LessThan(ConvertDType(Reshape(x), dtypes.Float32), Const(g, float32(0.5)))
	return If(condition, branch(one), branch(other))[0]
}

// interleave is Join for planes along a new last axis. It chooses the plane of each value in one loop, which the
// compiler unrolls over the channels: updates in place would walk over the whole array once for each channel.
func interleave(p planes) *Node {
	dims := p[0].Shape().Dimensions
	shape := shapes.Make(p[0].DType(), append(slices.Clone(dims), len(p))...)

	choose := func(order []int) func(*Graph) *Node {
		return func(g *Graph) *Node {
			channel := Iota(g, shapes.Make(dtypes.Int32, shape.Dimensions...), len(dims))

			// The slice of a whole plane brings it into the branch.
			var chosen *Node
			for _, i := range order {
				plane := DynamicSlice(p[i], startAt(g, len(dims), 0, 0), dims)
				plane = BroadcastToShape(InsertAxes(plane, -1), shape)
				if chosen != nil {
					plane = Where(Equal(channel, Const(g, int32(i))), plane, chosen)
				}
				chosen = plane
			}
			return chosen
		}
	}

	forward := counted(len(p))
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	return either(p[0], choose(forward), choose(backward))
}

// joined joins parts by updates in the given order.
func joined(g *Graph, parts []*Node, axis int, order []int) *Node {
	// Where each part begins, and the shape of the whole.
	shape := parts[0].Shape().Clone()
	axis = MustAdjustAxis(axis, shape)
	from := make([]int, len(parts))
	for i, part := range parts[1:] {
		from[i+1] = shape.Dimensions[axis]
		shape.Dimensions[axis] += part.Shape().Dimensions[axis]
	}

	whole := BroadcastToShape(ConstAsDType(g, shape.DType, 0), shape)
	for _, i := range order {
		whole = DynamicUpdateSlice(whole, parts[i], startAt(g, shape.Rank(), axis, from[i]))
	}
	return whole
}

// startAt returns where a slice starts: at index along one axis, and at 0 along all others.
func startAt(g *Graph, rank, axis, index int) []*Node {
	start := make([]*Node, rank)
	for a := range start {
		start[a] = Const(g, int32(0))
	}
	start[axis] = Const(g, int32(index))
	return start
}

// counted returns 0 … n-1.
func counted(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// single reports whether a batch has one image. It is then computed as a batch of two: XLA leaves out the axis of a
// single image, fuses the operations in another way, and rounds them differently.
func single(x *Node) bool { return x.Shape().Dimensions[0] == 1 }

// twice repeats a batch of one.
func twice(x *Node) *Node {
	dims := x.Shape().Clone().Dimensions
	dims[0] = 2
	return BroadcastToDims(x, dims...)
}

// head returns the first of a batch, as a batch of one.
func head(x *Node) *Node { return SliceAxis(x, 0, AxisElem(0)) }

// once is head for a batch of two images that are the same, in a form from which the compiler does not conclude that
// the second need not be computed.
func once(x *Node) *Node {
	if !device.IsCPU(x.Graph()) {
		return head(x)
	}

	// Slices of either image, made of constants: GoMLX shares nodes that are equal between branches.
	row := func(i int) func(*Graph) *Node {
		return func(g *Graph) *Node {
			dims := x.Shape().Clone().Dimensions
			dims[0] = 1
			return DynamicSlice(x, startAt(g, len(dims), 0, i), dims)
		}
	}
	return either(x, row(0), row(1))
}
