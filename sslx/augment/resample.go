package augment

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// part is a rectangle of each image, [batch, 1] each, in pixels.
type part struct{ top, left, height, width *Node }

// resize returns a rectangle of the images, resized to height x width, as planes.
func resize(images *Node, from part, height, width int) planes {
	dims := images.Shape().Dimensions
	rows := interpolation(from.top, from.height, dims[1], height)
	columns := interpolation(from.left, from.width, dims[2], width)
	return resample(TransposeAllAxes(images, 0, 1, 3, 2), rows, columns)
}

// resample returns rows·plane·columnsᵀ for each channel of x [batch, h, 3, w], for all channels at once.
func resample(x *Node, rows, columns banded) (p planes) {
	dims := x.Shape().Dimensions
	batch, h, channels, w := dims[0], dims[1], dims[2], dims[3]
	x = columns.columns(Reshape(x, batch, h*channels, w))
	x = rows.rows(Reshape(x, batch, h, channels*columns.to))
	x = Reshape(x, batch, rows.to, channels, columns.to)
	for i := range p {
		p[i] = Squeeze(SliceAxis(x, 2, AxisElem(i)), 2)
	}
	return p
}

// interpolation returns the weights [to, from] with which each of `to` pixels sums the `from` pixels of an axis, for
// the range [start, start+length) of each image (both [batch, 1]). The filter is the triangle of Pillow's and
// torchvision's antialiased bilinear resize: as wide as the scale when shrinking, one pixel when enlarging, cut at the
// edges of the range, and normalised.
func interpolation(start, length *Node, from, to int) banded {
	scale := DivScalar(length, float64(to))
	width := MaxScalar(scale, 1.0) // of the filter, to either side
	center := func(row, start, scale *Node) *Node { return Add(start, Mul(AddScalar(row, 0.5), scale)) }
	most := max(1, float64(from)/float64(to))
	l := lay(start.Shape().Dimensions[0], to, from,
		func(rows int) int { return int(math.Ceil(float64(rows+1)*most)) + 2 },
		func(row *Node) *Node { return Sub(center(row, start, scale), width) }, start.Graph())
	spread := func(p *Node) *Node { return BroadcastToShape(InsertAxes(p, -1, -1), l.row.Shape()) }
	begin := spread(start)
	distance := Abs(Sub(AddScalar(l.column, 0.5), center(l.row, begin, spread(scale))))
	weights := MaxScalar(OneMinus(Div(distance, spread(width))), 0.0)
	inside := LogicalAnd(GreaterOrEqual(l.column, begin), LessThan(l.column, Add(begin, spread(length))))
	weights = Where(inside, weights, ZerosLike(weights))
	l.weights = Div(weights, ReduceAndKeep(weights, ReduceSum, -1))
	return l.banded
}

// all returns [batch, 1] with one number for every image of images.
func all(images *Node, value int) *Node {
	return BroadcastToDims(Scalar(images.Graph(), dtypes.Float32, value), images.Shape().Dimensions[0], 1)
}
