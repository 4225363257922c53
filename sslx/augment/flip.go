package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("horizontal-flip", HorizontalFlip{Probability: 0.5})
	Register("vertical-flip", VerticalFlip{Probability: 0.5})
}

// HorizontalFlip mirrors an image left to right with the given probability (torchvision's RandomHorizontalFlip, whose
// default is 0.5). Parameter: "flipped" [batch, 1], the draw, which is below Probability where the image is mirrored.
type HorizontalFlip struct {
	SameSize
	Probability float64 `yaml:"probability"`
}

// Name implements [Operation].
func (HorizontalFlip) Name() string { return "horizontal-flip" }

// Draw implements [Operation].
func (HorizontalFlip) Draw(uniform, _ Source, _, _, _ int) Params {
	return Params{"flipped": uniform(1)}
}

// Apply implements [Operation].
func (f HorizontalFlip) Apply(images *Node, p Params) *Node { return repaint(f, images, p) }

func (f HorizontalFlip) paint(x planes, p Params) planes {
	return x.flip(2, Applies(p["flipped"], f.Probability))
}

// Describe implements [Describer].
func (f HorizontalFlip) Describe(d Drawn) string {
	return describeChance(f, d, "flipped", f.Probability)
}

// Check returns an error for a probability out of range.
func (f HorizontalFlip) Check() error { return inRange(probabilityLimit(f.Probability)) }

// VerticalFlip mirrors an image top to bottom with the given probability (torchvision's RandomVerticalFlip, whose
// default is 0.5). Parameter: "flipped" [batch, 1], the draw, which is below Probability where the image is mirrored.
type VerticalFlip struct {
	SameSize
	Probability float64 `yaml:"probability"`
}

// Name implements [Operation].
func (VerticalFlip) Name() string { return "vertical-flip" }

// Draw implements [Operation].
func (VerticalFlip) Draw(uniform, _ Source, _, _, _ int) Params { return Params{"flipped": uniform(1)} }

// Apply implements [Operation].
func (f VerticalFlip) Apply(images *Node, p Params) *Node { return repaint(f, images, p) }

func (f VerticalFlip) paint(x planes, p Params) planes {
	return x.flip(1, Applies(p["flipped"], f.Probability))
}

// Describe implements [Describer].
func (f VerticalFlip) Describe(d Drawn) string { return describeChance(f, d, "flipped", f.Probability) }

// Check returns an error for a probability out of range.
func (f VerticalFlip) Check() error { return inRange(probabilityLimit(f.Probability)) }

// flip mirrors the images with condition (bool [batch]) along an axis.
func (p planes) flip(axis int, condition *Node) planes {
	return p.each(func(c *Node) *Node { return Reverse(c, axis) }).where(condition, p)
}
