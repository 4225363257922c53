package augment

import (
	"cmp"
	"encoding/json"
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

func TestOperations_GiveThePixelsOfTorchvision(t *testing.T) {
	image, cases := readGolden(t)
	outputs := call(t, testbackend.Open(t), func(pixels *Node) (views []*Node) {
		for _, c := range cases {
			views = append(views, c.apply(FromBytes(pixels)))
		}
		return views
	}, image)

	largest := map[string]float64{}
	for k, c := range cases {
		if len(outputs[k]) != len(c.Pixels) {
			t.Errorf("%s %v: %d values, want %d", c.Operation, c.Params, len(outputs[k]), len(c.Pixels))
			continue
		}
		for i, want := range c.Pixels {
			d := math.Abs(float64(outputs[k][i]) - want)
			if !(d <= parityTolerance) {
				t.Errorf("%s %v: value %d is %g, torchvision has %g", c.Operation, c.Params, i, outputs[k][i], want)
				break
			}
			largest[c.Operation] = max(largest[c.Operation], d)
		}
	}

	for _, name := range slices.Sorted(maps.Keys(largest)) {
		t.Logf("%-16s %.1g", name, largest[name])
	}
}

// apply builds the operation of the case.
func (c goldenCase) apply(image *Node) *Node {
	if c.Operation == "normalize" {
		return Normalize(image, cifarMean, cifarStd)
	}

	// The parameters of the case, and for the draw that decides a number below the operations' probability of 1.
	op, p := c.operation(), Params{}
	for _, name := range paramNames(op) {
		value, ok := c.Params[name]
		if !ok {
			value = 0.3
		}
		p[name] = Const(image.Graph(), [][]float32{{value}})
	}
	return op.Apply(image, p)
}

// operation returns the operation of the case with its fixed parameters.
func (c goldenCase) operation() Operation {
	whole := func(name string) int { return int(c.Params[name]) }
	height, width := c.Size[0], c.Size[1]
	padding := Padding{Top: whole("top"), Bottom: whole("bottom"), Left: whole("left"), Right: whole("right"),
		Fill: [3]float64{0.2, 0.4, 0.6}}
	blur := GaussianBlur{KernelHeight: whole("kernel_height"), KernelWidth: whole("kernel_width"), Probability: 1}
	reflected := padding
	reflected.Reflect = true
	return map[string]Operation{
		"center-crop":      CenterCrop{Height: height, Width: width},
		"color-jitter":     ColorJitter{Probability: 1, Hue: 0.5},
		"cutout":           Cutout{Side: whole("side")},
		"gaussian-blur":    blur,
		"grayscale":        Grayscale{Probability: 1},
		"horizontal-flip":  HorizontalFlip{Probability: 1},
		"padding-constant": padding,
		"padding-reflect":  reflected,
		"patch":            Patch{Side: whole("side"), Height: height, Width: width},
		"posterize":        Posterize{Bits: whole("bits"), Probability: 1},
		"random-erasing":   RandomErasing{Fill: [3]float64{0.2, 0.4, 0.6}, Probability: 1},
		"resize":           Resize{Height: height, Width: width},
		"resized-crop":     ResizedCrop{Height: height, Width: width},
		"rotation":         Rotation{},
		"solarize":         Solarize{Threshold: float64(c.Params["threshold"]), Probability: 1},
		"translation":      Translation{Height: 0.5, Width: 0.5},
		"vertical-flip":    VerticalFlip{Probability: 1},
	}[c.Operation]
}

func readGolden(t *testing.T) (image *tensors.Tensor, cases []goldenCase) {
	text, err := os.ReadFile(cmp.Or(os.Getenv("SSLX_GOLDEN"), "testdata/golden.json"))
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
