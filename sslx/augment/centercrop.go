package augment

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// CenterCrop cuts Height x Width from the middle of an image, after it has added zeros around a smaller one
// (torchvision's CenterCrop). It draws nothing.
type CenterCrop struct {
	fixed
	Height, Width int
}

// Name implements [Operation].
func (CenterCrop) Name() string { return "center-crop" }

// Size implements [Operation].
func (o CenterCrop) Size(int, int) (int, int) { return o.Height, o.Width }

// Apply implements [Operation].
func (o CenterCrop) Apply(images *Node, _ Params) *Node {
	dims := images.Shape().Dimensions
	lacking := func(size, want int) (before, after int) { return max(0, want-size) / 2, (max(0, want-size) + 1) / 2 }
	var pad Padding
	pad.Top, pad.Bottom = lacking(dims[1], o.Height)
	pad.Left, pad.Right = lacking(dims[2], o.Width)
	images = pad.Apply(images, nil)
	middle := func(axis, want int) SliceAxisSpec {
		start := int(math.RoundToEven(float64(images.Shape().Dimensions[axis]-want) / 2))
		return AxisRange(start, start+want)
	}
	return Slice(images, AxisRange(), middle(1, o.Height), middle(2, o.Width))
}
