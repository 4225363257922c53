package augment

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// parityTolerance is the largest difference from torchvision, which computes in float32 too.
const parityTolerance = 1e-5

// golden is testdata/golden.json, which testdata/golden.py makes with torchvision.
type golden struct {
	Height, Width int
	Pixels        []int
	Cases         []goldenCase
}

type goldenCase struct {
	Operation string
	Size      [2]int
	Params    map[string]float32
	Pixels    []float64
}

func TestOperationsGiveThePixelsOfTorchvision(t *testing.T) {
	image, cases := readGolden(t)
	execs := map[string]*Exec{} // one for each operation and size
	largest := map[string]float64{}
	for _, c := range cases {
		names := slices.Sorted(maps.Keys(c.Params))
		args := []any{image}
		for _, name := range names {
			args = append(args, [][]float32{{c.Params[name]}})
		}
		id := fmt.Sprint(c.Operation, c.Size)
		if execs[id] == nil {
			execs[id] = MustNewExec(testbackend.Open(t), func(in []*Node) []*Node {
				return []*Node{c.apply(FromBytes(in[0]), unflat(in[1:], names))}
			})
		}
		outputs, err := execs[id].Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		got := float32s(t, outputs)[0]
		if len(got) != len(c.Pixels) {
			t.Fatalf("%s %v: %d values, want %d", c.Operation, c.Params, len(got), len(c.Pixels))
		}
		for i, want := range c.Pixels {
			d := math.Abs(float64(got[i]) - want)
			if !(d <= parityTolerance) {
				t.Fatalf("%s %v: value %d is %g, torchvision has %g", c.Operation, c.Params, i, got[i], want)
			}
			largest[c.Operation] = max(largest[c.Operation], d)
		}
	}
	t.Logf("largest differences: %v", largest)
}

// apply builds the operation of the case.
func (c goldenCase) apply(image *Node, p Params) *Node {
	draw := Const(image.Graph(), [][]float32{{0.3}}) // below the probability 1 of the operations
	switch c.Operation {
	case "resized-crop":
		return ResizedCrop{Height: c.Size[0], Width: c.Size[1]}.Apply(image, p)
	case "horizontal-flip":
		return HorizontalFlip{Probability: 1}.Apply(image, Params{"flipped": draw})
	case "grayscale":
		return Grayscale{Probability: 1}.Apply(image, Params{"gray": draw})
	case "color-jitter":
		p["jittered"] = draw
		return ColorJitter{Probability: 1, Hue: 0.5}.Apply(image, p)
	case "normalize":
		return Normalize(image, cifarMean, cifarStd)
	}
	panic("no operation is named " + c.Operation)
}

func readGolden(t *testing.T) (image *tensors.Tensor, cases []goldenCase) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	pixels := make([]uint8, len(g.Pixels))
	for i, p := range g.Pixels {
		pixels[i] = uint8(p)
	}
	return tensors.FromFlatDataAndDimensions(pixels, 1, g.Height, g.Width, 3), g.Cases
}
