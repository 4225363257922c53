//go:build cgo && linux && amd64

package backend

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/convolution"
)

// newKernelsBackend returns a backend with kernels, or none.
func newKernelsBackend(t *testing.T, kernels bool) *cachedBackend {
	t.Helper()
	if !convolution.Available() {
		t.Skip("the processor has no AVX-512")
	}
	b := newCachedBackend(t, 0)
	b.kernels = kernels
	return b
}

// geometry is a convolution with padding before and after each side.
type geometry struct {
	batch, height, width, in, out, size, stride int
	pad                                         [2]int
}

func (c geometry) graph(x, kernel *Node) []*Node {
	y := Convolve(x, kernel).PaddingPerDim([][2]int{c.pad, c.pad}).Strides(c.stride).Done()
	return append([]*Node{y}, Gradient(ReduceAllSum(Square(y)), x, kernel)...)
}

func randomTensor(r *rand.Rand, dims ...int) *tensors.Tensor {
	size := 1
	for _, d := range dims {
		size *= d
	}
	x := make([]float32, size)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(x, dims...)
}

// TestKernels_ComputeWhatXLADoes compares convolutions and both of their gradients, and counts the calls that a program
// has in place of them.
func TestKernels_ComputeWhatXLADoes(t *testing.T) {
	with, without := newKernelsBackend(t, true), newKernelsBackend(t, false)
	random := rand.New(rand.NewPCG(1, 2))
	same := [2]int{1, 1}
	for _, c := range []struct {
		geometry
		calls int
	}{
		{geometry{4, 8, 8, 32, 64, 3, 1, same}, 3},
		{geometry{8, 5, 7, 64, 32, 3, 1, same}, 3},
		{geometry{4, 8, 6, 32, 64, 3, 2, same}, 3},
		{geometry{4, 8, 8, 16, 32, 3, 2, same}, 3},
		{geometry{4, 8, 6, 3, 32, 4, 2, same}, 2}, // no gradient to images of few channels
		{geometry{4, 8, 6, 3, 16, 3, 1, same}, 2},
		{geometry{4, 7, 8, 32, 64, 3, 2, same}, 0},         // an odd side
		{geometry{4, 8, 8, 16, 32, 3, 1, same}, 0},         // channels
		{geometry{5, 8, 8, 32, 32, 3, 1, same}, 0},         // images
		{geometry{4, 8, 8, 32, 32, 5, 1, [2]int{2, 2}}, 0}, // the size of the kernel
		{geometry{4, 8, 8, 32, 32, 3, 3, same}, 0},         // the stride
		{geometry{4, 8, 8, 32, 32, 3, 1, [2]int{0, 2}}, 0}, // the padding
		{geometry{4, 8, 8, 32, 32, 3, 1, [2]int{0, 0}}, 0},
	} {
		x := randomTensor(random, c.batch, c.height, c.width, c.in)
		kernel := randomTensor(random, c.size, c.size, c.in, c.out)
		got, calls := outputs(t, with, c.graph, x, kernel)
		want, none := outputs(t, without, c.graph, x, kernel)
		if calls != c.calls || none != 0 {
			t.Errorf("%+v: %d calls, and %d without kernels", c, calls, none)
		}
		for i := range want {
			var largest, worst float64
			for j, v := range want[i] {
				largest = max(largest, math.Abs(float64(v)))
				worst = max(worst, math.Abs(float64(v-got[i][j])))
			}
			if !(worst <= 1e-5*largest) {
				t.Errorf("%+v: output %d: values up to %g differ by %g", c, i, largest, worst)
			}
		}
	}
}

