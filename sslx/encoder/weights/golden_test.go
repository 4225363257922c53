package weights_test

import (
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/encoder"
)

// uniform returns n numbers in [0, 1) that a name decides, as in testdata/golden.py.
func uniform(name string, n int) []float32 {
	key := crc32.ChecksumIEEE([]byte(name))
	values := make([]float32, n)
	for i := range values {
		x := uint32(i)*0x9E3779B9 ^ key
		x = (x ^ x>>16) * 0x85EBCA6B
		x = (x ^ x>>13) * 0xC2B2AE35
		x ^= x >> 16
		values[i] = float32(x>>8) / (1 << 24)
	}
	return values
}

// formula returns the values of a tensor of a network, as in testdata/golden.py.
func formula(t encoder.Tensor) safetensors.Tensor {
	size, fan := 1, 1
	for i, d := range t.Dims {
		size *= d
		if i > 0 {
			fan *= d
		}
	}
	values := uniform(t.Name, size)
	weight := strings.HasSuffix(t.Name, ".weight")
	for i, u := range values {
		switch {
		case strings.HasSuffix(t.Name, "running_var"), weight && len(t.Dims) == 1:
			values[i] = u + 0.5
		case weight:
			values[i] = (u - 0.5) * float32(math.Sqrt(24/float64(fan)))
		default:
			values[i] = u - 0.5
		}
	}
	return safetensors.Tensor{Name: t.Name, Shape: t.Dims, Values: values}
}

// golden is what PyTorch computes: some features of each image, and some running statistics after training.
type golden struct {
	Size        int
	Eval, Train [][]float64
	Statistics  map[string][]float64
}

// networks are the networks of testdata/golden.py.
var networks = map[string]encoder.Portable{
	"resnet18":         encoder.ResNet{Layers: 18, Width: 64, Stem: encoder.StemImageNet},
	"resnet34":         encoder.ResNet{Layers: 34, Width: 64, Stem: encoder.StemImageNet},
	"resnet50":         encoder.ResNet{Layers: 50, Width: 64, Stem: encoder.StemImageNet},
	"resnet101":        encoder.ResNet{Layers: 101, Width: 64, Stem: encoder.StemImageNet},
	"vit-tiny":         vit(encoder.PoolToken),
	"vit-tiny mean":    vit(encoder.PoolMean),
	"vit-tiny larger":  vit(encoder.PoolToken),
	"vit-tiny smaller": vit(encoder.PoolToken),
}

func vit(pool string) encoder.ViT {
	return encoder.ViT{Kind: "tiny", Patch: 8, ImageSize: 32, Pool: pool, Positions: encoder.PositionsLearned}
}

// quick are the networks that are always tested; the others take two minutes of a core.
var quick = map[string]bool{"vit-tiny": true}

func TestRead_FeaturesAreThoseOfTorchvisionAndTimm(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]golden
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for name, e := range networks {
		t.Run(name, func(t *testing.T) {
			if !quick[name] && os.Getenv("SSLX_TEST_ALL") == "" {
				t.Skip("set SSLX_TEST_ALL to compare every network")
			}
			compare(t, e, all[name])
		})
	}
}

// compare reads a file with the weights of the formula, and compares what its network computes.
func compare(t *testing.T, e encoder.Portable, want golden) {
	var file []safetensors.Tensor
	for _, tensor := range e.Tensors(3) {
		file = append(file, formula(tensor))
	}
	w := read(t, file)
	if w.Encoder != e {
		t.Fatalf("recognized as %+v", w.Encoder)
	}

	store := model.NewStore()
	defer store.Finalize()
	single := imagesOf(want.Size)
	double := tensors.FromFlatDataAndDimensions(wide(tensors.MustCopyFlatData[float32](single)),
		single.Shape().Dimensions...)
	for _, mode := range []encoder.Mode{encoder.Eval, encoder.Train} {
		expected, what, images := want.Eval, "evaluation", single
		if mode == encoder.Train {
			expected, what = want.Train, "training"
			if len(want.Statistics) > 0 {
				images = double // batch statistics of few images enlarge rounding
			}
		}
		exec, err := model.NewExec(testbackend.Open(t), store, func(scope *model.Scope, images *Node) *Node {
			return ConvertDType(e.Build(scope, images, mode), dtypes.Float32)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer exec.Finalize()
		if _, err := exec.Compile(images.Shape()); err != nil {
			t.Fatal(err)
		}
		for path, value := range w.Values {
			v := store.GetVariable("/" + path)
			if v == nil || !v.Shape().Equal(value.Shape()) {
				t.Fatalf("the network has no variable %s of shape %s", path, value.Shape())
			}
			clone, err := value.LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			if err := v.SetValue(clone); err != nil {
				t.Fatal(err)
			}
		}
		outputs, err := exec.Call(images)
		if err != nil {
			t.Fatal(err)
		}
		got := tensors.MustCopyFlatData[float32](outputs[0])
		for i, row := range expected {
			near(t, what, every(got[i*e.Dim():(i+1)*e.Dim()], len(row)), row)
		}
	}

	// Training has moved the running statistics.
	for _, tensor := range e.Tensors(3) {
		if expected := want.Statistics[tensor.Name]; expected != nil {
			got := tensors.MustCopyFlatData[float32](store.GetVariable("/" + tensor.Variable).MustValue())
			near(t, tensor.Name, every(got, len(expected)), expected)
		}
	}
}

func wide(values []float32) []float64 {
	all := make([]float64, len(values))
	for i, v := range values {
		all[i] = float64(v)
	}
	return all
}

// imagesOf returns the images of testdata/golden.py, channels last.
func imagesOf(size int) *tensors.Tensor {
	planes := uniform("images", 4*3*size*size)
	pixels := make([]float32, len(planes))
	for i, u := range planes {
		image, channel, pixel := i/(3*size*size), i/(size*size)%3, i%(size*size)
		pixels[(image*size*size+pixel)*3+channel] = u*4 - 2
	}
	return tensors.FromFlatDataAndDimensions(pixels, 4, size, size, 3)
}

// every returns n values, evenly spaced.
func every(values []float32, n int) (some []float64) {
	for i := range n {
		some = append(some, float64(values[i*(len(values)/n)]))
	}
	return some
}

// near fails when a value differs by more than 1e-4 of the largest one.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i := range want {
		largest, worst = max(largest, math.Abs(want[i])), max(worst, math.Abs(got[i]-want[i]))
	}
	if !(worst <= 1e-4*largest) {
		t.Errorf("%s: values differ by %.1e of the largest, %v and %v", what, worst/largest, got[:4], want[:4])
	}
	t.Logf("%s: values differ by %.1e of the largest", what, worst/largest)
}
