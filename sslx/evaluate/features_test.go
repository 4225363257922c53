package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
)

// naivePool averages block by block.
func naivePool(image []float32, width, rows, columns, blockHeight, blockWidth int) (means []float64) {
	for row := range rows {
		for column := range columns {
			for channel := range 3 {
				var sum float64
				for y := row * blockHeight; y < (row+1)*blockHeight; y++ {
					for x := column * blockWidth; x < (column+1)*blockWidth; x++ {
						sum += float64(image[(y*width+x)*3+channel])
					}
				}
				means = append(means, sum/float64(blockHeight*blockWidth))
			}
		}
	}
	return means
}

func TestPool_IsTheMeanOfEachBlock(t *testing.T) {
	for _, c := range []struct{ height, width, side, rows, columns, blockHeight, blockWidth int }{
		{32, 32, 16, 16, 16, 2, 2},
		{8, 8, 16, 8, 8, 1, 1},     // already small
		{40, 33, 16, 16, 16, 2, 2}, // what is left of the last rows and columns is cut off
		{12, 6, 3, 3, 3, 4, 2},
	} {
		const n = 3
		f := probe.Features{N: n, D: c.height * c.width * 3, X: make([]float32, n*c.height*c.width*3)}
		for i := range f.X {
			f.X[i] = float32(i*7919%1009) / 1009
		}
		p := pool(f, c.height, c.width, 3, c.side)
		if p.N != n || p.D != c.rows*c.columns*3 || len(p.X) != n*p.D {
			t.Fatalf("%+v: %d features of %d", c, p.N, p.D)
		}
		for i := range n {
			for j, want := range naivePool(f.Row(i), c.width, c.rows, c.columns, c.blockHeight, c.blockWidth) {
				if got := float64(p.Row(i)[j]); math.Abs(got-want) > 1e-6 {
					t.Fatalf("%+v: element %d of image %d is %v, want %v", c, j, i, got, want)
				}
			}
		}
	}
}

func TestRawPixels_AreInZeroToOne(t *testing.T) {
	f := rawPixels(dataset.Images{N: 2, Height: 1, Width: 1, Pixels: []byte{0, 51, 255, 102, 204, 153}}, 3)
	if want := []float32{0, 0.2, 1, 0.4, 0.8, 0.6}; f.N != 2 || f.D != 3 || !slices.Equal(f.X, want) {
		t.Errorf("got %+v, want %v", f, want)
	}
}

func TestPixelFeatures_OfGrayImagesHaveOneChannel(t *testing.T) {
	gray := dataset.Images{N: 2, Height: 1, Width: 2, Pixels: []byte{51, 51, 51, 102, 102, 102, 0, 0, 0, 255, 255, 255}}
	color := dataset.Images{N: 1, Height: 1, Width: 2, Pixels: []byte{1, 1, 1, 1, 1, 2}}
	for _, c := range []struct {
		test  dataset.Images
		width int
	}{{gray, 2}, {color, 6}} {
		all := pixelFeatures(group{train: part{Images: gray}, test: part{Images: c.test}})
		if all[0].train.D != c.width || all[0].test.D != c.width || all[1].train.D != c.width {
			t.Errorf("%d, %d and %d numbers an image, want %d", all[0].train.D, all[0].test.D, all[1].train.D, c.width)
		}
	}
	if x := rawPixels(gray, 1).X; !slices.Equal(x, []float32{0.2, 0.4, 0, 1}) {
		t.Errorf("got %v", x)
	}
}
