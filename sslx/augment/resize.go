package augment

import (
	"cmp"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("resize", Resize{}) }

// Resize brings an image to Height x Width, bilinear and antialiased (torchvision's Resize to a height and a width). A
// Height or Width of 0 keeps the image's. It draws nothing. It costs as much as [ResizedCrop].
type Resize struct {
	NoDraw
	Height int `yaml:"height"`
	Width  int `yaml:"width"`
}

// Name implements [Operation].
func (Resize) Name() string { return "resize" }

// Size implements [Operation].
func (o Resize) Size(height, width int) (int, int) {
	return cmp.Or(o.Height, height), cmp.Or(o.Width, width)
}

// Apply implements [Operation].
func (o Resize) Apply(images *Node, p Params) *Node { return o.cut(images, p).join() }

func (o Resize) cut(images *Node, _ Params) planes {
	dims := images.Shape().Dimensions
	height, width := sizeAfter(o, images)
	zero := all(images, 0)
	return resize(images, part{zero, zero, all(images, dims[1]), all(images, dims[2])}, height, width)
}

// Check returns an error for the first parameter out of range.
func (o Resize) Check() error {
	return inRange(sideLimit("height", o.Height), sideLimit("width", o.Width))
}

// sizeAfter returns the size of the images that an operation makes of images.
func sizeAfter(op Operation, images *Node) (height, width int) {
	dims := images.Shape().Dimensions
	return op.Size(dims[1], dims[2])
}

// all returns [batch, 1] with one number for every image of images.
func all(images *Node, value int) *Node {
	return BroadcastToDims(Scalar(images.Graph(), dtypes.Float32, value), images.Shape().Dimensions[0], 1)
}

// part is a rectangle of each image, [batch, 1] each, in pixels.
type part struct{ top, left, height, width *Node }

// resize returns a rectangle of the images, resized to height x width, as planes.
func resize(images *Node, from part, height, width int) planes {
	dims := images.Shape().Dimensions
	rows := interpolation(from.top, from.height, dims[1], height)
	columns := interpolation(from.left, from.width, dims[2], width)
	return resample(TransposeAllAxes(images, 0, 1, 3, 2), rows, columns)
}

// resample returns rows·plane·columnsᵀ for each channel of x [batch, h, channels, w], for all channels at once.
func resample(x *Node, rows, columns bandMatrix) planes {
	dims := x.Shape().Dimensions
	batch, h, channels, w := dims[0], dims[1], dims[2], dims[3]

	// With the channels between the axes, nothing but reshapes lies between the two products.
	x = columns.sumColumns(Reshape(x, batch, h*channels, w))    // [batch, h·channels, width]
	x = rows.sumRows(Reshape(x, batch, h, channels*columns.to)) // [batch, height, channels·width]

	x = Reshape(x, batch, rows.to, channels, columns.to)
	p := make(planes, channels)
	for i := range p {
		p[i] = Squeeze(SliceAxis(x, 2, AxisElem(i)), 2) // [batch, height, width]
	}
	return p
}

// interpolation returns the weights [to, from] with which each of `to` pixels sums the `from` pixels of an axis, for
// the range [start, start+length) of each image (both [batch, 1]). The filter is the triangle of Pillow's and
// torchvision's antialiased bilinear resize: as wide as the scale when shrinking, one pixel when enlarging, cut at the
// edges of the range, and normalized.
func interpolation(start, length *Node, from, to int) bandMatrix {
	scale := DivScalar(length, float64(to))
	width := MaxScalar(scale, 1.0) // of the filter, to either side
	center := func(row, start, scale *Node) *Node { return Add(start, Mul(AddScalar(row, 0.5), scale)) }

	// A row reaches the pixels within the filter's width of its center; no image has a larger scale than the whole
	// axis.
	most := max(1, float64(from)/float64(to))
	l := newBandLayout(start.Shape().Dimensions[0], to, from,
		func(rows int) int { return int(math.Ceil(float64(rows+1)*most)) + 2 },
		func(row *Node) *Node { return Sub(center(row, start, scale), width) }, start.Graph())

	// The triangle falls from 1 at the center to 0 at the filter's width, [batch, blocks, rows, columns].
	spread := func(p *Node) *Node { return BroadcastToShape(InsertAxes(p, -1, -1), l.row.Shape()) }
	begin := spread(start)
	distance := Abs(Sub(AddScalar(l.column, 0.5), center(l.row, begin, spread(scale))))
	weights := MaxScalar(OneMinus(Div(distance, spread(width))), 0.0)

	// Pixels outside of the range have no weight, and the weights of a row sum to 1.
	inside := LogicalAnd(GreaterOrEqual(l.column, begin), LessThan(l.column, Add(begin, spread(length))))
	weights = Where(inside, weights, ZerosLike(weights))
	l.weights = Div(weights, ReduceAndKeep(weights, ReduceSum, -1))
	return l.bandMatrix
}
