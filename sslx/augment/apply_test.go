package augment

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestAnOperationLeavesTheImagesAloneThatWereNotDrawn(t *testing.T) {
	images := randomImages(4, 6, 6)
	draws := [][]float32{{0.1}, {0.49999}, {0.5}, {0.9}} // the probability is 0.5
	one := [][]float32{{1}, {1}, {1}, {1}}
	for name, build := range map[string]func(images, draws, one *Node) *Node{
		"flip": func(x, u, _ *Node) *Node { return HorizontalFlip{Probability: 0.5}.Apply(x, Params{"flipped": u}) },
		"gray": func(x, u, _ *Node) *Node { return Grayscale{Probability: 0.5}.Apply(x, Params{"gray": u}) },
		"jitter": func(x, u, one *Node) *Node {
			return ColorJitter{Probability: 0.5}.Apply(x, Params{"jittered": u, "brightness": MulScalar(one, 0.5),
				"contrast": one, "saturation": one, "hue": one})
		},
	} {
		out := call(t, testbackend.Open(t), func(images, draws, one *Node) []*Node {
			x := FromBytes(images)
			return []*Node{x, build(x, draws, one)}
		}, images, draws, one)
		for i := range 4 {
			same := slices.Equal(row(out[0], i, 4), row(out[1], i, 4))
			if changed := i < 2; same == changed {
				t.Errorf("%s with the draw %g: changed is %v", name, draws[i][0], !same)
			}
		}
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
