package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// Solarize inverts the values of at least Threshold, in [0, 1], with the given probability (torchvision's
// RandomSolarize, whose default probability is 0.5). Parameter: "solarized" [batch, 1], the draw, below Probability
// where it applies.
type Solarize struct {
	sameSize
	Threshold   float64
	Probability float64
}

// Name implements [Operation].
func (Solarize) Name() string { return "solarize" }

// Draw implements [Operation].
func (Solarize) Draw(uniform, _ Source, _, _ int) Params { return Params{"solarized": uniform(1)} }

// Apply implements [Operation].
func (o Solarize) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Solarize) paint(x planes, p Params) planes {
	return x.each(func(c *Node) *Node {
		return Where(GreaterOrEqual(c, Scalar(c.Graph(), c.DType(), o.Threshold)), OneMinus(c), c)
	}).where(below(p["solarized"], o.Probability), x)
}
