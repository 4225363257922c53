package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Padding adds pixels around an image: of the color Fill, or with Reflect mirror images, which do not repeat the edge
// (torchvision's Pad with the modes constant and reflect). It draws nothing.
type Padding struct {
	fixed
	Top, Bottom, Left, Right int
	Fill                     [3]float64 // color in [0, 1]
	Reflect                  bool       // each side is then at most the size of the image less 1
}

// Name implements [Operation].
func (Padding) Name() string { return "padding" }

// Size implements [Operation].
func (o Padding) Size(height, width int) (int, int) {
	return o.Top + height + o.Bottom, o.Left + width + o.Right
}

// Apply implements [Operation].
func (o Padding) Apply(images *Node, _ Params) *Node {
	return o.axis(o.axis(images, 1, o.Top, o.Bottom), 2, o.Left, o.Right)
}

// axis adds pixels before and after an axis.
func (o Padding) axis(x *Node, axis, before, after int) *Node {
	n := x.Shape().Dimensions[axis]
	var parts []*Node
	add := func(count, from int) {
		switch {
		case count == 0:
		case o.Reflect:
			parts = append(parts, Reverse(SliceAxis(x, axis, AxisRange(from, from+count)), axis))
		default:
			dims := x.Shape().Clone().Dimensions
			dims[axis] = count
			color := ConvertDType(Const(x.Graph(), [][][][]float64{{{o.Fill[:]}}}), x.DType())
			parts = append(parts, BroadcastToDims(color, dims...))
		}
	}
	add(before, 1)
	parts = append(parts, x)
	add(after, n-1-after)
	if len(parts) == 1 {
		return x
	}
	return Join(parts, axis)
}
