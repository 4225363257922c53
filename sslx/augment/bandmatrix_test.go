package augment

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// Images this large are resampled in blocks. The oracles are plain loops in float64.
func TestBandMatrix_LargeImagesFollowTheFormulas(t *testing.T) {
	const height, width = 150, 143
	images := randomImages(2, height, width)
	column := func(a, b float32) [][]float32 { return [][]float32{{a}, {b}} }
	top, left, rows, columns := column(0, 31), column(0, 8), column(height, 93), column(width, 135)
	sigma := column(0.3, 2)
	outputs := call(t, testbackend.Open(t), func(in []*Node) []*Node {
		x := FromBytes(in[0])
		crop := Params{"top": in[1], "left": in[2], "height": in[3], "width": in[4]}
		blur := Params{"blurred": ZerosLike(in[5]), "sigma": in[5]}
		return []*Node{ResizedCrop{Height: 131, Width: 139}.Apply(x, crop),
			ResizedCrop{Height: 160, Width: 224}.Apply(x, crop), // enlarges all
			GaussianBlur{KernelHeight: 23, KernelWidth: 13, Probability: 1}.Apply(x, blur)}
	}, images, top, left, rows, columns, sigma)

	for i := range 2 {
		image := pixels(images, i, height, width)
		for j, size := range [][2]int{{131, 139}, {160, 224}} {
			down := func(line []float64) []float64 { return resized(line, top[i][0], rows[i][0], size[0]) }
			across := func(line []float64) []float64 { return resized(line, left[i][0], columns[i][0], size[1]) }
			within(t, "crop", row(outputs[j], i, 2),
				image.along(size[0], down).turned().along(size[1], across).turned())
		}
		within(t, "blur", row(outputs[2], i, 2), image.
			along(height, func(line []float64) []float64 { return blurred(line, sigma[i][0], 23) }).turned().
			along(width, func(line []float64) []float64 { return blurred(line, sigma[i][0], 13) }).turned())
	}
}

// plane is the first channel of an image, by rows.
type plane [][]float64

func pixels(images *tensors.Tensor, i, height, width int) plane {
	all := tensors.MustCopyFlatData[uint8](images)[i*height*width*3:]
	p := make(plane, height)
	for y := range p {
		p[y] = make([]float64, width)
		for x := range p[y] {
			p[y][x] = float64(all[(y*width+x)*3]) / 255
		}
	}
	return p
}

func (p plane) turned() plane {
	turned := make(plane, len(p[0]))
	for x := range turned {
		for y := range p {
			turned[x] = append(turned[x], p[y][x])
		}
	}
	return turned
}

// along changes each column, which becomes one of n values.
func (p plane) along(n int, change func([]float64) []float64) plane {
	columns := p.turned()
	for x := range columns {
		if columns[x] = change(columns[x]); len(columns[x]) != n {
			panic("the oracle has another size")
		}
	}
	return columns.turned()
}

// resized follows Pillow's ImagingResample with the bilinear filter (libImaging/Resample.c, precompute_coeffs).
func resized(line []float64, start, length float32, to int) []float64 {
	scale := float64(length) / float64(to)
	support := max(1, scale)
	made := make([]float64, to)
	for i := range made {
		center, sum, weights := (float64(i)+0.5)*scale, 0.0, 0.0
		for k := range int(length) {
			weight := max(0, 1-math.Abs(float64(k)+0.5-center)/support)
			sum, weights = sum+weight*line[int(start)+k], weights+weight
		}
		made[i] = sum / weights
	}
	return made
}

func blurred(line []float64, sigma float32, kernel int) []float64 {
	made := make([]float64, len(line))
	for i := range made {
		sum, weights := 0.0, 0.0
		for t := -(kernel / 2); t <= kernel/2; t++ {
			k := i + t
			if k < 0 {
				k = -k
			}
			if last := len(line) - 1; k > last {
				k = 2*last - k
			}
			weight := math.Exp(-0.5 * math.Pow(float64(t)/float64(sigma), 2))
			sum, weights = sum+weight*line[k], weights+weight
		}
		made[i] = sum / weights
	}
	return made
}

// within compares the first channel of an image with a plane. Positions near 130 are exact to 1.5e-5 in float32.
func within(t *testing.T, what string, got []float32, want plane) {
	t.Helper()
	width := len(want[0])
	if len(got) != len(want)*width*3 {
		t.Fatalf("%s: %d values, want %d x %d pixels", what, len(got), len(want), width)
	}

	for y := range want {
		for x, w := range want[y] {
			if g := float64(got[(y*width+x)*3]); !(math.Abs(g-w) < 5e-5) {
				t.Fatalf("%s: row %d, column %d is %g, want %g", what, y, x, g, w)
			}
		}
	}
}
