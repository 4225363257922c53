package encoder

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// bfloat16Epsilon is the largest share by which rounding changes a number of 8 bits.
const bfloat16Epsilon = 1.0 / 256

// shortened returns a tensor in bfloat16, and what is left of it in float32.
func shortened(x *tensors.Tensor) (short, left *tensors.Tensor) {
	values := tensors.MustCopyFlatData[float32](x)
	shorts := make([]bfloat16.BFloat16, len(values))
	for i, v := range values {
		shorts[i] = bfloat16.FromFloat32(v)
		values[i] = shorts[i].Float32()
	}
	dims := x.Shape().Dimensions
	return tensors.FromFlatDataAndDimensions(shorts, dims...), tensors.FromFlatDataAndDimensions(values, dims...)
}

func TestConvolution_InBfloat16IsTheOneInFloat32ButForRounding(t *testing.T) {
	worst := 0.0
	for _, c := range []geometry{
		{8, 8, 3, 1, 5}, {9, 4, 3, 1, 5}, {4, 4, 3, 1, 5}, // Winograd's in float32
		{8, 8, 4, 2, 3}, {5, 4, 1, 2, 3}, // unfolded
		{8, 8, 3, 2, 5}, {5, 5, 1, 1, 5}, {10, 9, 7, 2, 5}, // others
	} {
		short, images := shortened(normal(1, 0, 1, convBatch, c.height, c.width, c.in))
		rows, columns := (c.height+c.stride-1)/c.stride, (c.width+c.stride-1)/c.stride
		g := normal(3, 0, 1, convBatch, rows, columns, convOut)
		results := func(images *tensors.Tensor) [][]float64 {
			return run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
				y := wide(convolution(scope, featureMaps{x: in[0]}, convOut, c.size, c.stride).images())
				kernel := scope.GetVariable("kernel").NodeValue(y)
				gradients := Gradient(ReduceAllSum(Mul(y, in[1])), in[0], kernel)
				return []*Node{y, wide(gradients[0]), gradients[1]}
			}, images, g)
		}
		got, want := results(short), results(images)
		for i, what := range []string{"output", "gradient to the image", "gradient to the kernel"} {
			worst = max(worst, mustBeClose(t, fmt.Sprintf("%+v: %s", c, what), got[i], want[i], 3*bfloat16Epsilon))
		}
	}
	t.Logf("largest difference %.1e of the largest value", worst)
}

// A mean that is large compared with the deviation shows in which type squares are added.
func TestBatchNorm_OfBfloat16TakesItsStatisticsInFloat32(t *testing.T) {
	short, left := shortened(normal(5, 20, 1, 8, 4, 4, 3))
	store, state := norms()
	got := run(t, store, func(scope *model.Scope, in []*Node) []*Node {
		y := BatchNorm(scope, in[0], Train)
		if y.DType() != dtypes.BFloat16 {
			t.Errorf("the result is %s", y.DType())
		}
		return []*Node{wide(y)}
	}, short)
	y, after := state.forward(floats(left), left.Shape().Size()/3, true)
	mustBeClose(t, "output", got[0], y, bfloat16Epsilon)
	v := variables(t, store)
	mustBeClose(t, "running mean", v["/mean"], after.mean, 1e-6)
	mustBeClose(t, "running variance", v["/variance"], after.variance, 1e-4) // as in float32
}

func TestEncoder_InBfloat16HasTheVariablesAndTheOutputsOfFloat32(t *testing.T) {
	for _, name := range ofAWidth() {
		all := map[string]map[string]shapes.Shape{}
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
			g := NewGraph(testbackend.Open(t), t.Name())
			t.Cleanup(g.Finalize)
			store := model.NewStore()
			images := Parameter(g, "images", shapes.Make(dtype, 2, 16, 16, 3))
			h := ofWidth(name, 4).Build(store.RootScope().At("encoder"), images, Train)
			z := Projector(store.RootScope().At("projector"), ConvertDType(h, dtype), []int{8, 4}, Train)
			if h.DType() != dtypes.Float32 || z[0].DType() != dtype || z[1].DType() != dtypes.Float32 {
				t.Errorf("%s of %s gives %s, %s and %s", name, dtype, h.DType(), z[0].DType(), z[1].DType())
			}
			all[dtype.String()] = map[string]shapes.Shape{}
			for v := range store.IterVariables() {
				all[dtype.String()][v.Path()] = v.Shape()
			}
		}
		for path, shape := range all["Float32"] {
			if !all["BFloat16"][path].Equal(shape) {
				t.Errorf("%s: %s is %s, and %s in bfloat16", name, path, shape, all["BFloat16"][path])
			}
		}
	}
}

// Sums of ones in bfloat16 would end at 256.
func TestDense_ProductsOfBfloat16AddUpInFloat32(t *testing.T) {
	ones := func(dims ...int) *tensors.Tensor {
		short, _ := shortened(normal(1, 1, 0, dims...))
		return short
	}
	got := run(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
		x, k, images, kernel := in[0], in[1], in[2], in[3]
		y := convolve(images, kernel, 1)
		all := []*Node{wide(Dot(x, k).Product()), Slice(wide(y), AxisElem(0), AxisElem(8), AxisElem(8), AxisElem(0))}
		for _, g := range Gradient(ReduceAllSum(wide(y)), images, kernel) {
			all = append(all, wide(g))
		}
		return all
	}, ones(2, 4096), ones(4096, 2), ones(8, 16, 16, 512), ones(3, 3, 512, 512))
	for i, want := range []float64{4096, 9 * 512, 9 * 512, 8 * 16 * 16} {
		middle := got[i][len(got[i])/2]
		if i == 2 {
			middle = got[i][((3*16+8)*16+8)*512]
		}
		if i == 3 {
			middle = got[i][4*512*512]
		}
		if middle != want {
			t.Errorf("%d: %v, want %v", i, middle, want)
		}
	}
}