// TestKernels_RoundForBFloat16 compares convolutions in bfloat16 and both of their gradients, of numbers in float32,
// with XLA's of those numbers.
func TestKernels_RoundForBFloat16(t *testing.T) {
	with, without := newKernelsBackend(t, true), newKernelsBackend(t, false)
	if !convolution.AvailableBFloat16() {
		t.Skip("the processor has no products of bfloat16")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []geometry{
		{4, 8, 8, 32, 64, 3, 1, [2]int{1, 1}}, {8, 6, 4, 64, 32, 3, 2, [2]int{1, 1}},
	} {
		x := randomTensor(random, c.batch, c.height, c.width, c.in)
		kernel := randomTensor(random, c.size, c.size, c.in, c.out)
		rounded := func(x, kernel *Node) []*Node {
			round := func(x *Node) *Node { return ConvertDType(x, dtypes.BFloat16) }
			y := Convolve(round(x), round(kernel)).PaddingPerDim([][2]int{c.pad, c.pad}).Strides(c.stride).Done()
			y = ConvertDType(y, dtypes.Float32)
			return append([]*Node{y}, Gradient(ReduceAllSum(Square(y)), x, kernel)...)
		}
		got, calls := outputs(t, with, rounded, x, kernel)
		want, _ := outputs(t, without, c.graph, x, kernel)
		if calls != 3 {
			t.Errorf("%+v: %d calls", c, calls)
		}
		for i := range want {
			var squares, errors float64
			for j, v := range want[i] {
				squares += float64(v) * float64(v)
				errors += float64(v-got[i][j]) * float64(v-got[i][j])
			}
			if e := math.Sqrt(errors / squares); !(e > 1e-4 && e < 0.03) {
				t.Errorf("%+v: output %d: relative error %.2g", c, i, e)
			}
		}
	}
}

// TestKernels_SumOverRows compares the sums of batch normalization with XLA's, and counts calls.
func TestKernels_SumOverRows(t *testing.T) {
	with, without := newKernelsBackend(t, true), newKernelsBackend(t, false)
	random := rand.New(rand.NewPCG(1, 2))
	rounded := func(x *Node) *Node { return ConvertDType(ConvertDType(x, dtypes.BFloat16), dtypes.Float32) }
	sum := func(x *Node) *Node { return ReduceSum(Reshape(x, -1, x.Shape().Dimensions[3]), 0) }
	for _, c := range []struct {
		name     string
		batch    int
		channels int
		calls    int
		graph    func(x, y *Node) []*Node
	}{
		{"sum", 4, 32, 1, func(x, y *Node) []*Node { return []*Node{sum(x)} }},
		{"squares", 4, 64, 1, func(x, y *Node) []*Node { return []*Node{sum(Square(x))} }},
		{"products", 4, 32, 1, func(x, y *Node) []*Node { return []*Node{sum(Mul(x, y))} }},
		{"of two views", 8, 32, 1, func(x, y *Node) []*Node { return []*Node{ReduceSum(Reshape(x, 2, -1, 32), 1)} }},
		{"squares in bfloat16", 4, 32, 1, func(x, y *Node) []*Node { return []*Node{sum(Square(rounded(x)))} }},
		{"products with bfloat16", 4, 32, 1, func(x, y *Node) []*Node { return []*Node{sum(Mul(rounded(x), y))} }},
		{"channels", 4, 48, 0, func(x, y *Node) []*Node { return []*Node{sum(x)} }},
		{"rows", 1, 32, 0, func(x, y *Node) []*Node { return []*Node{sum(x)} }},
		{"another axis", 4, 32, 0, func(x, y *Node) []*Node { return []*Node{ReduceSum(x, 0)} }},
		{"maximum", 4, 32, 0, func(x, y *Node) []*Node { return []*Node{ReduceMax(Reshape(x, -1, 32), 0)} }},
	} {
		x, y := randomTensor(random, c.batch, 3, 3, c.channels), randomTensor(random, c.batch, 3, 3, c.channels)
		got, calls := outputs(t, with, c.graph, x, y)
		want, _ := outputs(t, without, c.graph, x, y)
		if calls != c.calls && convolution.AvailableBFloat16() {
			t.Errorf("%s: %d calls", c.name, calls)
		}
		for i, v := range want[0] {
			if !(math.Abs(float64(got[0][i]-v)) <= 1e-4) {
				t.Fatalf("%s: sum %d is %g, want %g", c.name, i, got[0][i], v)
			}
		}
	}
}

// outputs returns what a graph computes, and how many calls of kernels its program has.
func outputs(t *testing.T, b *cachedBackend, graph func(x, kernel *Node) []*Node, x, kernel *tensors.Tensor) (
	all [][]float32, calls int) {
	t.Helper()
	spy := &builderSpy{cachedBackend: b}
	exec := MustNewExec(spy, graph)
	defer exec.Finalize()
	results, err := exec.Call(local(t, x), local(t, kernel)) // a tensor stays with one backend
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		all = append(all, tensors.MustCopyFlatData[float32](r))
	}

	text, err := stableHLO(spy.last.Builder)
	if err != nil {
		t.Fatal(err)
	}
	return all, strings.Count(string(text), `"sslx.`)
}

