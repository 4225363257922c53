package augment

import (
	"cmp"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// rectangleAttempts is the number of random rectangles that are tried before the fallback (torchvision,
// RandomResizedCrop.get_params and RandomErasing.make_params).
const rectangleAttempts = 10

func init() { Register("resized-crop", NewResizedCrop(0, 0.08)) }

// ResizedCrop cuts a random rectangle and resizes it to Height x Width, bilinear and antialiased: torchvision's
// RandomResizedCrop. A Height or Width of 0 keeps the image's. The area of the rectangle is a uniform share of the
// image's between ScaleMin and ScaleMax, its aspect ratio is log-uniform between RatioMin and RatioMax, and its corner
// is uniform over the whole pixels where it fits. Parameters: "top", "left", "height", "width", each [batch, 1] in
// whole pixels.
//
// Where no side of an image is above Height or Width, its cost is that of its pixels. Otherwise the resize is two
// batched products with interpolation matrices, [w, Width] and [Height, h] for each image: 6·h·Width·(w + Height)
// operations an image.
type ResizedCrop struct {
	Height   int     `yaml:"height"`
	Width    int     `yaml:"width"`
	ScaleMin float64 `yaml:"scale_min"`
	ScaleMax float64 `yaml:"scale_max"`
	RatioMin float64 `yaml:"ratio_min"`
	RatioMax float64 `yaml:"ratio_max"`
}

// NewResizedCrop returns the crop to size x size with torchvision's ratios, 3/4 to 4/3, and scales from scaleMin to 1.
func NewResizedCrop(size int, scaleMin float64) ResizedCrop {
	return ResizedCrop{Height: size, Width: size, ScaleMin: scaleMin, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3}
}

// Name implements [Operation].
func (c ResizedCrop) Name() string { return "resized-crop" }

// Size implements [Operation].
func (c ResizedCrop) Size(height, width int) (int, int) {
	return cmp.Or(c.Height, height), cmp.Or(c.Width, width)
}

// Draw implements [Operation]. The first of ten random rectangles that fits is taken, and if none does the largest
// central one with the nearest allowed ratio.
func (c ResizedCrop) Draw(uniform, _ Source, height, width, _ int) Params {
	// Ten random rectangles in whole pixels, [batch, 10].
	area := MulScalar(Between(uniform(rectangleAttempts), c.ScaleMin, c.ScaleMax), float64(height*width))
	ratio := Exp(Between(uniform(rectangleAttempts), math.Log(c.RatioMin), math.Log(c.RatioMax)))
	w := Round(Sqrt(Mul(area, ratio)))
	h := Round(Sqrt(Div(area, ratio)))

	// The first that fits, [batch, 1]; none is 1 where there is no such rectangle.
	first := firstTrue(LogicalAnd(isSide(w, width), isSide(h, height)))
	none := OneMinus(ReduceAndKeep(first, ReduceSum, -1))
	wholeHeight, wholeWidth := c.central(height, width)
	h = Add(pick(h, first), MulScalar(none, float64(wholeHeight)))
	w = Add(pick(w, first), MulScalar(none, float64(wholeWidth)))

	// A random corner, or half of the free space on either side of the central rectangle.
	corner := func(free *Node) *Node {
		random := whole(uniform(1), free)
		return Add(Mul(random, OneMinus(none)), Mul(Floor(MulScalar(free, 0.5)), none))
	}
	top := corner(AddScalar(Neg(h), float64(height)))
	left := corner(AddScalar(Neg(w), float64(width)))

	return Params{"top": top, "left": left, "height": h, "width": w}
}

// isSide reports whether a side of a rectangle, in whole pixels, is above 0 and at most the image's.
func isSide(side *Node, most int) *Node {
	return LogicalAnd(IsPositive(side), LessOrEqual(side, Scalar(side.Graph(), side.DType(), most)))
}

// central returns the size of the largest rectangle whose ratio is allowed.
func (c ResizedCrop) central(height, width int) (h, w int) {
	switch ratio := float64(width) / float64(height); {
	case ratio < c.RatioMin:
		return int(math.Round(float64(width) / c.RatioMin)), width
	case ratio > c.RatioMax:
		return height, int(math.Round(float64(height) * c.RatioMax))
	}
	return height, width
}

// firstTrue returns float32 of the shape of mask [batch, n] with a one at the first true of each row.
func firstTrue(mask *Node) *Node {
	ones := ConvertDType(mask, dtypes.Float32)
	n := mask.Shape().Dimensions[1]
	before := Dot(ones, ConvertDType(strictlyUpper(mask.Graph(), n), dtypes.Float32)).Product()
	return Where(Equal(before, ZerosLike(before)), ones, ZerosLike(ones))
}

// pick returns [batch, 1]: the value of each row of values [batch, n] where first has its one, 0 where it has none.
func pick(values, first *Node) *Node { return ReduceAndKeep(Mul(values, first), ReduceSum, -1) }

// whole maps a draw u in [0, 1) to the whole numbers 0 … last, both included, for last [batch, 1].
func whole(u, last *Node) *Node { return Floor(Mul(u, OnePlus(last))) }

// strictlyUpper returns bool [n, n] that is true where the row is above the diagonal.
func strictlyUpper(g *Graph, n int) *Node {
	shape := shapes.Make(dtypes.Int32, n, n)
	return LessThan(Iota(g, shape, 0), Iota(g, shape, 1))
}

// Apply implements [Operation].
func (c ResizedCrop) Apply(images *Node, p Params) *Node { return c.cut(images, p).join() }

func (c ResizedCrop) cut(images *Node, p Params) planes {
	height, width := sizeAfter(c, images)
	return resize(images, part{p["top"], p["left"], p["height"], p["width"]}, height, width)
}

// Check returns an error for the first parameter out of range.
func (c ResizedCrop) Check() error {
	limits := rectangleLimits(c.ScaleMin, c.ScaleMax, c.RatioMin, c.RatioMax)
	return inRange(append(limits, sideLimit("height", c.Height), sideLimit("width", c.Width))...)
}
