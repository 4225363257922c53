package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Posterize rounds values down to the multiples of 2^-Bits with the given probability (torchvision's RandomPosterize
// on float images, whose default probability is 0.5); Bits is between 1 and 8. Parameter: "posterized" [batch, 1], the
// draw, below Probability where it applies.
type Posterize struct {
	sameSize
	Bits        int
	Probability float64
}

// Name implements [Operation].
func (Posterize) Name() string { return "posterize" }

// Draw implements [Operation].
func (Posterize) Draw(uniform, _ Source, _, _ int) Params { return Params{"posterized": uniform(1)} }

// Apply implements [Operation].
func (o Posterize) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Posterize) paint(x planes, p Params) planes {
	levels := float64(int(1) << o.Bits)
	return x.each(func(c *Node) *Node {
		level := MinScalar(MaxScalar(Floor(MulScalar(c, levels)), 0.0), levels-1)
		return MulScalar(level, 1/levels)
	}).where(below(p["posterized"], o.Probability), x)
}