func local(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	clone, err := x.LocalClone()
	if err != nil {
		t.Error(err)
	}
	return clone
}

// builderSpy keeps the last builder of a backend.
type builderSpy struct {
	*cachedBackend
	last *cachedBuilder
}

func (b *builderSpy) Builder(name string) compute.Builder {
	b.last = b.cachedBackend.Builder(name).(*cachedBuilder)
	return b.last
}

// TestKernels_AreThereForEveryHandle opens clients, as ForgetPrograms has them opened again.
func TestKernels_AreThereForEveryHandle(t *testing.T) {
	newKernelsBackend(t, true) // skips where there are none
	for range 2 {
		ForgetPrograms()
		h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if !h.Backend.(*cachedBackend).HasConvolutions() {
			t.Error("a handle has no kernels")
		}
	}
}

// TestKernels_AreForFloat32 leaves convolutions of other types to XLA.
func TestKernels_AreForFloat32(t *testing.T) {
	spy := &builderSpy{cachedBackend: newKernelsBackend(t, true)}
	exec := MustNewExec(spy, func(x, kernel *Node) *Node {
		return Convolve(ConvertDType(x, dtypes.Float64), ConvertDType(kernel, dtypes.Float64)).PadSame().Done()
	})
	defer exec.Finalize()
	random := rand.New(rand.NewPCG(1, 2))
	if _, err := exec.Call(randomTensor(random, 4, 8, 8, 32), randomTensor(random, 3, 3, 32, 32)); err != nil {
		t.Fatal(err)
	}
	if text, err := stableHLO(spy.last.Builder); err != nil || strings.Contains(string(text), `"sslx.`) {
		t.Errorf("float64 calls a kernel: %v", err)
	}
}

// TestKernels_AnswerSeveralProgramsAtOnce computes from many goroutines, while the garbage collector runs.
func TestKernels_AnswerSeveralProgramsAtOnce(t *testing.T) {
	b := newKernelsBackend(t, true)
	c := geometry{batch: 8, height: 8, width: 8, in: 32, out: 32, size: 3, stride: 1, pad: [2]int{1, 1}}
	random := rand.New(rand.NewPCG(1, 2))
	x, kernel := randomTensor(random, 8, 8, 8, 32), randomTensor(random, 3, 3, 32, 32)
	want, _ := outputs(t, b, c.graph, x, kernel)

	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			exec := MustNewExec(b, c.graph)
			defer exec.Finalize()
			for range 50 {
				results, err := exec.Call(local(t, x), local(t, kernel))
				if err != nil {
					t.Error(err)
					return
				}
				for i, r := range results {
					if got := tensors.MustCopyFlatData[float32](r); !slices.Equal(got, want[i]) {
						t.Errorf("output %d is another one while other programs run", i)
						return
					}
				}
				runtime.GC()
			}
		})
	}
	wait.Wait()
}
