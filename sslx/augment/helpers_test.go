package augment

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// Mean and standard deviation of CIFAR-10's train images, as published with most of its recipes.
var (
	cifarMean = [3]float64{0.4914, 0.4822, 0.4465}
	cifarStd  = [3]float64{0.2470, 0.2435, 0.2616}
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// simCLR returns SimCLR's pipeline for CIFAR-10 (Chen et al. 2020, B.9).
func simCLR() Pipeline {
	return Pipeline{NewResizedCrop(32, 0.08), HorizontalFlip{Probability: 0.5}, NewColorJitter(0.5),
		Grayscale{Probability: 0.2}}
}

// everything returns a pipeline with every operation.
func everything() Pipeline { return append(simCLR(), GaussianNoise{Sigma: 0.1}) }

// call builds a graph, runs it and returns its float32 outputs.
func call[F ExecGraphFn](t testing.TB, b compute.Backend, build F, args ...any) [][]float32 {
	t.Helper()
	exec, err := NewExec(b, build)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	outputs, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return float32s(t, outputs)
}

// float32s returns the values of tensors and frees them.
func float32s(t testing.TB, outputs []*tensors.Tensor) [][]float32 {
	values := make([][]float32, len(outputs))
	for i, output := range outputs {
		values[i] = tensors.MustCopyFlatData[float32](output)
	}
	finalize(t, outputs)
	return values
}

func finalize(t testing.TB, outputs []*tensors.Tensor) {
	for _, output := range outputs {
		if err := output.FinalizeAll(); err != nil {
			t.Fatal(err)
		}
	}
}

// draw returns the parameters that an operation draws for the samples 0 … n-1 of images of the given size, in epoch 0
// and view 0, by name.
func draw(t testing.TB, op Operation, n, height, width int) map[string][]float32 {
	t.Helper()
	var names []string
	values := call(t, testbackend.Open(t), func(stream, samples *Node) []*Node {
		params := Pipeline{op}.Draw(Key{Stream: stream, Samples: samples}, height, width)[0]
		names = sortedNames(params)
		return flat([]Params{params})
	}, Stream(11, 0), upTo(n))
	drawn := map[string][]float32{}
	for i, name := range names {
		drawn[name] = values[i]
	}
	return drawn
}

// upTo returns 0 … n-1.
func upTo(n int) []uint32 {
	samples := make([]uint32, n)
	for i := range samples {
		samples[i] = uint32(i)
	}
	return samples
}

// randomImages returns n images of seeded uniform noise, [n, height, width, 3].
func randomImages(n, height, width int) *tensors.Tensor {
	random := rand.New(rand.NewPCG(5, 5))
	pixels := make([]uint8, n*height*width*3)
	for i := range pixels {
		pixels[i] = uint8(random.IntN(256))
	}
	return tensors.FromFlatDataAndDimensions(pixels, n, height, width, 3)
}
