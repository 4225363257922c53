package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Operation is one change of a batch of images, random or fixed. A struct whose fields are its parameters implements
// it; [Register] makes it known to configurations. It may have more methods: Check() error, which returns an error for
// parameters out of range, and those of [Describer] and [ChannelTaker].
type Operation interface {
	// Name keys the random numbers, together with the position among the operations of the same name in a pipeline.
	// Two operations of different names draw independent numbers.
	Name() string

	// Draw returns the parameters for images of the given height, width and number of channels.
	Draw(uniform, normal Source, height, width, channels int) Params

	// Apply returns the changed images [batch, height', width', channels] for images [batch, height, width, channels].
	Apply(images *Node, params Params) *Node

	// Size returns the size of the images that Apply makes from images of the given size.
	Size(height, width int) (int, int)
}

// Params holds the drawn parameters of one operation by name, each with the batch as its first axis.
type Params map[string]*Node

// Source draws float32 [batch, n]: uniform in [0, 1), or normal of mean 0 and variance 1. Each call of an operation's
// Draw gives other numbers.
type Source func(n int) *Node

// SameSize is embedded by the operations that keep the size of an image.
type SameSize struct{}

// Size returns its arguments.
func (SameSize) Size(height, width int) (int, int) { return height, width }

// NoDraw is embedded by the operations that draw nothing.
type NoDraw struct{}

// Draw returns no parameters.
func (NoDraw) Draw(_, _ Source, _, _, _ int) Params { return Params{} }

// Applies returns bool [batch]: whether an operation of the given probability applies to each image, which it does
// where the draw [batch, 1], uniform in [0, 1), is below the probability.
func Applies(draw *Node, probability float64) *Node {
	return Squeeze(LessThan(draw, Scalar(draw.Graph(), draw.DType(), probability)), -1)
}

// Between maps a draw that is uniform in [0, 1) to [low, high).
func Between(draw *Node, low, high float64) *Node {
	return AddScalar(MulScalar(draw, high-low), low)
}

// PerImage gives a parameter [batch, 1] the shape [batch, 1, 1, 1], which broadcasts over images.
func PerImage(parameter *Node) *Node { return InsertAxes(parameter, -1, -1) }

// perPlane gives a parameter [batch, 1] the shape [batch, 1, 1], which broadcasts over a plane.
func perPlane(parameter *Node) *Node { return InsertAxes(parameter, -1) }
