package augment

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// bandMatrix is a matrix [to, from] for each image that sums neighboring pixels of an axis. A large one is kept as
// blocks of rows, each with the columns that it reaches: a block of 32 rows reaches 36 of 224 pixels in a crop, so that
// a product costs a sixth.
type bandMatrix struct {
	to      int
	blocks  int
	first   *Node // int32 [batch, blocks], the first column of each block; nil for one block of all columns
	weights *Node // [batch, blocks, rows, columns]
}

// Axes of at least bandedFrom pixels are cut into blocks of bandedRows rows; measured on XLA's CPU backend.
const (
	bandedFrom = 128
	bandedRows = 32
)

// bandLayout says which row and which column of a band matrix each of its weights belongs to.
type bandLayout struct {
	bandMatrix
	row, column *Node // float32 [batch, blocks, rows, columns]
}

// newBandLayout returns the layout of a matrix [to, from]. A block of n rows reaches at most reach(n) columns; first
// returns the first column that a block reaches for its first row, both [batch, blocks].
func newBandLayout(batch, to, from int, reach func(rows int) int, first func(row *Node) *Node, g *Graph) bandLayout {
	if columns := reach(bandedRows); to >= bandedFrom && 2*columns <= from {
		return layOut(batch, to, from, bandedRows, columns, first, g)
	}
	return layOut(batch, to, from, to, from, nil, g)
}

// layOut returns the layout with blocks of rows x columns, or with one block of all when first is nil.
func layOut(batch, to, from, rows, columns int, first func(row *Node) *Node, g *Graph) bandLayout {
	l := bandLayout{bandMatrix: bandMatrix{to: to, blocks: (to + rows - 1) / rows}}
	shape := shapes.Make(dtypes.Float32, batch, l.blocks, rows, columns)
	l.row, l.column = Iota(g, shape, 2), Iota(g, shape, 3)
	if first == nil {
		return l
	}

	// Rows are counted from the top of the matrix, columns from the first of the block, which must not end outside.
	l.row = Add(l.row, MulScalar(Iota(g, shape, 1), float64(rows)))
	block := MulScalar(Iota(g, shapes.Make(dtypes.Float32, batch, l.blocks), 1), float64(rows)) // its first row
	start := MinScalar(MaxScalar(Floor(first(block)), 0.0), float64(from-columns))              // [batch, blocks]
	l.first = ConvertDType(start, dtypes.Int32)
	l.column = Add(l.column, InsertAxes(start, -1, -1))
	return l
}

// sumRows returns the product with x [batch, from, n]: [batch, to, n].
func (m bandMatrix) sumRows(x *Node) *Node {
	dims := x.Shape().Dimensions
	batch, n := dims[0], dims[2]
	if m.first == nil {
		return Dot(Squeeze(m.weights, 1), x).General([]int{2}, []int{0}, []int{1}, []int{0})
	}

	// Each block gets the rows of x that its columns reach.
	columns := m.weights.Shape().Dimensions[3]
	reached := GatherSlices(x, []int{0, 1}, m.starts(), []int{1, columns}, false)
	reached = Reshape(reached, batch, m.blocks, columns, n)

	y := Dot(m.weights, reached).General([]int{3}, []int{0, 1}, []int{2}, []int{0, 1}) // [batch, blocks, rows, n]
	y = Reshape(y, batch, -1, n)
	return SliceAxis(y, 1, AxisRange(0, m.to)) // the last block may reach further
}

// sumColumns returns the product of x [batch, n, from] with the transposed matrix: [batch, n, to].
func (m bandMatrix) sumColumns(x *Node) *Node {
	dims := x.Shape().Dimensions
	batch, n := dims[0], dims[1]
	if m.first == nil {
		return Dot(x, Squeeze(m.weights, 1)).General([]int{2}, []int{0}, []int{2}, []int{0})
	}

	// Each block gets the columns of x that its own columns reach.
	columns := m.weights.Shape().Dimensions[3]
	reached := GatherSlices(x, []int{0, 2}, m.starts(), []int{1, columns}, false)
	reached = Reshape(reached, batch, m.blocks, n, columns)

	y := Dot(reached, m.weights).General([]int{3}, []int{0, 1}, []int{3}, []int{0, 1}) // [batch, blocks, n, rows]
	y = Reshape(TransposeAllAxes(y, 0, 2, 1, 3), batch, n, -1)
	return SliceAxis(y, 2, AxisRange(0, m.to)) // the last block may reach further
}

// starts returns int32 [batch, blocks, 2]: the image and the first column of each block.
func (m bandMatrix) starts() *Node {
	image := Iota(m.first.Graph(), m.first.Shape(), 0)
	return Concatenate([]*Node{InsertAxes(image, -1), InsertAxes(m.first, -1)}, -1)
}
