package augment

import (
	"maps"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

func TestAnOperationLeavesTheImagesAloneThatWereNotDrawn(t *testing.T) {
	images := randomImages(4, 6, 6)
	draws := [][]float32{{0.1}, {0.49999}, {0.5}, {0.9}} // the probability is 0.5
	one := [][]float32{{1}, {1}, {1}, {1}}
	names := slices.Sorted(maps.Keys(optional))
	outputs := call(t, testbackend.Open(t), func(images, draws, one *Node) []*Node {
		x := FromBytes(images)
		outputs := []*Node{x}
		for _, name := range names {
			p := Params{"brightness": MulScalar(one, 0.5), "contrast": one, "saturation": one, "hue": one, "sigma": one,
				"top": one, "left": one, "height": one, "width": one}
			for _, draw := range []string{"flipped", "gray", "jittered", "blurred", "solarized", "posterized", "erased",
				"applied"} {
				p[draw] = draws
			}
			outputs = append(outputs, optional[name].Apply(x, p))
		}
		return outputs
	}, images, draws, one)
	for k, name := range names {
		for i := range 4 {
			same := slices.Equal(row(outputs[0], i, 4), row(outputs[k+1], i, 4))
			if changed := i < 2; same == changed {
				t.Errorf("%s with the draw %g: changed is %v", name, draws[i][0], !same)
			}
		}
	}
}

// optional are the operations that have a probability, at a half.
var optional = map[string]Operation{
	"horizontal flip": HorizontalFlip{Probability: 0.5},
	"vertical flip":   VerticalFlip{Probability: 0.5},
	"gray":            Grayscale{Probability: 0.5},
	"jitter":          ColorJitter{Probability: 0.5},
	"blur":            NewGaussianBlur(3, 0.5),
	"solarize":        Solarize{Probability: 0.5},
	"posterize":       Posterize{Bits: 2, Probability: 0.5},
	"erasing":         NewRandomErasing(0.5),
	"sometimes":       Sometimes{Solarize{Probability: 1.1}, 0.5},
}

func TestErasingWithNoiseFillsTheRectangleWithIt(t *testing.T) {
	images := randomImages(1, 3, 2)
	noise := make([]float32, 3*2*3)
	for i := range noise {
		noise[i] = float32(-i)
	}
	out := call(t, testbackend.Open(t), func(images, noise *Node) []*Node {
		x := FromBytes(images)
		value := func(v float32) *Node { return Const(x.Graph(), [][]float32{{v}}) }
		return []*Node{x, RandomErasing{Noise: true, Probability: 1}.Apply(x, Params{"erased": value(0), "top": value(1),
			"left": value(0), "height": value(2), "width": value(1), "noise": noise})}
	}, images, [][]float32{noise})
	for i, got := range out[1] {
		want := out[0][i]
		if pixel := i / 3; pixel == 2 || pixel == 4 { // the left pixels of the two last rows
			want = noise[i]
		}
		if got != want {
			t.Errorf("value %d is %g, want %g", i, got, want)
		}
	}
}

func TestAnOperationThatDoesNotFitTheImageIsAUsageError(t *testing.T) {
	for name, op := range map[string]Operation{
		"a blur with an even kernel":     GaussianBlur{KernelHeight: 4, KernelWidth: 3, SigmaMax: 1},
		"a blur larger than the image":   NewGaussianBlur(13, 1),
		"a patch larger than the image":  Patch{Side: 7, Height: 2, Width: 2, Random: true},
		"a patch that ends outside":      Patch{Side: 3, Height: 2, Width: 2, Top: 4},
		"a patch that ends to the right": Patch{Side: 3, Height: 2, Width: 2, Left: 4},
	} {
		exec := MustNewExec(testbackend.Open(t), func(images, stream, samples *Node) *Node {
			return Pipeline{op}.Make(FromBytes(images), Key{Stream: stream, Samples: samples}).Images
		})
		if _, err := exec.Call(randomImages(2, 6, 6), Stream(1, 0), upTo(2)); !usage.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
		exec.Finalize()
	}
}

func TestNoiseIsAddedInPixelUnitsAndNotClipped(t *testing.T) {
	images := randomImages(1, 2, 1)
	noise := [][]float32{{-3, -2, -1, 1, 2, 3}}
	out := call(t, testbackend.Open(t), func(images, noise *Node) []*Node {
		x := FromBytes(images)
		return []*Node{x, GaussianNoise{Sigma: 0.5}.Apply(x, Params{"noise": noise})}
	}, images, noise)
	for i, n := range noise[0] {
		if d := math.Abs(float64(out[1][i] - out[0][i] - 0.5*n)); d > 1e-6 {
			t.Errorf("value %d: %g became %g with the noise %g", i, out[0][i], out[1][i], n)
		}
	}
}

func TestJitterOfGrayAndBlackAndWhiteStaysFiniteAndGray(t *testing.T) {
	images := [][][][]float32{{{{0, 0, 0}, {1, 1, 1}, {0.5, 0.5, 0.5}}}}
	got := call(t, testbackend.Open(t), func(images *Node) []*Node {
		g := images.Graph()
		value := func(v float32) *Node { return Const(g, [][]float32{{v}}) }
		return []*Node{ColorJitter{Probability: 1, Hue: 0.5}.Apply(images, Params{"jittered": value(0),
			"brightness": value(0.9), "contrast": value(1.2), "saturation": value(1.8), "hue": value(0.31)})}
	}, images)[0]
	for i := 0; i < len(got); i += 3 {
		r, g, b := float64(got[i]), float64(got[i+1]), float64(got[i+2])
		if !(math.Abs(r-g) < 1e-6 && math.Abs(g-b) < 1e-6 && r >= 0 && r <= 1) {
			t.Errorf("pixel %d became %g, %g, %g", i/3, r, g, b)
		}
	}
}
