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

// Matrix is rows of numbers that are a stride apart.
type Matrix struct {
	X      []float32
	Stride int
}

// runs is a matrix whose rows are some runs of numbers each. The numbers of a run are a step apart, and the first
// numbers of two runs a distance.
type runs struct {
	Matrix
	step, count, distance int
}

// Panels is a matrix by its columns: the first TileColumns of all rows, a distance further the next TileColumns, and so
// on. The rows of a panel are a stride apart. In a matrix as it is, panels are TileColumns apart.
type Panels struct {
	Matrix
	Distance int
}

// Packed returns w [k, n] in panels whose rows are next to each other; n is a multiple of TileColumns.
func Packed(w []float64, k, n int) Panels {
	p := Panels{Matrix{make([]float32, 0, k*n), TileColumns}, k * TileColumns}
	for first := 0; first < n; first += TileColumns {
		for row := range k {
			for _, v := range w[row*n+first : row*n+first+TileColumns] {
				p.X = append(p.X, float32(v))
			}
		}
	}
	return p
}

// Epilogue is what happens to a product [m, n]: bias [n], and plus with the stride of the result, are added where they
// are not nil, and what is below the floor becomes the floor.
type Epilogue struct {
	bias, plus []float32
	floor      float32
}

// Plain is the Epilogue that leaves a product as it is.
var Plain = Epilogue{floor: NoFloor}

// Multiply sets c to a [m, k] times b [k, n]; m is a multiple of TileRows and n of TileColumns.
func Multiply(m, k, n int, a Matrix, b Panels, c Matrix, e Epilogue) {
	multiply(m, k, n, runs{Matrix: a, step: 1, count: 1}, b, c, e)
}

// multiplyTransposed sets c to the transpose of a [k, m] times b [k, n], for the same m and n.
func multiplyTransposed(m, k, n int, a Matrix, b Panels, c Matrix, e Epilogue) {
	multiply(m, k, n, runs{Matrix: Matrix{a.X, 1}, step: a.Stride, count: 1}, b, c, e)
}

// multiply is Multiply for rows of several runs of k numbers: a is [m, count·k] and b is [count·k, n].
func multiply(m, k, n int, a runs, b Panels, c Matrix, e Epilogue) {
	// The kernels check nothing.
	_, _ = a.X[(m-1)*a.Stride+(a.count-1)*a.distance+(k-1)*a.step], c.X[(m-1)*c.Stride+n-1]
	_ = b.X[(n/TileColumns-1)*b.Distance+(a.count*k-1)*b.Stride+TileColumns-1]
	if e.plus != nil {
		_ = e.plus[(m-1)*c.Stride+n-1]
	}

	t := tile{k: k, runs: a.count, skip: 4 * (a.distance - k*a.step), step: 4 * a.step, strideA: 4 * a.Stride,
		strideB: 4 * b.Stride, strideC: 4 * c.Stride, floor: e.floor}
	for first := 0; first < n; first += TileColumns {
		t.b = &b.X[first/TileColumns*b.Distance]
		if e.bias != nil {
			t.bias = &e.bias[first : first+TileColumns][0]
		}

		for i := 0; i < m; {
			at := i*c.Stride + first
			t.a, t.c = &a.X[i*a.Stride], &c.X[at]
			if e.plus != nil {
				t.plus = &e.plus[at]
			}
			if m-i >= 12 {
				tile12(&t)
				i += 12
			} else {
				tile4(&t)
				i += 4
			}
		}
	}
}

// sum sets to to the sum of rows [n] of x, times a factor: a product whose rows are alike, and lie on each other.
func sum(to []float32, x Matrix, rows, n int, factor float32) {
	multiply(TileRows, rows, n, runs{Matrix: Matrix{[]float32{factor}, 0}, count: 1}, Panels{x, TileColumns},
		Matrix{to, 0}, Plain)
}
