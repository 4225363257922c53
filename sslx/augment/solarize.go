package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("solarize", Solarize{Threshold: solarizeThreshold, Probability: 0.5}) }

// Solarize inverts the values of at least Threshold, in [0, 1], with the given probability (torchvision's
// RandomSolarize, whose default probability is 0.5). Parameter: "solarized" [batch, 1], the draw, below Probability
// where it applies.
type Solarize struct {
	SameSize
	Threshold   float64 `yaml:"threshold"`
	Probability float64 `yaml:"probability"`
}

// Name implements [Operation].
func (Solarize) Name() string { return "solarize" }

// Draw implements [Operation].
func (Solarize) Draw(uniform, _ Source, _, _, _ int) Params { return Params{"solarized": uniform(1)} }

// Apply implements [Operation].
func (o Solarize) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Solarize) paint(x planes, p Params) planes {
	solarized := x.each(func(c *Node) *Node {
		return Where(GreaterOrEqual(c, Scalar(c.Graph(), c.DType(), o.Threshold)), OneMinus(c), c)
	})
	return solarized.where(Applies(p["solarized"], o.Probability), x)
}

// Describe implements [Describer].
func (o Solarize) Describe(d Drawn) string { return describeChance(o, d, "solarized", o.Probability) }

// Check returns an error for the first parameter out of range.
func (o Solarize) Check() error {
	return inRange(limit{"threshold", o.Threshold, 0, 1}, probabilityLimit(o.Probability))
}
