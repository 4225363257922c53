package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// HorizontalFlip mirrors an image left to right with the given probability (torchvision's RandomHorizontalFlip).
// Parameter: "flipped" [batch, 1], the draw, which is below Probability where the image is mirrored.
type HorizontalFlip struct {
	sameSize
	Probability float64
}

// Name implements [Operation].
func (HorizontalFlip) Name() string { return "horizontal-flip" }

// Draw implements [Operation].
func (HorizontalFlip) Draw(uniform, _ Source, _, _ int) Params { return Params{"flipped": uniform(1)} }

// Apply implements [Operation].
func (f HorizontalFlip) Apply(images *Node, p Params) *Node {
	return Where(below(p["flipped"], f.Probability), Reverse(images, 2), images)
}
