package sslx

import (
	"fmt"

	"github.com/sslx-go/lab/sslx/evaluate"
)

// pooledSide is the height and width to which pixels are averaged for the probes: 768 numbers an image, about as many
// as a representation has. On all 3,072 of a 32x32 image a linear probe takes minutes a task on two cores.
const pooledSide = 16

// layerPixels names all pixels, layerPooled those that were averaged.
const layerPixels = "pixels"

var layerPooled = fmt.Sprintf("pixels%dx%d", pooledSide, pooledSide)

// pixelFeatures returns the raw pixels of a group, all of them for kNN and averaged ones for the probes.
func pixelFeatures(g group, height, width int) []features {
	all := features{layerPixels, raw(g.train), raw(g.test)}
	return []features{all, {layerPooled, pool(all.train, height, width, pooledSide),
		pool(all.test, height, width, pooledSide)}}
}

// raw returns the pixels of a split in [0, 1].
func raw(p part) evaluate.Features {
	x := make([]float32, len(p.pixels))
	for i, v := range p.pixels {
		x[i] = float32(v) / 255
	}
	return evaluate.Features{N: p.n, D: len(p.pixels) / p.n, X: x}
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
