package augment

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

func TestOperation_LeavesTheImagesAloneThatWereNotDrawn(t *testing.T) {
	images := randomImages(4, 6, 6)
	draws := [][]float32{{0.1}, {0.49999}, {0.5}, {0.9}} // the probability is 0.5
	one := [][]float32{{1}, {1}, {1}, {1}}
	optional, names := halfTheTime(t), []string(nil)
	outputs := call(t, testbackend.Open(t), func(images, draws, one *Node) []*Node {
		x := FromBytes(images)
		outputs := []*Node{x}
		for _, name := range slices.Sorted(maps.Keys(optional)) {
			op := optional[name]
			p := Params{}
			for _, parameter := range paramNames(op) {
				p[parameter] = one
			}
			p["brightness"] = MulScalar(one, 0.5)
			p[decider(t, op)] = draws
			names, outputs = append(names, name), append(outputs, op.Apply(x, p))
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

// halfTheTime returns the registered operations that have a probability, with a half for it.
func halfTheTime(t *testing.T) map[string]Operation {
	optional := map[string]Operation{}
	for name, op := range operations() {
		if erasing, ok := op.(RandomErasing); ok {
			erasing.Noise = false // its values are not one number for each image
			op = erasing
		}
		var half yaml.Node
		if err := yaml.Unmarshal([]byte("{probability: 0.5}"), &half); err != nil {
			t.Fatal(err)
		}
		if op, err := registered.Decode(half.Content[0], name, op); err == nil {
			optional[name] = op
		}
	}

	if len(optional) < 9 {
		t.Fatalf("only %v have a probability", slices.Sorted(maps.Keys(optional)))
	}
	return optional
}

// decider returns the parameter that says whether an operation of probability 0.5 applies, which its description knows.
func decider(t *testing.T, op Operation) string {
	t.Helper()
	for _, name := range paramNames(op) {
		if Describe(op, Drawn{name: 0.5}) == "" && Describe(op, Drawn{name: 0.4}) != "" {
			return name
		}
	}
	t.Fatalf("%T has a probability, but its description of what was not drawn is not empty", op)
	return ""
}

func TestRandomErasing_FillsTheRectangleWithNoise(t *testing.T) {
	images := randomImages(1, 3, 2)
	noise := make([]float32, 3*2*3)
	for i := range noise {
		noise[i] = float32(-i)
	}

	out := call(t, testbackend.Open(t), func(images, noise *Node) []*Node {
		x := FromBytes(images)
		value := func(v float32) *Node { return Const(x.Graph(), [][]float32{{v}}) }
		p := Params{"erased": value(0), "top": value(1),
			"left": value(0), "height": value(2), "width": value(1), "noise": noise}
		return []*Node{x, RandomErasing{Noise: true, Probability: 1}.Apply(x, p)}
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

func TestOperation_ThatDoesNotFitTheImageIsAUsageError(t *testing.T) {
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

func TestGaussianNoise_IsAddedInPixelUnitsAndNotClipped(t *testing.T) {
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

func TestColorJitter_OfGrayBlackAndWhiteStaysFiniteAndGray(t *testing.T) {
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

// careless looks for a parameter that it never drew.
type careless struct {
	SameSize
	NoDraw
}

func (careless) Name() string { return "careless" }

func (careless) Apply(images *Node, p Params) *Node { return Add(images, PerImage(p["shift"])) }

func TestPipeline_FailureNamesItsOperation(t *testing.T) {
	exec := MustNewExec(testbackend.Open(t), func(images, stream, samples *Node) *Node {
		key := Key{Stream: stream, Samples: samples}
		return Pipeline{HorizontalFlip{Probability: 0.5}, careless{}}.Make(images, key).Images
	})
	_, err := exec.Call(tensors.FromShape(shapes.Make(dtypes.Float32, 2, 8, 8, 3)), Stream(1, 0), []uint32{0, 1})
	var at *blame.Error
	if !errors.As(err, &at) {
		t.Fatalf("got %v, which names no part", err)
	}
	if at.Part != "operation careless" {
		t.Errorf("it blames %s", at.Part)
	}
}
