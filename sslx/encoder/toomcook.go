package encoder

import "github.com/sslx-go/lab/internal/toomcook"

// tileSize is the largest number of outputs of a row that are computed together.
const tileSize = 4

// bilinear is an algorithm of toomcook for rows of one size, padded with zeros so that the outputs are as many. Its
// tiles are groups of outputs.
type bilinear struct {
	tiles  int
	input  [][]float64 // [points·tiles, size], the tiles of a point next to each other
	kernel [][]float64 // [points, taps]
	output [][]float64 // [size, points·tiles]
}

// points returns the number of products for one tile.
func (b bilinear) points() int { return len(b.kernel) }

// bilinear3 returns the algorithm for rows of the given size and kernels of three taps. Rows shorter than a tile have a
// tile of their own size.
func bilinear3(size int) bilinear {
	return tiled(toomcook.New(min(size, tileSize), 3), size)
}

// tiled returns the algorithm f of a tile for rows of a size.
func tiled(f toomcook.Algorithm, size int) bilinear {
	before, outputs := (len(f.Kernel[0])-1)/2, len(f.Output)
	b := bilinear{tiles: (size + outputs - 1) / outputs, kernel: f.Kernel}

	// What a point takes of each tile. A tile reads as many pixels before its first output as the kernel has there.
	for _, coefficients := range f.Input {
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
		row := make([]float64, len(f.Kernel)*b.tiles)
		for point, v := range f.Output[i%outputs] {
			row[point*b.tiles+i/outputs] = v
		}
		b.output = append(b.output, row)
	}
	return b
}
