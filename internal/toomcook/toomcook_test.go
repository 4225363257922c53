package toomcook

import (
	"math"
	"testing"
)

// TestNew compares the algorithms with the definition of a convolution, for pixels and taps without symmetry.
func TestNew(t *testing.T) {
	for _, c := range []struct{ outputs, taps int }{{2, 3}, {4, 3}, {3, 2}, {1, 1}} {
		f := New(c.outputs, c.taps)
		if points := c.outputs + c.taps - 1; len(f.Input) != points || len(f.Kernel) != points {
			t.Fatalf("%+v: %d and %d products, want %d", c, len(f.Input), len(f.Kernel), points)
		}
		x, w := make([]float64, c.outputs+c.taps-1), make([]float64, c.taps)
		for i := range x {
			x[i] = math.Sin(float64(3*i + 1))
		}
		for i := range w {
			w[i] = math.Cos(float64(2*i + 1))
		}

		for i, row := range f.Output {
			var got, want float64
			for p, coefficient := range row {
				got += coefficient * dot(f.Input[p], x) * dot(f.Kernel[p], w)
			}
			for k, v := range w {
				want += v * x[i+k]
			}
			if !(math.Abs(got-want) <= 1e-12) {
				t.Errorf("%+v: output %d is %g, want %g", c, i, got, want)
			}
		}
	}
}

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
