package augment

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// Mean and standard deviation of CIFAR-10's train images, as published with most of its recipes.
var (
	cifarMean = []float64{0.4914, 0.4822, 0.4465}
	cifarStd  = []float64{0.2470, 0.2435, 0.2616}
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// simCLR returns SimCLR's pipeline for CIFAR-10 (Chen et al. 2020, B.9).
func simCLR() Pipeline {
	return Pipeline{NewResizedCrop(32, 0.08), HorizontalFlip{Probability: 0.5}, NewColorJitter(0.5),
		Grayscale{Probability: 0.2}}
}

// operations returns every registered operation of this package with random parameters that it can have, for images of
// 16 x 16 or more. Those that do nothing interesting by default have parameters of their own; a new operation needs no
// line here.
func operations() map[string]Operation {
	all := map[string]Operation{}
	for _, name := range Names() {
		if op, _ := Named(name); reflect.TypeOf(op).PkgPath() == reflect.TypeFor[Config]().PkgPath() {
			all[name] = op
		}
	}
	maps.Copy(all, map[string]Operation{
		"center-crop":   CenterCrop{Height: 12, Width: 20},
		"color-jitter":  NewColorJitter(0.5),
		"cutout":        Cutout{Side: 5},
		"gaussian-blur": NewGaussianBlur(5, 0.5),
		"grayscale":     Grayscale{Probability: 0.5},
		"padding":       Padding{Top: 1, Left: 2, Reflect: true},
		"patch":         Patch{Side: 7, Height: 9, Width: 11, Random: true},
		"random-erasing": RandomErasing{ScaleMin: 0.02, ScaleMax: 0.33, RatioMin: 0.3, RatioMax: 3.3, Noise: true,
			Probability: 0.5},
		"resize":       Resize{Height: 10, Width: 14},
		"resized-crop": NewResizedCrop(16, 0.08),
		"sometimes":    Sometimes{Rotation{Degrees: 30}, 0.5},
		"translation":  Translation{Height: 0.3, Width: 0.3},
	})
	return all
}

// everything returns a pipeline with every operation.
func everything() (p Pipeline) {
	all := operations()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p = append(p, all[name])
	}
	return p
}

// everyPipeline returns the views of the presets that differ in their operations, all other operations in one,
// and those that resample on large images.
func everyPipeline() (pipelines []Pipeline) {
	others := operations()
	seen := map[string]bool{}
	for _, preset := range presets {
		for _, c := range preset.views {
			p := c.Pipeline(16, 16)
			if names := p.names(); !seen[names] {
				seen[names] = true
				pipelines = append(pipelines, p)
			}
			for _, op := range p {
				delete(others, op.Name())
			}
		}
	}
	var rest Pipeline
	for _, name := range slices.Sorted(maps.Keys(others)) {
		rest = append(rest, others[name])
	}

	large := Pipeline{Resize{Height: 130, Width: 140}, NewGaussianBlur(23, 0.5), Resize{Height: 128, Width: 128}}
	return append(pipelines, rest, large)
}

func (p Pipeline) names() (names string) {
	for _, op := range p {
		names += op.Name() + " "
	}
	return names
}

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
		params := Pipeline{op}.Draw(Key{Stream: stream, Samples: samples}, height, width, 3)[0]
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
