package augment

import (
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("grayscale", Grayscale{Probability: 0.1}) }

// Grayscale replaces an image by its luma on all channels with the given probability (torchvision's
// RandomGrayscale, whose default is 0.1). Parameter: "gray" [batch, 1], the draw, below Probability where it applies.
type Grayscale struct {
	SameSize
	Probability float64 `yaml:"probability"`
}

// Name implements [Operation].
func (Grayscale) Name() string { return "grayscale" }

// Draw implements [Operation].
func (Grayscale) Draw(uniform, _ Source, _, _, _ int) Params { return Params{"gray": uniform(1)} }

// Apply implements [Operation].
func (o Grayscale) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o Grayscale) paint(color planes, p Params) planes {
	gray := color.luma()
	return color.each(func(*Node) *Node { return gray }).where(Applies(p["gray"], o.Probability), color)
}

// Describe implements [Describer].
func (o Grayscale) Describe(d Drawn) string { return describeChance(o, d, "gray", o.Probability) }

// TakesChannels implements [ChannelTaker].
func (Grayscale) TakesChannels(n int) error {
	if n != rgb {
		return errors.New("grayscale needs red, green and blue: leave it out")
	}
	return nil
}

// Check returns an error for a probability out of range.
func (o Grayscale) Check() error { return inRange(probabilityLimit(o.Probability)) }
