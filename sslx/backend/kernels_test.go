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
		got, calls := outputs(t, with, c.geometry, x, kernel)
		want, none := outputs(t, without, c.geometry, x, kernel)
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

// outputs returns what a graph computes, and how many calls of kernels its program has.
func outputs(t *testing.T, b *cachedBackend, c geometry, x, kernel *tensors.Tensor) (all [][]float32, calls int) {
	t.Helper()
	spy := &builderSpy{cachedBackend: b}
	exec := MustNewExec(spy, c.graph)
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
	want, _ := outputs(t, b, c, x, kernel)

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
