package encoder

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// denseSide is the largest side of a map whose rows and columns are transformed by one matrix.
const denseSide = 8

// winograd is the 3x3 convolution of stride 1 by minimal filtering (Lavin and Gray 2016,
// https://arxiv.org/abs/1509.09308) with tiles of up to 4x4 outputs, which takes a quarter of the multiplications of
// its definition. x is [height, width, batch, in], the kernel [3, 3, in, channels].
//
// Transforms and products are all matrix products, so that the gradients are too: XLA's CPU has fast ones, and a slow
// gradient of a convolution to its kernel. In float32 values and gradients are within 4e-6 of their largest magnitude.
func winograd(x, kernel *Node) *Node {
	dims := x.Shape().Dimensions
	height, width, batch, in := dims[0], dims[1], dims[2], dims[3]
	channels := kernel.Shape().Dimensions[3]
	rows, columns := bilinear3(height), bilinear3(width)
	tiles, products := rows.tiles*columns.tiles, rows.points()*columns.points()

	// What each product takes of the maps, of all tiles.
	v := spread(Reshape(x, height, width, batch*in), rows, columns)
	v = merge(Reshape(v, products, tiles, batch, in), 1) // [products, tiles·batch, in]

	// What it takes of the kernel: [products, in·channels].
	u := Dot(constant(x, pairs(rows.kernel, columns.kernel, 1, 1)), Reshape(kernel, 9, in*channels)).Product()

	// The products themselves, a matrix product each: [products, tiles·batch, channels].
	m := Dot(v, Reshape(u, products, in, channels)).General([]int{v.Rank() - 1}, []int{0}, []int{1}, []int{0})

	y := gather(Reshape(m, products, tiles, batch*channels), rows, columns)
	return Reshape(y, height, width, batch, channels)
}

// spread returns [products, tiles, rest], what the products take of maps x [height, width, rest].
func spread(x *Node, rows, columns bilinear) *Node {
	dims := x.Shape().Dimensions
	tiles, products := rows.tiles*columns.tiles, rows.points()*columns.points()
	if isDense(rows, columns) {
		matrix := constant(x, pairs(rows.input, columns.input, rows.tiles, columns.tiles))
		return Reshape(Dot(matrix, Reshape(x, -1, dims[2])).Product(), products, tiles, dims[2])
	}

	x = along(constant(x, rows.input), constant(x, columns.input), x) // [points·tiles of rows, of columns, rest]
	x = Reshape(x, rows.points(), rows.tiles, columns.points(), columns.tiles, dims[2])
	return Reshape(TransposeAllAxes(x, 0, 2, 1, 3, 4), products, tiles, dims[2])
}

// gather returns the maps [height, width, rest] that products m [products, tiles, rest] add up to.
func gather(m *Node, rows, columns bilinear) *Node {
	rest := m.Shape().Dimensions[2]
	height, width := len(rows.output), len(columns.output)
	if isDense(rows, columns) {
		matrix := constant(m, pairs(transposed(rows.output), transposed(columns.output), rows.tiles, columns.tiles))
		y := Dot(matrix, Reshape(m, -1, rest)).EinsumAxes([][2]int{{0, 0}}, nil)
		return Reshape(y, height, width, rest)
	}

	// The tiles go next to the points of their axis, as the columns of output want them.
	m = Reshape(m, rows.points(), columns.points(), rows.tiles, columns.tiles, rest)
	m = Reshape(TransposeAllAxes(m, 0, 2, 1, 3, 4), rows.points()*rows.tiles, columns.points()*columns.tiles, rest)
	return along(constant(m, rows.output), constant(m, columns.output), m)
}

// isDense reports whether one matrix transforms rows and columns together, which is faster on small maps.
func isDense(rows, columns bilinear) bool {
	return len(rows.input[0]) <= denseSide && len(columns.input[0]) <= denseSide
}

// along multiplies the first axis of x [a, b, rest] by rows [p, a] and the second by columns [q, b].
func along(rows, columns, x *Node) *Node {
	dims := x.Shape().Dimensions
	p, q := rows.Shape().Dimensions[0], columns.Shape().Dimensions[0]

	x = Reshape(Dot(rows, merge(x, 1)).General([]int{1}, nil, []int{0}, nil), p, dims[1], dims[2]) // [p, b, rest]
	columns = BroadcastToDims(Reshape(columns, 1, q, dims[1]), p, q, dims[1])
	return Dot(columns, x).General([]int{2}, []int{0}, []int{1}, []int{0})
}

// merge makes one axis of the given one and the next, which holds the batch: products of matrices are faster so.
// Devices that share the batch keep both: they would exchange the maps, and each compute all of them.
func merge(x *Node, axis int) *Node {
	if x.Graph().NumDevices() > 1 {
		return x
	}
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] *= dims[axis+1]
	return Reshape(x, slices.Delete(dims, axis+1, axis+2)...)
}

// pairs returns the matrix that transforms rows by a and columns by b, [pointsA·pointsB·tilesA·tilesB, widthA·widthB],
// for a [pointsA·tilesA, widthA] and b likewise.
func pairs(a, b [][]float64, tilesA, tilesB int) [][]float64 {
	var matrix [][]float64
	for i := range len(a) / tilesA {
		for j := range len(b) / tilesB {
			for _, u := range a[i*tilesA : (i+1)*tilesA] {
				for _, v := range b[j*tilesB : (j+1)*tilesB] {
					matrix = append(matrix, outer(u, v))
				}
			}
		}
	}
	return matrix
}

// outer returns the products of all elements of u with all of v, in the order of the elements of u.
func outer(u, v []float64) []float64 {
	products := make([]float64, 0, len(u)*len(v))
	for _, a := range u {
		for _, b := range v {
			products = append(products, a*b)
		}
	}
	return products
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for j := range t {
		for i := range m {
			t[j] = append(t[j], m[i][j])
		}
	}
	return t
}

// constant returns a matrix with the type of x.
func constant(x *Node, matrix [][]float64) *Node {
	return ConvertDType(Const(x.Graph(), matrix), x.DType())
}
