package augment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

const allSamples = 64

// maker makes the views of samples: pixels and then parameters, each flat.
type maker func(seed uint64, epoch int, samples []int32) [][]float32

// newMaker returns the maker of one view of images of noise. It compiles once for each batch size.
func newMaker(t *testing.T, p Pipeline, view int) maker {
	images := randomImages(allSamples, 32, 32)
	exec := MustNewExec(testbackend.Open(t), func(images, samples, stream *Node) []*Node {
		x := FromBytes(Gather(images, InsertAxes(samples, -1)))
		v := p.Make(x, Key{Stream: stream, Samples: ConvertDType(samples, dtypes.Uint32), View: view})
		return append([]*Node{v.Images}, flat(v.Params)...)
	})
	t.Cleanup(exec.Finalize)
	return func(seed uint64, epoch int, samples []int32) [][]float32 {
		t.Helper()
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

func TestAViewDoesNotDependOnTheBatchThatItIsMadeIn(t *testing.T) {
	view := newMaker(t, everything(), 1)
	order := rand.New(rand.NewPCG(3, 4)).Perm(allSamples)
	samples := func(from, to int) (s []int32) {
		for _, i := range order[from:to] {
			s = append(s, int32(i))
		}
		return s
	}
	whole := view(9, 2, ascending(allSamples))
	for _, size := range []int{1, 7, 64} {
		for from := 0; from+size <= min(allSamples, 4*size); from += size {
			part := samples(from, from+size)
			for k, values := range view(9, 2, part) {
				for i, sample := range part {
					if !slices.Equal(row(values, i, size), row(whole[k], int(sample), allSamples)) {
						t.Fatalf("batch size %d, sample %d: output %d differs by %g", size, sample, k,
							largestDifference(row(values, i, size), row(whole[k], int(sample), allSamples)))
					}
				}
			}
		}
	}
}

func TestSeedEpochAndViewEachChangeTheView(t *testing.T) {
	p := Pipeline{GaussianNoise{Sigma: 1}}
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

func TestParametersAreThoseOfThePureGoBackend(t *testing.T) {
	b := testbackend.PureGo(t)
	key := func(b compute.Backend) [][]float32 {
		return call(t, b, func(stream, samples *Node) []*Node {
			return flat(everything().Draw(Key{Stream: stream, Samples: samples, View: 1}, 32, 32))
		}, Stream(9, 2), upTo(allSamples))
	}
	pure, xla := key(b), key(testbackend.Open(t))
	for k := range pure {
		// A back end may keep more digits between a product and a sum, and has logarithms and cosines of its own.
		tolerance := 2e-7
		if len(pure[k]) > allSamples {
			tolerance = 1e-5 // noise
		}
		if d := largestDifference(pure[k], xla[k]); d > tolerance {
			t.Errorf("parameter %d differs by %g", k, d)
		}
	}
}

func TestAppliedAgainTheParametersOfAViewGiveTheSamePixels(t *testing.T) {
	p := everything()
	images := randomImages(allSamples, 24, 40)
	var like []Params
	made := call(t, testbackend.Open(t), func(images, stream, samples *Node) []*Node {
		v := p.Make(FromBytes(images), Key{Stream: stream, Samples: samples})
		like = v.Params
		return append([]*Node{v.Images}, flat(v.Params)...)
	}, images, Stream(1, 1), upTo(allSamples))
	args := []any{images}
	for _, values := range made[1:] {
		args = append(args, rows(values, allSamples))
	}
	again := call(t, testbackend.Open(t), func(in []*Node) []*Node {
		images, in := in[0], in[1:]
		params := make([]Params, len(like))
		for i := range like {
			params[i] = unflat(in[:len(like[i])], sortedNames(like[i]))
			in = in[len(like[i]):]
		}
		return []*Node{p.Apply(FromBytes(images), params)}
	}, args...)
	if !slices.Equal(made[0], again[0]) {
		t.Errorf("the pixels differ by up to %g", largestDifference(made[0], again[0]))
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
