package encoder

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// geometry is the shape of a convolution.
type geometry struct{ height, width, size, stride, in int }

const convBatch, convOut = 2, 6

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
				for in := range c.in {
					f(n*rows*columns*convOut+out, (tap*c.in+in)*convOut+o, ((n*c.height+i)*c.width+j)*c.in+in)
				}
			}
		}
	}
}

func TestConvolution_IsThatOfPlainLoops(t *testing.T) {
	worst := 0.0
	for _, c := range []geometry{
		// Winograd's
		{1, 1, 3, 1, 5}, {2, 2, 3, 1, 5}, {4, 4, 3, 1, 5}, {5, 3, 3, 1, 5}, {8, 8, 3, 1, 5}, {9, 4, 3, 1, 5},
		{16, 13, 3, 1, 5},
		// unfolded
		{1, 1, 3, 1, 3}, {4, 5, 3, 1, 3}, {8, 8, 3, 2, 1}, {9, 5, 3, 2, 3}, {5, 4, 1, 2, 3}, {8, 8, 4, 2, 3},
		{7, 8, 4, 1, 4},
		{6, 6, 2, 2, 3}, {1, 4, 4, 2, 3},
		// XLA's
		{33, 4, 3, 1, 5}, {1, 1, 3, 2, 5}, {2, 2, 3, 2, 5}, {3, 3, 3, 2, 5}, {4, 7, 3, 2, 5}, {8, 8, 3, 2, 5},
		{9, 5, 3, 2, 5},
		{5, 5, 1, 1, 5}, {5, 4, 1, 2, 5}, {7, 9, 5, 1, 3}, {9, 8, 5, 2, 5}, {8, 9, 7, 1, 5}, {10, 9, 7, 2, 3},
	} {
		images := normal(1, 0, 1, convBatch, c.height, c.width, c.in)
		rows, columns := (c.height+c.stride-1)/c.stride, (c.width+c.stride-1)/c.stride
		g := normal(3, 0, 1, convBatch, rows, columns, convOut)
		store := model.NewStore()
		got := run(t, store, func(scope *model.Scope, in []*Node) []*Node {
			y := convolution(scope, featureMaps{x: in[0]}, convOut, c.size, c.stride).images()
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
			worst = max(worst, mustBeClose(t, fmt.Sprintf("%+v: %s", c, what), got[i], want, 1e-5))
		}
	}
	t.Logf("largest difference %.1e of the largest value", worst)
}

// Sums over many channels and pixels, as in training: the error must not grow with them.
func TestWinograd_IsXLAsConvolutionAtTheSizesOfTraining(t *testing.T) {
	for _, c := range []struct{ side, in, out int }{{4, 128, 64}, {8, 64, 64}, {16, 32, 32}, {32, 64, 64}} {
		images := normal(1, 0, 1, 16, c.side, c.side, c.in)
		g := normal(2, 0, 1, 16, c.side, c.side, c.out)
		got := run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			kernel := weights(scope, "kernel", 2, 9*c.in, 3, 3, c.in, c.out).NodeValue(in[0])
			own := featureMaps{winograd(featureMaps{x: in[0]}.pixels(), kernel), true}.images()
			plain := convolve(in[0], kernel, 1)
			all := []*Node{own, plain}
			for _, y := range []*Node{own, plain} {
				all = append(all, Gradient(ReduceAllSum(Mul(y, in[1])), in[0], kernel)...)
			}
			return all
		}, images, g)
		for i, what := range map[[2]int]string{
			{0, 1}: "output", {2, 4}: "gradient to the image", {3, 5}: "gradient to the kernel",
		} {
			error := mustBeClose(t, fmt.Sprintf("%+v: %s", c, what), got[i[0]], got[i[1]], 1e-5)
			t.Logf("%+v: %s: %.1e of the largest value", c, what, error)
		}
	}
}

// TestConvolveFew_IsTheProductOfPatches compares the first layer's convolution, for which some processors have kernels,
// with the product of patches.
func TestConvolveFew_IsTheProductOfPatches(t *testing.T) {
	for _, c := range []geometry{{8, 8, 4, 2, 3}, {6, 4, 3, 1, 3}, {4, 4, 4, 1, 1}, {6, 6, 2, 2, 4}} {
		images := normal(1, 0, 1, 4, c.height, c.width, c.in)
		g := normal(2, 0, 1, 4, c.height/c.stride, c.width/c.stride, 32)
		got := run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			kernel := weights(scope, "kernel", 2, 1, c.size, c.size, c.in, 32).NodeValue(in[0])
			few := convolveFew(in[0], kernel, c.stride)
			patches := unfolded(featureMaps{x: in[0]}, kernel, c.stride).images()
			all := []*Node{few, patches}
			for _, y := range []*Node{few, patches} {
				all = append(all, Gradient(ReduceAllSum(Mul(Square(y), in[1])), in[0], kernel)...)
			}
			return all
		}, images, g)
		for i, what := range map[[2]int]string{
			{0, 1}: "output", {2, 4}: "gradient to the image", {3, 5}: "gradient to the kernel",
		} {
			mustBeClose(t, fmt.Sprintf("%+v: %s", c, what), got[i[0]], got[i[1]], 1e-5)
		}
	}
}

// TestConvolution_CallsKernels counts the calls in the program of a gradient of the convnet, but not to images.
func TestConvolution_CallsKernels(t *testing.T) {
	if b, ok := testbackend.Open(t).(interface{ HasConvolutions() bool }); !ok || !b.HasConvolutions() {
		t.Skip("the kernels need XLA and a processor with AVX-512")
	}
	programs := testbackend.Programs(t)
	if programs == nil { // in the process whose programs are looked at
		run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			return gradient(ConvNet{Width: 32}, scope, in[0])
		}, normal(1, 0, 1, 4, 32, 32, 3))
		return
	}

	all := strings.Join(programs, "\n")
	for name, want := range map[string]int{"convolution": 8, "image_gradient": 7, "kernel_gradient": 8, "sum": 16,
		"product_sum": 16} {
		if n := strings.Count(all, `custom_call_target="sslx.`+name+`"`); n != want {
			t.Errorf("%s is called %d times, want %d", name, n, want)
		}
	}
}
