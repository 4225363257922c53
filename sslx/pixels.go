package sslx

import (
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/evaluate"
)

// raw returns the pixels of a split in [0, 1].
func raw(s *dataset.Split) evaluate.Features {
	x := make([]float32, len(s.Pixels))
	for i, v := range s.Pixels {
		x[i] = float32(v) / 255
	}
	return evaluate.Features{N: s.N, D: len(s.Pixels) / s.N, X: x}
}

// pool averages images of the given size to at most side x side blocks, each of as many whole pixels as fit.
func pool(f evaluate.Features, height, width, side int) evaluate.Features {
	rows, columns := min(side, height), min(side, width)
	blockHeight, blockWidth := height/rows, width/columns
	scale := 1 / float32(blockHeight*blockWidth)
	p := evaluate.Features{N: f.N, D: rows * columns * 3, X: make([]float32, f.N*rows*columns*3)}
	for i := range f.N {
		from, to := f.Row(i), p.Row(i)
		for y := range rows * blockHeight {
			for x := range columns * blockWidth {
				for c := range 3 {
					to[(y/blockHeight*columns+x/blockWidth)*3+c] += scale * from[(y*width+x)*3+c]
				}
			}
		}
	}
	return p
}
