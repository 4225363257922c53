package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("posterize", Posterize{Bits: 4, Probability: 0.5}) }

// Posterize rounds values down to the multiples of 2^-Bits with the given probability (torchvision's RandomPosterize
// on float images, whose default probability is 0.5); Bits is between 1 and 8. Parameter: "posterized" [batch, 1], the
// draw, below Probability where it applies.
type Posterize struct {
	SameSize
	Bits        int     `yaml:"bits"`
	Probability float64 `yaml:"probability"`
}

// Name implements [Operation].
func (Posterize) Name() string { return "posterize" }

// Draw implements [Operation].
func (Posterize) Draw(uniform, _ Source, _, _, _ int) Params { return Params{"posterized": uniform(1)} }

// Apply implements [Operation].
func (o Posterize) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Posterize) paint(x planes, p Params) planes {
	levels := float64(int(1) << o.Bits)
	posterized := x.each(func(c *Node) *Node {
		level := MinScalar(MaxScalar(Floor(MulScalar(c, levels)), 0.0), levels-1)
		return MulScalar(level, 1/levels)
	})
	return posterized.where(Applies(p["posterized"], o.Probability), x)
}

// Describe implements [Describer].
func (o Posterize) Describe(d Drawn) string { return describeChance(o, d, "posterized", o.Probability) }

// Check returns an error for the first parameter out of range.
func (o Posterize) Check() error {
	return inRange(limit{"bits", float64(o.Bits), 1, 8}, probabilityLimit(o.Probability))
}
