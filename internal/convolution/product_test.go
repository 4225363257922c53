package convolution

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// normal returns n random numbers.
func normal(random *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	return x
}

// TestMultiply compares products of many shapes with sums in float64, and looks at what lies around the result.
func TestMultiply(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct{ m, k, n, extra int }{
		{4, 1, 32, 0}, {8, 7, 64, 3}, {12, 36, 32, 16}, {16, 5, 96, 1}, {28, 50, 64, 8}, {36, 16, 32, 0},
	} {
		a := matrix{normal(random, c.m*(c.k+c.extra)), c.k + c.extra}
		b := Panels{matrix: matrix{normal(random, c.k*(c.n+c.extra)), c.n + c.extra}, distance: TileColumns}
		e := epilogue{normal(random, c.n), normal(random, c.m*(c.n+c.extra)), -0.5}
		for _, e := range []epilogue{plain, e, {e.bias, nil, 0}, {nil, e.plus, NoFloor}} {
			const untouched = 99
			got := matrix{make([]float32, c.m*(c.n+c.extra)), c.n + c.extra}
			for i := range got.x {
				got.x[i] = untouched
			}
			multiply(c.m, c.k, c.n, a, b, got, e)

			for at, v := range got.x {
				i, j := at/got.stride, at%got.stride
				want := float64(untouched)
				if j < c.n {
					want = product(a.x[i*a.stride:], b.x[j:], c.k, b.stride)
					if e.bias != nil {
						want += float64(e.bias[j])
					}
					if e.plus != nil {
						want += float64(e.plus[at])
					}
					want = max(want, float64(e.floor))
				}
				if math.Abs(float64(v)-want) > 1e-5 {
					t.Fatalf("%+v: element (%d, %d) is %g, want %g", c, i, j, v, want)
				}
			}
		}
	}
}

// TestMultiply_OfRuns compares rows of runs that lie apart, as patches in an image do, with the same rows copied
// together.
func TestMultiply_OfRuns(t *testing.T) {
	needKernels(t)
	const m, k, n, count, distance, stride = 16, 6, 32, 3, 41, 2
	x, w := make([]float32, (m-1)*stride+(count-1)*distance+k), make([]float32, count*k*n)
	for i := range x {
		x[i] = float32(math.Sin(float64(i)))
	}
	for i := range w {
		w[i] = float32(math.Cos(float64(i)))
	}
	var rows []float32
	for i := range m {
		for r := range count {
			rows = append(rows, x[i*stride+r*distance:][:k]...)
		}
	}

	b := Panels{matrix: matrix{w, n}, distance: TileColumns}
	got, want := matrix{make([]float32, m*n), n}, matrix{make([]float32, m*n), n}
	multiplyRuns(m, k, n, runs{matrix{x, stride}, 1, count, distance}, b, got, plain)
	multiply(m, count*k, n, matrix{rows, count * k}, b, want, plain)
	if !slices.Equal(got.x, want.x) {
		t.Errorf("the product is\n%v, want\n%v", got.x, want.x)
	}
}

// product returns the sum of k products of neighbors in a with elements of b that are a stride apart.
func product(a, b []float32, k, stride int) (sum float64) {
	for i := range k {
		sum += float64(a[i]) * float64(b[i*stride])
	}
	return sum
}

func TestMultiply_KeepsNaN(t *testing.T) {
	needKernels(t)
	a, c := make([]float32, 4), make([]float32, 4*TileColumns)
	a[1] = float32(math.NaN())
	b := Panels{matrix: matrix{make([]float32, TileColumns), TileColumns}, distance: TileColumns}
	multiply(4, 1, TileColumns, matrix{a, 1}, b, matrix{c, TileColumns}, epilogue{floor: 0})
	for i, v := range c {
		if want := i/TileColumns == 1; math.IsNaN(float64(v)) != want {
			t.Fatalf("element %d of %d columns is %g", i, TileColumns, v)
		}
	}
}

// needKernels skips a test on processors without them.
func needKernels(tb testing.TB) {
	tb.Helper()
	if !Available() {
		tb.Skip("the processor has no AVX-512")
	}
}
