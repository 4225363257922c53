package augment

import (
	"cmp"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("padding", Padding{})
	Register("center-crop", CenterCrop{})
}

// Padding adds pixels around an image: of the color Fill, or with Reflect mirror images, which do not repeat the edge
// (torchvision's Pad with the modes constant and reflect). It draws nothing.
type Padding struct {
	NoDraw
	Top     int        `yaml:"top"`
	Bottom  int        `yaml:"bottom"`
	Left    int        `yaml:"left"`
	Right   int        `yaml:"right"`
	Fill    [3]float64 `yaml:"fill"`    // color in [0, 1]
	Reflect bool       `yaml:"reflect"` // each side is then at most the size of the image less 1
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
			color := ConvertDType(Const(x.Graph(), [][][][]float64{{{fillOf(o.Fill, channelsOf(x))}}}), x.DType())
			parts = append(parts, BroadcastToDims(color, dims...))
		}
	}

	// The mirror begins one pixel inside of the edge.
	add(before, 1)
	parts = append(parts, x)
	add(after, n-1-after)
	if len(parts) == 1 {
		return x
	}
	return Join(parts, axis)
}

// TakesChannels implements [ChannelTaker].
func (o Padding) TakesChannels(n int) error { return takesFill(o.Fill, n) }

// Check returns an error for the first parameter out of range.
func (o Padding) Check() error {
	return inRange(append(fillLimits(o.Fill), sideLimit("top", o.Top), sideLimit("bottom", o.Bottom),
		sideLimit("left", o.Left), sideLimit("right", o.Right))...)
}

// CenterCrop cuts Height x Width from the middle of an image, after it has added zeros around a smaller one
// (torchvision's CenterCrop). A Height or Width of 0 keeps the image's. It draws nothing.
type CenterCrop struct {
	NoDraw
	Height int `yaml:"height"`
	Width  int `yaml:"width"`
}

// Name implements [Operation].
func (CenterCrop) Name() string { return "center-crop" }

// Size implements [Operation].
func (o CenterCrop) Size(height, width int) (int, int) {
	return cmp.Or(o.Height, height), cmp.Or(o.Width, width)
}

// Apply implements [Operation].
func (o CenterCrop) Apply(images *Node, _ Params) *Node {
	dims := images.Shape().Dimensions
	height, width := sizeAfter(o, images)

	// Zeros around an axis that is too short; an odd number of them has one more at the end.
	lacking := func(size, want int) (before, after int) { return max(0, want-size) / 2, (max(0, want-size) + 1) / 2 }
	var pad Padding
	pad.Top, pad.Bottom = lacking(dims[1], height)
	pad.Left, pad.Right = lacking(dims[2], width)
	images = pad.Apply(images, nil)

	middle := func(axis, want int) SliceAxisSpec {
		start := int(math.RoundToEven(float64(images.Shape().Dimensions[axis]-want) / 2))
		return AxisRange(start, start+want)
	}
	return Slice(images, AxisRange(), middle(1, height), middle(2, width))
}

// Check returns an error for the first parameter out of range.
func (o CenterCrop) Check() error {
	return inRange(sideLimit("height", o.Height), sideLimit("width", o.Width))
}
