package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Params holds the drawn parameters of one operation by name, each with the batch as its first axis.
type Params map[string]*Node

// Operation is one change of a batch of images, random or fixed.
type Operation interface {
	// Name says which operation it is; with its position among those of the same name it keys the random numbers.
	Name() string

	// Draw returns the parameters for images of the given height and width.
	Draw(uniform, normal Source, height, width int) Params

	// Apply returns the changed images [batch, height', width', 3] for images [batch, height, width, 3].
	Apply(images *Node, params Params) *Node

	// Size returns the size of the images that Apply makes from images of the given size.
	Size(height, width int) (int, int)
}

// Source draws float32 [batch, n]. Each call of an operation's Draw gives other numbers.
type Source func(n int) *Node

// sameSize is embedded by the operations that keep the size of an image.
type sameSize struct{}

// Size returns its arguments.
func (sameSize) Size(height, width int) (int, int) { return height, width }

// fixed is embedded by the operations that draw nothing.
type fixed struct{}

// Draw returns no parameters.
func (fixed) Draw(_, _ Source, _, _ int) Params { return Params{} }

// perImage gives a parameter [batch, 1] the shape [batch, 1, 1], which broadcasts over a plane.
func perImage(p *Node) *Node { return InsertAxes(p, -1) }

// below returns bool [batch]: whether the draw u [batch, 1] is below the probability.
func below(u *Node, probability float64) *Node {
	return Squeeze(LessThan(u, Scalar(u.Graph(), u.DType(), probability)), -1)
}

// between maps a draw u in [0, 1) to [low, high).
func between(u *Node, low, high float64) *Node { return AddScalar(MulScalar(u, high-low), low) }
