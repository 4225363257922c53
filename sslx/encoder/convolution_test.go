package encoder

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// geometry is the shape of a convolution.
type geometry struct{ height, width, size, stride int }

const convBatch, convIn, convOut = 2, 3, 4

// each calls f with the flat indices of every output, kernel and image element that are multiplied with each other.
func (c geometry) each(f func(y, kernel, x int)) {
	rows, columns, before := (c.height+c.stride-1)/c.stride, (c.width+c.stride-1)/c.stride, (c.size-1)/2
	for n := range convBatch {
		for out := range rows * columns * convOut {
			row, column, o := out/convOut/columns, out/convOut%columns, out%convOut
			for tap := range c.size * c.size {
				i, j := row*c.stride+tap/c.size-before, column*c.stride+tap%c.size-before
				if i < 0 || i >= c.height || j < 0 || j >= c.width {
					continue
				}
				for in := range convIn {
					f(n*rows*columns*convOut+out, (tap*convIn+in)*convOut+o, ((n*c.height+i)*c.width+j)*convIn+in)
				}
			}
		}
	}
}

func TestConvolutionsAndTheirGradientsAreThoseOfPlainLoops(t *testing.T) {
	worst := 0.0
	for _, c := range []struct {
		geometry
		product bool // whether it is done as one product
	}{
		{geometry{8, 8, 3, 1}, false}, {geometry{8, 7, 3, 2}, false}, {geometry{8, 8, 4, 2}, false},
		{geometry{7, 8, 4, 1}, false}, {geometry{6, 6, 2, 2}, false}, {geometry{5, 5, 1, 2}, false},
		{geometry{1, 1, 3, 1}, true}, {geometry{2, 2, 3, 1}, true}, {geometry{2, 2, 3, 2}, true},
		{geometry{3, 3, 3, 2}, true}, {geometry{4, 4, 3, 2}, true}, {geometry{2, 3, 3, 1}, true},
		{geometry{1, 4, 4, 2}, true}, {geometry{3, 2, 4, 1}, true},
	} {
		if got := prefersProduct(c.height, c.width, c.size, c.stride); got != c.product {
			t.Errorf("%+v: done as a product is %v", c, got)
		}
		images := normal(1, 0, 1, convBatch, c.height, c.width, convIn)
		rows, columns := ceilDiv(c.height, c.stride), ceilDiv(c.width, c.stride)
		g := normal(3, 0, 1, convBatch, rows, columns, convOut)
		store := model.NewStore()
		got := run(t, store, func(scope *model.Scope, in []*Node) []*Node {
			y := Convolution(scope, in[0], convOut, c.size, c.stride)
			kernel := scope.GetVariable("kernel").NodeValue(y)
			return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[1])), in[0], kernel)...)
		}, images, g)
		x, k, dy := floats(images), variables(t, store)["/kernel"], floats(g)
		y, dx, dk := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(k))
		c.each(func(o, w, i int) {
			y[o] += k[w] * x[i]
			dx[i] += k[w] * dy[o]
			dk[w] += x[i] * dy[o]
		})
		for i, want := range [][]float64{y, dx, dk} {
			what := []string{"output", "gradient to the image", "gradient to the kernel"}[i]
			worst = max(worst, mustBeClose(t, fmt.Sprintf("%+v: %s", c, what), got[i], want, 1e-6))
		}
	}
	t.Logf("largest difference %.1e of the largest value", worst)
}

func TestALargeImageIsNeverDoneAsAProduct(t *testing.T) {
	for _, c := range []geometry{{32, 32, 3, 1}, {32, 32, 4, 2}, {4, 4, 3, 1}, {2, 64, 3, 1}, {1, 1, 1, 1}} {
		if prefersProduct(c.height, c.width, c.size, c.stride) {
			t.Errorf("%+v is done as a product", c)
		}
	}
}
