package augment

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("rotation", Rotation{Degrees: 30}) }

// Rotation turns an image about its center, counterclockwise, by an angle that is uniform between -Degrees and Degrees,
// bilinear, with zeros beyond the image: torchvision's rotate without expand and without fill. Parameter: "degrees"
// [batch, 1].
//
// Each pixel is gathered from four: the cost is a few nanoseconds a value, several times what a crop costs.
type Rotation struct {
	SameSize
	Degrees float64 `yaml:"degrees"`
}

// Name implements [Operation].
func (Rotation) Name() string { return "rotation" }

// Draw implements [Operation].
func (o Rotation) Draw(uniform, _ Source, _, _, _ int) Params {
	return Params{"degrees": Between(uniform(1), -o.Degrees, o.Degrees)}
}

// Apply implements [Operation].
func (o Rotation) Apply(images *Node, p Params) *Node {
	g, dims := images.Graph(), images.Shape().Dimensions
	batch, height, width := dims[0], dims[1], dims[2]
	shape := shapes.Make(dtypes.Float32, batch, height, width)
	angle := MulScalar(p["degrees"], math.Pi/180)
	cos, sin := perPlane(Cos(angle)), perPlane(Sin(angle))

	// Where each pixel of the turned image comes from: its position about the center, turned back.
	x := AddScalar(Iota(g, shape, 2), -float64(width-1)/2)
	y := AddScalar(Iota(g, shape, 1), -float64(height-1)/2)
	column := AddScalar(Sub(Mul(cos, x), Mul(sin, y)), float64(width-1)/2)
	row := AddScalar(Add(Mul(sin, x), Mul(cos, y)), float64(height-1)/2)
	return bilinear(images, row, column)
}

// Check returns an error for an angle out of range.
func (o Rotation) Check() error { return inRange(limit{"degrees", o.Degrees, 0, 180}) }

// bilinear returns the images at fractional rows and columns, [batch, h, w] each; beyond an image is zero.
func bilinear(images, row, column *Node) *Node {
	g, dims := images.Graph(), images.Shape().Dimensions
	batch, height, width, channels := dims[0], dims[1], dims[2], dims[3]

	// One row and column of zeros before the image and two after it hold the neighbors of every position.
	zeros := compute.PadAxis{Start: 1, End: 2}
	padded := Pad(images, ScalarZero(g, images.DType()), compute.PadAxis{}, zeros, zeros)
	pixels := Reshape(padded, batch*(height+3)*(width+3), channels)

	// The four pixels around a position, weighted by its distance from their rows and columns, [batch, h, w, 1] each.
	row = MinScalar(MaxScalar(row, -1.0), float64(height))
	column = MinScalar(MaxScalar(column, -1.0), float64(width))
	top, left := Floor(row), Floor(column)
	down, right := InsertAxes(Sub(row, top), -1), InsertAxes(Sub(column, left), -1)
	index := func(p *Node) *Node { return OnePlus(ConvertDType(p, dtypes.Int32)) }
	image := Iota(g, shapes.Make(dtypes.Int32, row.Shape().Dimensions...), 0)
	corner := Add(MulScalar(Add(MulScalar(image, height+3), index(top)), width+3), index(left))
	at := func(offset int) *Node { return Gather(pixels, InsertAxes(AddScalar(corner, offset), -1)) }

	above := Add(Mul(at(0), OneMinus(right)), Mul(at(1), right))
	under := Add(Mul(at(width+3), OneMinus(right)), Mul(at(width+4), right))
	return Add(Mul(above, OneMinus(down)), Mul(under, down))
}
