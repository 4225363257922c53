package augment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

const allSamples = 64

// maker makes the views of samples: for each pipeline pixels and then parameters, each flat.
type maker func(seed uint64, epoch int, samples []int32) [][]float32

// newMaker returns the maker of one view of images of noise for each pipeline. It compiles once for each batch size.
func newMaker(t *testing.T, pipelines []Pipeline, view int) maker {
	images := randomImages(allSamples, 16, 16)
	exec := MustNewExec(testbackend.Open(t), func(images, samples, stream *Node) (outputs []*Node) {
		x := Gather(images, InsertAxes(samples, -1))
		for _, p := range pipelines {
			v := p.Make(x, Key{Stream: stream, Samples: ConvertDType(samples, dtypes.Uint32), View: view})
			outputs = append(append(outputs, v.Images), flat(v.Params)...)
		}
		return outputs
	})
	t.Cleanup(exec.Finalize)
	return func(seed uint64, epoch int, samples []int32) [][]float32 {
		outputs, err := exec.Call(images, samples, Stream(seed, epoch))
		if err != nil {
			t.Fatal(err)
		}
		return float32s(t, outputs)
	}
}

// row returns what belongs to image i of a batch of n.
func row(values []float32, i, n int) []float32 {
	size := len(values) / n
	return values[i*size : (i+1)*size]
}

func TestPipeline_ViewsDependNeitherOnTheBatchNorOnWhoDrew(t *testing.T) {
	pipelines := everyPipeline()
	view := newMaker(t, pipelines, 1)
	order := rand.New(rand.NewPCG(3, 4)).Perm(allSamples)
	samples := func(from, to int) (s []int32) {
		for _, i := range order[from:to] {
			s = append(s, int32(i))
		}
		return s
	}

	whole := view(9, 2, ascending(allSamples))
	t.Run("batches of 1 and 7", func(t *testing.T) {
		for _, size := range []int{1, 7} {
			for from := 0; from+size <= min(allSamples, 4*size); from += size {
				part := samples(from, from+size)
				for k, values := range view(9, 2, part) {
					for i, sample := range part {
						d := largestDifference(row(values, i, size), row(whole[k], int(sample), allSamples))
						if d != 0 {
							t.Fatalf("batch size %d, sample %d: output %d differs by %g", size, sample, k, d)
						}
					}
				}
			}
		}
	})
	t.Run("parameters applied again", func(t *testing.T) {
		for k, pixels := range again(t, pipelines, whole) {
			if made, _ := parts(pipelines, whole); !slices.Equal(made[k], pixels) {
				t.Errorf("%s: the pixels differ by up to %g", pipelines[k].names(), largestDifference(made[k], pixels))
			}
		}
	})
}

// parts splits what a maker returns into the pixels and the parameters of each pipeline.
func parts(pipelines []Pipeline, made [][]float32) (pixels [][]float32, params [][][]float32) {
	for _, p := range pipelines {
		n := 0
		for _, op := range p {
			n += len(paramNames(op))
		}
		pixels, params, made = append(pixels, made[0]), append(params, made[1:1+n]), made[1+n:]
	}
	return pixels, params
}

// again applies the parameters that a maker returned for all samples.
func again(t *testing.T, pipelines []Pipeline, made [][]float32) [][]float32 {
	_, values := parts(pipelines, made)
	args := []any{randomImages(allSamples, 16, 16)}
	for _, v := range slices.Concat(values...) {
		args = append(args, rows(v, allSamples))
	}
	return call(t, testbackend.Open(t), func(in []*Node) (outputs []*Node) {
		images, in := in[0], in[1:]
		for _, p := range pipelines {
			params := make([]Params, len(p))
			for i, op := range p {
				names := paramNames(op)
				params[i], in = unflat(in[:len(names)], names), in[len(names):]
			}
			outputs = append(outputs, p.Apply(images, params))
		}
		return outputs
	}, args...)
}

// paramNames returns the names of the parameters of an operation in their order.
func paramNames(op Operation) []string {
	g := NewGraph(testbackend.Open(nil), "names")
	defer g.Finalize()
	zeros := func(n int) *Node { return Zeros(g, shapes.Make(dtypes.Float32, 2, n)) }
	return sortedNames(op.Draw(zeros, zeros, 16, 16, 3))
}

func TestPipeline_BytesMakeTheViewsOfTheirNumbers(t *testing.T) {
	const n = 8
	pixels := randomImages(n, 16, 16)
	views := func(numbers func(*Node) *Node) [][]float32 {
		return call(t, testbackend.Open(t), func(pixels, samples, stream *Node) (made []*Node) {
			for _, p := range append(everyPipeline(), Pipeline{}) {
				made = append(made, p.Make(numbers(pixels), Key{Stream: stream, Samples: samples}).Images)
			}
			return made
		}, pixels, upTo(n), Stream(5, 0))
	}

	want := views(FromBytes)
	for i, got := range views(func(pixels *Node) *Node { return pixels }) {
		if d := largestDifference(got, want[i]); d > 1e-6 {
			t.Errorf("pipeline %d: the views of bytes and of their numbers differ by up to %g", i, d)
		}
	}
}

func TestKey_SeedEpochAndViewEachChangeTheView(t *testing.T) {
	p := []Pipeline{{GaussianNoise{Sigma: 1}}}
	view, otherView := newMaker(t, p, 1), newMaker(t, p, 0)
	one := view(9, 2, []int32{5})[0]
	for name, other := range map[string][][]float32{
		"the low half of the seed":  view(10, 2, []int32{5}),
		"the high half of the seed": view(9+1<<32, 2, []int32{5}),
		"the epoch":                 view(9, 3, []int32{5}),
		"the view":                  otherView(9, 2, []int32{5}),
	} {
		if slices.Equal(one, other[0]) {
			t.Errorf("%s does not change the view", name)
		}
	}

	if !slices.Equal(one, view(9, 2, []int32{5})[0]) {
		t.Error("the same key gives another view")
	}
}

func TestPipeline_ParametersAreThoseOfThePureGoBackend(t *testing.T) {
	b := testbackend.PureGo(t)
	key := func(b compute.Backend) [][]float32 {
		return call(t, b, func(stream, samples *Node) []*Node {
			return flat(everything().Draw(Key{Stream: stream, Samples: samples, View: 1}, 32, 32, 3))
		}, Stream(9, 2), upTo(allSamples))
	}

	pure, xla := key(b), key(testbackend.Open(t))
	for k := range pure {
		// A backend may keep more digits between a product and a sum, and has logarithms and cosines of its own.
		tolerance := 2e-7
		if len(pure[k]) > allSamples {
			tolerance = 1e-5 // noise
		}
		scale := max(1, math.Abs(float64(slices.Max(xla[k]))))
		if d := largestDifference(pure[k], xla[k]); d > tolerance*scale {
			t.Errorf("parameter %d differs by %g of %g", k, d, scale)
		}
	}
}

func ascending(n int) []int32 {
	samples := make([]int32, n)
	for i := range samples {
		samples[i] = int32(i)
	}
	return samples
}

// rows splits values into n rows.
func rows(values []float32, n int) [][]float32 {
	split := make([][]float32, n)
	for i := range split {
		split[i] = row(values, i, n)
	}
	return split
}

func largestDifference(a, b []float32) float64 {
	largest := 0.0
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if !(d <= largest) { // also when d is NaN
			largest = d
		}
	}
	return largest
}
