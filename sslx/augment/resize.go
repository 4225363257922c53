package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Resize brings an image to Height x Width, bilinear and antialiased (torchvision's Resize to a height and a width). It
// draws nothing. Its cost is that of [ResizedCrop].
type Resize struct {
	fixed
	Height, Width int
}

// Name implements [Operation].
func (Resize) Name() string { return "resize" }

// Size implements [Operation].
func (o Resize) Size(int, int) (int, int) { return o.Height, o.Width }

// Apply implements [Operation].
func (o Resize) Apply(images *Node, p Params) *Node { return o.cut(images, p).join() }

func (o Resize) cut(images *Node, _ Params) planes {
	dims := images.Shape().Dimensions
	zero := all(images, 0)
	return resize(images, part{zero, zero, all(images, dims[1]), all(images, dims[2])}, o.Height, o.Width)
}
