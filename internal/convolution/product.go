package convolution

import "math"

// TileColumns is the number of columns of a tile. The number of rows of a product is a multiple of TileRows.
const TileColumns, TileRows = 32, 4

// tile is what the kernels compute at once, 12 or 4 rows of TileColumns: c = max(bias + a·b + plus, floor). Bias and
// plus may be nil. Strides are the bytes between rows; plus has the stride of c. A row of a is runs of k numbers that
// are a step of bytes apart, with as many bytes to skip between them.
type tile struct {
	k, runs, skip, step       int
	a, b, c, bias, plus       *float32
	strideA, strideB, strideC int
	floor                     float32
}

// NoFloor is a floor that changes nothing. That of ReLU is 0.
var NoFloor = float32(math.Inf(-1))

// matrix is rows of numbers that are a stride apart.
type matrix struct {
	x      []float32
	stride int
}

// runs is a matrix whose rows are some runs of numbers each. The numbers of a run are a step apart, and the first
// numbers of two runs a distance.
type runs struct {
	matrix
	step, count, distance int
}

// Panels is a matrix by its columns: the first TileColumns of all rows, a distance further the next TileColumns, and so
// on. The rows of a panel are a stride apart. In a matrix as it is, panels are TileColumns apart.
type Panels struct {
	matrix
	distance int

	// Each element is a pair of numbers in bfloat16, of a row and the next one. So are those of what it is multiplied
	// with: a product has half as many elements to sum. Sums are float32.
	pairs bool
}

// Packed returns w [k, n] in panels whose rows are next to each other; n is a multiple of TileColumns.
func Packed(w []float64, k, n int) Panels {
	p := Panels{matrix: matrix{make([]float32, 0, k*n), TileColumns}, distance: k * TileColumns}
	for first := 0; first < n; first += TileColumns {
		for row := range k {
			for _, v := range w[row*n+first : row*n+first+TileColumns] {
				p.x = append(p.x, float32(v))
			}
		}
	}
	return p
}

// epilogue is what happens to a product [m, n]: bias [n], and plus with the stride of the result, are added where they
// are not nil, and what is below the floor becomes the floor.
type epilogue struct {
	bias, plus []float32
	floor      float32
}

// plain is the epilogue that leaves a product as it is.
var plain = epilogue{floor: NoFloor}

// multiply sets c to a [m, k] times b [k, n]; m is a multiple of TileRows and n of TileColumns.
func multiply(m, k, n int, a matrix, b Panels, c matrix, e epilogue) {
	multiplyRuns(m, k, n, runs{matrix: a, step: 1, count: 1}, b, c, e)
}

// multiplyTransposed sets c to the transpose of a [k, m] times b [k, n], for the same m and n.
func multiplyTransposed(m, k, n int, a matrix, b Panels, c matrix, e epilogue) {
	multiplyRuns(m, k, n, runs{matrix: matrix{a.x, 1}, step: a.stride, count: 1}, b, c, e)
}

// multiplyRuns is multiply for rows of several runs of k numbers: a is [m, count·k] and b is [count·k, n].
func multiplyRuns(m, k, n int, a runs, b Panels, c matrix, e epilogue) {
	// The kernels check nothing.
	_, _ = a.x[(m-1)*a.stride+(a.count-1)*a.distance+(k-1)*a.step], c.x[(m-1)*c.stride+n-1]
	_ = b.x[(n/TileColumns-1)*b.distance+(a.count*k-1)*b.stride+TileColumns-1]
	if e.plus != nil {
		_ = e.plus[(m-1)*c.stride+n-1]
	}

	twelve, four := tile12, tile4
	if b.pairs {
		twelve, four = pairs12, pairs4
	}
	t := tile{k: k, runs: a.count, skip: 4 * (a.distance - k*a.step), step: 4 * a.step, strideA: 4 * a.stride,
		strideB: 4 * b.stride, strideC: 4 * c.stride, floor: e.floor}
	for first := 0; first < n; first += TileColumns {
		t.b = &b.x[first/TileColumns*b.distance]
		if e.bias != nil {
			t.bias = &e.bias[first : first+TileColumns][0]
		}

		for i := 0; i < m; {
			at := i*c.stride + first
			t.a, t.c = &a.x[i*a.stride], &c.x[at]
			if e.plus != nil {
				t.plus = &e.plus[at]
			}
			if m-i >= 12 {
				twelve(&t)
				i += 12
			} else {
				four(&t)
				i += 4
			}
		}
	}
}

// sum sets to to the sum of rows [n] of x, times a factor: a product whose rows are alike, and lie on each other.
func sum(to []float32, x matrix, rows, n int, factor float32) {
	multiplyRuns(TileRows, rows, n, runs{matrix: matrix{[]float32{factor}, 0}, count: 1},
		Panels{matrix: x, distance: TileColumns}, matrix{to, 0}, plain)
}
