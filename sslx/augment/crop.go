package augment

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// cropAttempts is the number of random rectangles that are tried before the central one is taken (torchvision,
// RandomResizedCrop.get_params).
const cropAttempts = 10

// ResizedCrop cuts a random rectangle and resizes it to Height x Width, bilinear and antialiased: torchvision's
// RandomResizedCrop. The area of the rectangle is a uniform share of the image's between ScaleMin and ScaleMax, its
// aspect ratio is log-uniform between RatioMin and RatioMax, and its corner is uniform over the whole pixels where it
// fits. Parameters: "top", "left", "height", "width", each [batch, 1] in whole pixels.
//
// The resize is two batched products with interpolation matrices, [Height, h] and [w, Width] for each image. Its cost
// is 6·h·Width·(w + Height) operations an image.
type ResizedCrop struct {
	Height, Width      int
	ScaleMin, ScaleMax float64
	RatioMin, RatioMax float64
}

// NewResizedCrop returns the crop to size x size with torchvision's ratios, 3/4 to 4/3, and scales from scaleMin to 1.
func NewResizedCrop(size int, scaleMin float64) ResizedCrop {
	return ResizedCrop{Height: size, Width: size, ScaleMin: scaleMin, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3}
}

// Name implements [Operation].
func (c ResizedCrop) Name() string { return "resized-crop" }

// Size implements [Operation].
func (c ResizedCrop) Size(int, int) (int, int) { return c.Height, c.Width }

// Draw implements [Operation]. The first of ten random rectangles that fits is taken, and if none does the largest
// central one with the nearest allowed ratio.
func (c ResizedCrop) Draw(uniform, _ Source, height, width int) Params {
	area := MulScalar(between(uniform(cropAttempts), c.ScaleMin, c.ScaleMax), float64(height*width))
	ratio := Exp(between(uniform(cropAttempts), math.Log(c.RatioMin), math.Log(c.RatioMax)))
	w := Round(Sqrt(Mul(area, ratio)))
	h := Round(Sqrt(Div(area, ratio)))
	fits := LogicalAnd(isSide(w, width), isSide(h, height))
	first := firstTrue(fits)
	none := OneMinus(ReduceAndKeep(first, ReduceSum, -1))
	wholeHeight, wholeWidth := c.central(height, width)
	pick := func(values *Node, otherwise int) *Node {
		return Add(ReduceAndKeep(Mul(values, first), ReduceSum, -1), MulScalar(none, float64(otherwise)))
	}
	h, w = pick(h, wholeHeight), pick(w, wholeWidth)
	corner := func(free *Node) *Node { // uniform over 0 … free, both included
		random := Floor(Mul(uniform(1), OnePlus(free)))
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

// strictlyUpper returns bool [n, n] that is true where the row is above the diagonal.
func strictlyUpper(g *Graph, n int) *Node {
	shape := shapes.Make(dtypes.Int32, n, n)
	return LessThan(Iota(g, shape, 0), Iota(g, shape, 1))
}

// Apply implements [Operation].
func (c ResizedCrop) Apply(images *Node, p Params) *Node {
	dims := images.Shape().Dimensions
	batch, height, width, channels := dims[0], dims[1], dims[2], dims[3]
	rows := interpolation(p["top"], p["height"], height, c.Height)
	columns := interpolation(p["left"], p["width"], width, c.Width)
	x := Dot(rows, Reshape(images, batch, height, width*channels)).General([]int{2}, []int{0}, []int{1}, []int{0})
	x = Reshape(x, batch, c.Height, width, channels)
	x = Dot(x, columns).General([]int{2}, []int{0}, []int{2}, []int{0}) // [batch, Height, channels, Width]
	return TransposeAllAxes(x, 0, 1, 3, 2)
}

// interpolation returns [batch, to, from]: the weights with which each of `to` pixels sums the `from` pixels of an
// axis, for the range [start, start+length) of each image (both [batch, 1]). The filter is the triangle of Pillow's
// and torchvision's antialiased bilinear resize: as wide as the scale when shrinking, one pixel when enlarging, cut at
// the edges of the range, and normalised.
func interpolation(start, length *Node, from, to int) *Node {
	g := start.Graph()
	batch := start.Shape().Dimensions[0]
	shape := shapes.Make(dtypes.Float32, batch, to, from)
	spread := func(p *Node) *Node { return BroadcastToShape(InsertAxes(p, -1), shape) }
	begin, extent := spread(start), spread(length)
	scale := DivScalar(extent, float64(to))
	center := Add(begin, Mul(AddScalar(Iota(g, shape, 1), 0.5), scale))
	pixel := Iota(g, shape, 2)
	distance := Abs(Sub(AddScalar(pixel, 0.5), center))
	weights := MaxScalar(OneMinus(Div(distance, MaxScalar(scale, 1.0))), 0.0)
	inside := LogicalAnd(GreaterOrEqual(pixel, begin), LessThan(pixel, Add(begin, extent)))
	weights = Where(inside, weights, ZerosLike(weights))
	return Div(weights, ReduceAndKeep(weights, ReduceSum, -1))
}
