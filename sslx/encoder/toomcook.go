package encoder

// tileSize is the largest number of outputs of a row that are computed together.
const tileSize = 4

// bilinear computes a convolution of rows of one size as output·((input·x) ∘ (kernel·w)), with fewer products than the
// outputs have taps.
type bilinear struct {
	tiles  int         // groups of outputs
	input  [][]float64 // [points·tiles, size], the tiles of a point next to each other
	kernel [][]float64 // [points, taps]
	output [][]float64 // [size, points·tiles]
}

// points returns the number of products for one tile.
func (b bilinear) points() int { return len(b.kernel) }

// bilinear3 returns the algorithm for rows of the given size and kernels of three taps. Rows shorter than a tile have a
// tile of their own size.
func bilinear3(size int) bilinear {
	outputs := min(size, tileSize)
	return toomCook([]float64{0, 0.75, -0.75, 1.5, -1.5}[:outputs+1], outputs, 3).tiled(size)
}

// toomCook returns F(outputs, taps) for one tile, a row of outputs+taps-1 pixels without padding, from outputs+taps-2
// finite points of the interpolation and the point at infinity (Lavin and Gray 2016,
// https://arxiv.org/abs/1509.09308; Barabasz et al. 2020, https://arxiv.org/abs/1803.10986, whose advice on points
// the callers follow: with 0, ±1, ±2 the error in float32 is four times as large as with 0, ±3/4, ±3/2).
func toomCook(points []float64, outputs, taps int) (f bilinear) {
	f.tiles = 1

	// A row of input and of kernel for each finite point: Lagrange's interpolation.
	for i, p := range points {
		others := polynomial(points, i)
		scale := evaluate(others, p)
		kernel := make([]float64, taps)
		for k, v := range powers(p, taps) {
			kernel[k] = v / scale
		}
		f.kernel = append(f.kernel, kernel)
		f.input = append(f.input, append(others, 0))
	}

	// The point at infinity stands for the highest power.
	infinity := make([]float64, taps)
	infinity[taps-1] = 1
	f.kernel = append(f.kernel, infinity)
	f.input = append(f.input, polynomial(points, -1))

	// Output i sums the products of all points, each with its power i.
	for i := range outputs {
		row := make([]float64, len(points)+1)
		for j, p := range points {
			row[j] = powers(p, outputs)[i]
		}
		if i == outputs-1 {
			row[len(points)] = 1
		}
		f.output = append(f.output, row)
	}
	return f
}

// tiled returns the algorithm of a tile for rows of a size, padded with zeros so that the outputs are as many.
func (f bilinear) tiled(size int) bilinear {
	before, outputs := (len(f.kernel[0])-1)/2, len(f.output)
	b := bilinear{tiles: (size + outputs - 1) / outputs, kernel: f.kernel}

	// What a point takes of each tile. A tile reads as many pixels before its first output as the kernel has there.
	for _, coefficients := range f.input {
		for tile := range b.tiles {
			row := make([]float64, size)
			for j, v := range coefficients {
				if pixel := tile*outputs + j - before; 0 <= pixel && pixel < size {
					row[pixel] = v
				}
			}
			b.input = append(b.input, row)
		}
	}

	// Each output of the row comes from the products of its own tile.
	for i := range size {
		row := make([]float64, len(f.kernel)*b.tiles)
		for point, v := range f.output[i%outputs] {
			row[point*b.tiles+i/outputs] = v
		}
		b.output = append(b.output, row)
	}
	return b
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
