// Package toomcook has algorithms for convolutions of short rows with fewer multiplications than their definition.
package toomcook

// Algorithm computes a convolution of a row as Output·((Input·x) ∘ (Kernel·w)): as many products as there are points,
// fewer than the outputs have taps.
type Algorithm struct {
	Input  [][]float64 // [points, pixels]
	Kernel [][]float64 // [points, taps]
	Output [][]float64 // [outputs, points]
}

// points are the finite points of the interpolation, those with few taps and outputs first. With 0, ±1, ±2 the error in
// float32 is four times as large (Barabasz et al. 2020, https://arxiv.org/abs/1803.10986).
var points = []float64{0, 0.75, -0.75, 1.5, -1.5}

// New returns F(outputs, taps), which takes outputs+taps-1 pixels without padding, by interpolation at outputs+taps-2
// finite points and the point at infinity (Lavin and Gray 2016, https://arxiv.org/abs/1509.09308). There are at most
// five finite points.
func New(outputs, taps int) (f Algorithm) {
	points := points[:outputs+taps-2]

	// A row of input and of kernel for each finite point: Lagrange's interpolation.
	for i, p := range points {
		others := polynomial(points, i)
		scale := evaluate(others, p)
		kernel := make([]float64, taps)
		for k, v := range powers(p, taps) {
			kernel[k] = v / scale
		}
		f.Kernel = append(f.Kernel, kernel)
		f.Input = append(f.Input, append(others, 0))
	}

	// The point at infinity stands for the highest power.
	infinity := make([]float64, taps)
	infinity[taps-1] = 1
	f.Kernel = append(f.Kernel, infinity)
	f.Input = append(f.Input, polynomial(points, -1))

	// Output i sums the products of all points, each with its power i.
	for i := range outputs {
		row := make([]float64, len(points)+1)
		for j, p := range points {
			row[j] = powers(p, outputs)[i]
		}
		if i == outputs-1 {
			row[len(points)] = 1
		}
		f.Output = append(f.Output, row)
	}
	return f
}

// polynomial returns the coefficients, lowest power first, of Π (x - p) over the points but the one of index without.
func polynomial(points []float64, without int) []float64 {
	c := []float64{1}
	for i, p := range points {
		if i == without {
			continue
		}
		next := make([]float64, len(c)+1)
		for k, v := range c {
			next[k] -= p * v
			next[k+1] += v
		}
		c = next
	}
	return c
}

// evaluate returns the value of a polynomial at x.
func evaluate(coefficients []float64, x float64) (value float64) {
	for i, p := range powers(x, len(coefficients)) {
		value += coefficients[i] * p
	}
	return value
}

// powers returns 1, x, … x^(n-1).
func powers(x float64, n int) []float64 {
	values := make([]float64, n)
	values[0] = 1
	for i := 1; i < n; i++ {
		values[i] = values[i-1] * x
	}
	return values
}
