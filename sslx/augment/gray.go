package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Grayscale replaces an image by its luma on all channels with the given probability (torchvision's
// RandomGrayscale). Parameter: "gray" [batch, 1], the draw, below Probability where it applies.
type Grayscale struct {
	sameSize
	Probability float64
}

// Name implements [Operation].
func (Grayscale) Name() string { return "grayscale" }

// Draw implements [Operation].
func (Grayscale) Draw(uniform, _ Source, _, _ int) Params { return Params{"gray": uniform(1)} }

// Apply implements [Operation].
func (o Grayscale) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Grayscale) paint(color planes, p Params) planes {
	gray := color.luma()
	return planes{gray, gray, gray}.where(below(p["gray"], o.Probability), color)
}
