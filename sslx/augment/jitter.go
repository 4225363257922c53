package augment

import (
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("color-jitter", NewColorJitter(1)) }

// ColorJitter changes brightness, contrast, saturation and hue, in that order, with the given probability for all four
// together (torchvision's ColorJitter inside RandomApply, which draws the order at random). The factors of the first
// three are uniform in [max(0, 1-x), 1+x]; the hue shift is uniform in [-Hue, Hue], in turns of the HSV circle, Hue at
// most 0.5. Results are clipped to [0, 1] after each step, as in torchvision. Images that have not three channels have
// brightness and contrast only, and Saturation and Hue must be 0. Parameters, each [batch, 1]: "jittered" (the draw,
// below Probability where it applies), "brightness", "contrast", "saturation", "hue".
type ColorJitter struct {
	SameSize
	Brightness  float64 `yaml:"brightness"`
	Contrast    float64 `yaml:"contrast"`
	Saturation  float64 `yaml:"saturation"`
	Hue         float64 `yaml:"hue"`
	Probability float64 `yaml:"probability"`
}

// NewColorJitter returns the jitter of SimCLR at a strength s: 0.8s, 0.8s, 0.8s and 0.2s with probability 0.8
// (Chen et al. 2020, appendix A; s is 0.5 for CIFAR-10, 1 for ImageNet).
func NewColorJitter(strength float64) ColorJitter {
	return ColorJitter{Brightness: 0.8 * strength, Contrast: 0.8 * strength, Saturation: 0.8 * strength,
		Hue: 0.2 * strength, Probability: 0.8}
}

// Name implements [Operation].
func (ColorJitter) Name() string { return "color-jitter" }

// Draw implements [Operation].
func (o ColorJitter) Draw(uniform, _ Source, _, _, _ int) Params {
	factor := func(x float64) *Node { return Between(uniform(1), max(0, 1-x), 1+x) }
	return Params{
		"jittered":   uniform(1),
		"brightness": factor(o.Brightness),
		"contrast":   factor(o.Contrast),
		"saturation": factor(o.Saturation),
		"hue":        Between(uniform(1), -o.Hue, o.Hue),
	}
}

// Apply implements [Operation].
func (o ColorJitter) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o ColorJitter) paint(original planes, p Params) planes {
	x := original.each(func(c *Node) *Node { return unit(Mul(c, perPlane(p["brightness"]))) })
	x = x.blend(ReduceAndKeep(x.luma(), ReduceMean, 1, 2), perPlane(p["contrast"])) // the mean gray of each image
	if len(x) == rgb {
		x = x.blend(x.luma(), perPlane(p["saturation"]))
	}
	if o.Hue != 0 {
		x = x.shiftHue(perPlane(p["hue"]))
	}
	return x.where(Applies(p["jittered"], o.Probability), original)
}

// Describe implements [Describer].
func (o ColorJitter) Describe(d Drawn) string { return describeChance(o, d, "jittered", o.Probability) }

// TakesChannels implements [ChannelTaker].
func (o ColorJitter) TakesChannels(n int) error {
	if n != rgb && (o.Saturation != 0 || o.Hue != 0) {
		return errors.New("saturation and hue need red, green and blue: set both to 0; brightness and contrast remain")
	}
	return nil
}

// Check returns an error for the first parameter out of range.
func (o ColorJitter) Check() error {
	return inRange(limit{"brightness", o.Brightness, 0, 1e3}, limit{"contrast", o.Contrast, 0, 1e3},
		limit{"saturation", o.Saturation, 0, 1e3}, limit{"hue", o.Hue, 0, 0.5}, probabilityLimit(o.Probability))
}

// blend returns factor·p + (1-factor)·toward, clipped to [0, 1].
func (p planes) blend(toward, factor *Node) planes {
	rest := Mul(toward, OneMinus(factor))
	return p.each(func(c *Node) *Node { return unit(Add(Mul(c, factor), rest)) })
}

// unit clips to [0, 1].
func unit(x *Node) *Node { return MinScalar(MaxScalar(x, 0.0), 1.0) }

// shiftHue turns the hue by shift [batch, 1, 1] turns in HSV (Smith 1978, https://doi.org/10.1145/965139.807361);
// saturation and value stay.
func (p planes) shiftHue(shift *Node) planes {
	// RGB to HSV: value, chroma (saturation times value), and hue in sixths of a turn from red.
	r, g, b := p[0], p[1], p[2]
	value := Max(Max(r, g), b)
	chroma := Sub(value, Min(Min(r, g), b))
	divisor := Where(IsZero(chroma), OnesLike(chroma), chroma)
	isRed, isGreen := Equal(value, r), Equal(value, g)
	distance := Where(isRed, Sub(g, b), Where(isGreen, Sub(b, r), Sub(r, g)))
	first := Where(isRed, ZerosLike(r), Where(isGreen, MulScalar(OnesLike(r), 2), MulScalar(OnesLike(r), 4)))
	sector := Add(Div(distance, divisor), first)
	hue := AddScalar(Add(sector, MulScalar(shift, 6.0)), 12.0) // positive, so that Floor finds the whole turns

	// HSV to RGB without branches: each channel is the same trapezoid of the hue, offset by a third of a turn.
	channel := func(offset float64) *Node {
		k := AddScalar(hue, offset)
		k = Sub(k, MulScalar(Floor(DivScalar(k, 6.0)), 6.0))
		return Sub(value, Mul(chroma, MaxScalar(MinScalar(Min(k, AddScalar(Neg(k), 4.0)), 1.0), 0.0)))
	}
	return planes{channel(5), channel(3), channel(1)}
}
