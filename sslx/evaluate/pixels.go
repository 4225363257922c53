package evaluate

import (
	"fmt"

	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// pooledSide is the height and width to which pixels are averaged for the probes: 768 numbers an image, about as many
// as a representation has. On all 3,072 of a 32x32 image a linear probe takes minutes a task on two cores.
const pooledSide = 16

// layerPixels names all pixels, layerPooled those that were averaged.
const layerPixels = record.LayerPixels

var layerPooled = fmt.Sprintf("%s%dx%d", record.LayerPixels, pooledSide, pooledSide)

// pixelFeatures returns the raw pixels of a group, all of them for kNN and averaged ones for the probes. Gray images, whose
// three channels are equal, have one of them: cosines are the same, and take a third of the time.
func pixelFeatures(g group, height, width int) []features {
	channels := 3
	if isGray(g.train) && isGray(g.test) {
		channels = 1
	}
	all := features{layerPixels, raw(g.train, channels), raw(g.test, channels)}
	return []features{all, {layerPooled, pool(all.train, height, width, channels, pooledSide),
		pool(all.test, height, width, channels, pooledSide)}}
}

func isGray(p part) bool {
	for i := 0; i < len(p.pixels); i += 3 {
		if p.pixels[i] != p.pixels[i+1] || p.pixels[i] != p.pixels[i+2] {
			return false
		}
	}
	return true
}

// raw returns the first channels of the pixels of a split, in [0, 1].
func raw(p part, channels int) probe.Features {
	x := make([]float32, 0, len(p.pixels)/3*channels)
	for i := 0; i < len(p.pixels); i += 3 {
		for _, v := range p.pixels[i : i+channels] {
			x = append(x, float32(v)/255)
		}
	}
	return probe.Features{N: p.n, D: len(x) / p.n, X: x}
}

// pool averages images of the given size and channels to at most side x side blocks, each of as many whole pixels as fit.
func pool(f probe.Features, height, width, channels, side int) probe.Features {
	rows, columns := min(side, height), min(side, width)
	blockHeight, blockWidth := height/rows, width/columns
	scale := 1 / float32(blockHeight*blockWidth)
	p := probe.Features{N: f.N, D: rows * columns * channels, X: make([]float32, f.N*rows*columns*channels)}
	for i := range f.N {
		from, to := f.Row(i), p.Row(i)
		for y := range rows * blockHeight {
			for x := range columns * blockWidth {
				for c := range channels {
					to[(y/blockHeight*columns+x/blockWidth)*channels+c] += scale * from[(y*width+x)*channels+c]
				}
			}
		}
	}
	return p
}
