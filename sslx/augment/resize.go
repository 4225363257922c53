package augment

import (
	"cmp"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
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
	if dims[1] <= height && dims[2] <= width {
		return enlarge(images, from, height, width)
	}

	rows := interpolation(from.top, from.height, dims[1], height)
	columns := interpolation(from.left, from.width, dims[2], width)
	return resample(TransposeAllAxes(numbers(images), 0, 1, 3, 2), rows, columns)
}

// enlarge is resize for images that are no larger than what they become. A pixel then lies between two rows and two
// columns of the image, where the products of resample would sum many more.
//
// Its four pixels are gathered before anything is computed, because a program's large arrays cost it more time than its
// arithmetic does, and gathered bytes are a quarter of numbers.
func enlarge(images *Node, from part, height, width int) planes {
	dims := images.Shape().Dimensions
	columns := between(from.left, from.width, dims[2], width)
	rows := between(from.top, from.height, dims[1], height)

	// Of each pixel the two rows, and of each of them the two columns.
	var corners [2][2]*Node
	x := TransposeAllAxes(images, 0, 2, 1, 3) // [batch, w, h, channels]
	for c := range columns.old {
		column := TransposeAllAxes(columns.take(x, c), 0, 2, 3, 1) // [batch, h, channels, width]
		for r := range rows.old {
			corners[r][c] = numbers(rows.take(column, r)) // [batch, height, channels, width]
		}
	}

	share := InsertAxes(columns.share, 1, 1) // [batch, 1, 1, width]
	above, below := mix(corners[0][0], corners[0][1], share), mix(corners[1][0], corners[1][1], share)
	return separate(mix(above, below, InsertAxes(rows.share, -1, -1)))
}

// mix returns the point between a and b that is the given share of the way from a.
func mix(a, b, share *Node) *Node { return Add(a, Mul(Sub(b, a), share)) }

// neighbors are the two places of an axis that each of its new places lies between.
type neighbors struct {
	old   [2]*Node // int32 [batch, to, 2]: the image and the place, of the one before and of the one after
	share *Node    // float32 [batch, to], of the one after
}

// between returns the neighbors of `to` places in the range [start, start+length), [batch, 1] in places, of an axis of
// `from` places: those that are nearest to the center of each.
func between(start, length *Node, from, to int) neighbors {
	place := Iota(start.Graph(), shapes.Make(dtypes.Float32, start.Shape().Dimensions[0], to), 1)
	center := Mul(AddScalar(place, 0.5), DivScalar(length, float64(to))) // from the start

	// Half a pixel from either end, the last pixel inside is repeated. With this between the product and the sum, no
	// compiler makes one operation of both, and all uses of the sum have the same bits.
	center = Min(MaxScalar(center, 0.5), AddScalar(length, -0.5))
	at := Add(center, AddScalar(start, -0.5))
	before := Floor(at)

	// At the last pixel of the image, the one after has no share, and any will do.
	first := ConvertDType(before, dtypes.Int32)
	second := MinScalar(AddScalar(first, 1), from-1)
	image := Iota(first.Graph(), first.Shape(), 0)
	old := func(index *Node) *Node { return Stack([]*Node{image, index}, -1) }
	return neighbors{[2]*Node{old(first), old(second)}, Sub(at, before)}
}

// take returns the neighbor before (0) or after (1) each new place of axis 1 of x.
func (n neighbors) take(x *Node, which int) *Node { return Gather(x, n.old[which]) }

// resample returns rows·plane·columnsᵀ for each channel of x [batch, h, channels, w], for all channels at once.
func resample(x *Node, rows, columns bandMatrix) planes {
	dims := x.Shape().Dimensions
	batch, h, channels, w := dims[0], dims[1], dims[2], dims[3]

	// With the channels between the axes, nothing but reshapes lies between the two products.
	x = columns.sumColumns(Reshape(x, batch, h*channels, w))    // [batch, h·channels, width]
	x = rows.sumRows(Reshape(x, batch, h, channels*columns.to)) // [batch, height, channels·width]
	return separate(Reshape(x, batch, rows.to, channels, columns.to))
}

// separate returns the planes of x [batch, height, channels, width].
func separate(x *Node) planes {
	p := make(planes, x.Shape().Dimensions[2])
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
