package augment

import (
	"errors"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("random-erasing", NewRandomErasing(0.5)) }

// RandomErasing fills a random rectangle with Fill, or with normal noise where Noise is set, with the given probability
// (torchvision's RandomErasing; Zhong et al. 2017, https://arxiv.org/abs/1708.04896). The area of the rectangle is a
// uniform share of the image's between ScaleMin and ScaleMax, its height to its width is log-uniform between RatioMin
// and RatioMax; the first of ten that is smaller than the image along both axes is taken, and nothing is erased where
// none is. Parameters, each [batch, 1] but the last: "erased" (the draw, below Probability where it applies), "top",
// "left", "height", "width" in whole pixels, and with Noise "noise" [batch, height·width·channels] of standard
// deviation 1.
type RandomErasing struct {
	SameSize
	ScaleMin    float64    `yaml:"scale_min"`
	ScaleMax    float64    `yaml:"scale_max"`
	RatioMin    float64    `yaml:"ratio_min"`
	RatioMax    float64    `yaml:"ratio_max"`
	Fill        [3]float64 `yaml:"fill"` // color in [0, 1]
	Noise       bool       `yaml:"noise"`
	Probability float64    `yaml:"probability"`
}

// NewRandomErasing returns the erasing with torchvision's ranges, scales 0.02 to 0.33 and ratios 0.3 to 3.3, and black;
// torchvision's default probability is 0.5.
func NewRandomErasing(probability float64) RandomErasing {
	return RandomErasing{ScaleMin: 0.02, ScaleMax: 0.33, RatioMin: 0.3, RatioMax: 3.3, Probability: probability}
}

// Name implements [Operation].
func (RandomErasing) Name() string { return "random-erasing" }

// Draw implements [Operation].
func (o RandomErasing) Draw(uniform, normal Source, height, width, channels int) Params {
	p := Params{"erased": uniform(1)}

	// Ten random rectangles, [batch, 10]; the first that is smaller than the image is taken, and none has no height.
	area := MulScalar(Between(uniform(rectangleAttempts), o.ScaleMin, o.ScaleMax), float64(height*width))
	ratio := Exp(Between(uniform(rectangleAttempts), math.Log(o.RatioMin), math.Log(o.RatioMax)))
	h, w := Round(Sqrt(Mul(area, ratio))), Round(Sqrt(Div(area, ratio)))
	smaller := func(side *Node, than int) *Node {
		return LessThan(side, Scalar(side.Graph(), side.DType(), than))
	}
	first := firstTrue(LogicalAnd(smaller(h, height), smaller(w, width)))
	p["height"], p["width"] = pick(h, first), pick(w, first) // [batch, 1]

	p["top"] = whole(uniform(1), AddScalar(Neg(p["height"]), float64(height)))
	p["left"] = whole(uniform(1), AddScalar(Neg(p["width"]), float64(width)))
	if o.Noise {
		p["noise"] = normal(height * width * channels)
	}
	return p
}

// Apply implements [Operation].
func (o RandomErasing) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o RandomErasing) paint(x planes, p Params) planes {
	applies := Applies(p["erased"], o.Probability)
	height := Where(applies, p["height"], ZerosLike(p["height"])) // nothing lies in a rectangle without height
	if !o.Noise {
		return x.fill(p["top"], p["left"], height, p["width"], o.Fill)
	}

	shape := x[0].Shape()
	hole := inside(shape, p["top"], p["left"], height, p["width"])
	noise := split(Reshape(p["noise"], append(shape.Clone().Dimensions, len(x))...))
	painted := make(planes, len(x))
	for i, c := range x {
		painted[i] = Where(hole, noise[i], c)
	}
	return painted
}

// Describe implements [Describer].
func (o RandomErasing) Describe(d Drawn) string { return describeChance(o, d, "erased", o.Probability) }

// TakesChannels implements [ChannelTaker].
func (o RandomErasing) TakesChannels(n int) error { return takesFill(o.Fill, n) }

// Check returns an error for the first parameter out of range.
func (o RandomErasing) Check() error {
	limits := append(fillLimits(o.Fill), probabilityLimit(o.Probability))
	return inRange(append(limits, rectangleLimits(o.ScaleMin, o.ScaleMax, o.RatioMin, o.RatioMax)...)...)
}

// fill paints a rectangle of each image, [batch, 1] each in pixels, with a color.
func (p planes) fill(top, left, height, width *Node, color [3]float64) planes {
	hole := inside(p[0].Shape(), top, left, height, width)
	painted, values := make(planes, len(p)), fillOf(color, len(p))
	for i, c := range p {
		painted[i] = Where(hole, MulScalar(OnesLike(c), values[i]), c)
	}
	return painted
}

// fillOf returns the value of each channel of a color, which is gray where there are not three channels.
func fillOf(color [rgb]float64, channels int) []float64 {
	if channels == rgb {
		return color[:]
	}
	return slices.Repeat(color[:1], channels)
}

// takesFill returns an error when a color is none of images of a number of channels.
func takesFill(color [rgb]float64, channels int) error {
	if channels != rgb && (color[0] != color[1] || color[0] != color[2]) {
		return errors.New("fill is a color of red, green and blue: give one value three times")
	}
	return nil
}

// inside returns bool of a shape [batch, height, width]: whether a pixel lies in the rectangle of its image.
func inside(shape shapes.Shape, top, left, height, width *Node) *Node {
	in := func(axis int, start, length *Node) *Node {
		position := Iota(start.Graph(), shapes.Make(dtypes.Float32, shape.Dimensions...), axis)
		from := perPlane(start)
		return LogicalAnd(GreaterOrEqual(position, from), LessThan(position, Add(from, perPlane(length))))
	}
	return LogicalAnd(in(1, top, height), in(2, left, width))
}
