package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// A batch of one image is computed as a batch of two: XLA leaves out the axis of a single image, fuses the operations
// in another way, and rounds them differently.

// single reports whether a batch has one image.
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
	if !isCPU(x.Graph()) {
		return head(x)
	}
	row := func(i int32) func(*Graph) *Node {
		return func(g *Graph) *Node { // made of constants: GoMLX shares nodes that are equal between branches
			dims := x.Shape().Clone().Dimensions
			start := make([]*Node, len(dims))
			for a := range start {
				start[a] = Const(g, int32(0))
			}
			dims[0], start[0] = 1, Const(g, i)
			return DynamicSlice(x, start, dims)
		}
	}
	return either(x, row(0), row(1))
}

// each returns the parameters that change makes of each.
func each(params []Params, change func(*Node) *Node) []Params {
	changed := make([]Params, len(params))
	for i, p := range params {
		changed[i] = Params{}
		for name, value := range p {
			changed[i][name] = change(value)
		}
	}
	return changed
}
