package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sslx-go/lab/internal/testbackend"
)

// The operations whose parameters are tested below, for images of 30 x 41; the parameters of the others are tested in
// distribution_test.go.
var drawnFrom = Pipeline{
	VerticalFlip{Probability: 0.4},
	Rotation{Degrees: 25},
	Translation{Height: 0.25, Width: 0.1},
	GaussianBlur{KernelHeight: 3, KernelWidth: 3, SigmaMin: 0.3, SigmaMax: 1.7},
	Solarize{}, Posterize{}, NewRandomErasing(0.5), Cutout{Side: 6},
	Sometimes{HorizontalFlip{Probability: 0.5}, 0.3},
	Patch{Side: 11, Height: 4, Width: 4, Random: true},
}

// drawEach returns the parameters of a pipeline by operation and name, as draw does for one operation.
func drawEach(t *testing.T, p Pipeline, height, width int) map[string][]float32 {
	t.Helper()
	var names []string
	values := call(t, testbackend.Open(t), func(stream, samples *Node) (nodes []*Node) {
		params := p.Draw(Key{Stream: stream, Samples: samples}, height, width, 3)
		for i, op := range p {
			for _, name := range sortedNames(params[i]) {
				names = append(names, fmt.Sprintf("%T.%s", op, name)[len("augment."):])
			}
		}
		return flat(params)
	}, Stream(11, 0), upTo(draws))

	drawn := map[string][]float32{}
	for i, name := range names {
		drawn[name] = values[i]
	}
	return drawn
}

func TestParams_HaveTheDistributionThatTheirOperationStates(t *testing.T) {
	drawn := drawEach(t, drawnFrom, 30, 41)
	for _, name := range []string{"VerticalFlip.flipped", "GaussianBlur.blurred", "Solarize.solarized",
		"Posterize.posterized", "RandomErasing.erased", "Sometimes.applied", "Sometimes.flipped"} {
		mustBeUniform(t, name, drawn[name], 0, 1)
	}
	mustBeUniform(t, "angle", drawn["Rotation.degrees"], -25, 25)
	mustBeUniform(t, "sigma", drawn["GaussianBlur.sigma"], 0.3, 1.7)
	mustBeRounded(t, "down", drawn["Translation.down"], 7.5)
	mustBeRounded(t, "right", drawn["Translation.right"], 4.1)
	mustBeEven(t, "row", drawn["Cutout.row"], 29)
	mustBeEven(t, "column", drawn["Cutout.column"], 40)
	mustBeEven(t, "top of the patch", drawn["Patch.top"], 30-11)
	mustBeEven(t, "left of the patch", drawn["Patch.left"], 41-11)

	random := rand.New(rand.NewPCG(8, 9))
	want := map[string][]float64{}
	for range draws {
		r := torchvisionErasing(random, 30, 41)
		want["top"], want["left"] = append(want["top"], r.top), append(want["left"], r.left)
		want["height"], want["width"] = append(want["height"], r.height), append(want["width"], r.width)
		want["area"] = append(want["area"], r.height*r.width)
	}

	areas := make([]float32, draws)
	for i := range areas {
		areas[i] = drawn["RandomErasing.height"][i] * drawn["RandomErasing.width"][i]
	}
	drawn["RandomErasing.area"] = areas
	for name, values := range want {
		mustMatch(t, name+" of what is erased", float64s(drawn["RandomErasing."+name]), values)
	}
}

// torchvisionErasing follows RandomErasing.make_params of torchvision 0.29.2, line by line, with its defaults.
func torchvisionErasing(random *rand.Rand, height, width int) rectangle {
	for range 10 {
		area := float64(height*width) * (0.02 + random.Float64()*(0.33-0.02))
		ratio := math.Exp(math.Log(0.3) + random.Float64()*(math.Log(3.3)-math.Log(0.3)))
		h, w := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if h < height && w < width {
			return rectangle{float64(random.IntN(height - h + 1)), float64(random.IntN(width - w + 1)),
				float64(h), float64(w)}
		}
	}
	return rectangle{}
}

// mustBeRounded fails unless the values may be the rounded ones of a uniform number between -most and most.
func mustBeRounded(t *testing.T, what string, values []float32, most float64) {
	t.Helper()
	last := int(math.RoundToEven(most))
	counts, expected := make([]float64, 2*last+1), make([]float64, 2*last+1)
	for i := range expected {
		low, high := max(float64(i-last)-0.5, -most), min(float64(i-last)+0.5, most)
		expected[i] = draws * (high - low) / (2 * most)
	}

	for _, v := range values {
		if v != float32(int(v)) || int(v) < -last || int(v) > last {
			t.Fatalf("%s: %g is not one of %d … %d", what, v, -last, last)
		}
		counts[int(v)+last]++
	}

	k := float64(len(counts) - 1)
	if expected[0] == 0 { // 7.5 rounds to 8 at its very end only
		counts, expected, k = counts[1:2*last], expected[1:2*last], k-2
	}

	if chi, limit := stat.ChiSquare(counts, expected), (distuv.ChiSquared{K: k}).Quantile(1-significance); chi > limit {
		t.Errorf("%s: χ² is %.1f, above %.1f", what, chi, limit)
	}
}

func TestParams_OfAllOperationsAreIndependent(t *testing.T) {
	drawn := drawEach(t, drawnFrom, 30, 41)
	dependent := map[string]bool{ // a rectangle must fit: the larger, the nearer to the corner
		"RandomErasing.height RandomErasing.width": true, "RandomErasing.height RandomErasing.top": true,
		"RandomErasing.height RandomErasing.left": true, "RandomErasing.left RandomErasing.width": true,
		"RandomErasing.top RandomErasing.width": true, "RandomErasing.left RandomErasing.top": true,
	}

	for a, x := range drawn {
		for b, y := range drawn {
			if a >= b || dependent[a+" "+b] {
				continue
			}
			if r := stat.Correlation(float64s(x), float64s(y), nil); math.Abs(r) > 4.5/math.Sqrt(draws) {
				t.Errorf("%s and %s are correlated: %.3f", a, b, r)
			}
		}
	}
}
