package encoder

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

// build adds an encoder for images of the given size to a graph that is not compiled, and returns its output.
func build(t testing.TB, store *model.Store, e Encoder, height, width int) *Node {
	t.Helper()
	g := NewGraph(testbackend.Open(t), t.Name())
	t.Cleanup(g.Finalize)
	return e.Build(store.RootScope(), Parameter(g, "images", shapes.Make(dtypes.Float32, 2, height, width, 3)), Train)
}

func TestEncoder_ParameterCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		want int
	}{
		// kuangliu/pytorch-cifar's ResNet18 has 11,173,962 with its head of 512·10 weights and 10 biases.
		{"resnet18", 11_173_962 - 512*10 - 10},
		// torchvision's resnet50 has 25,557,032 with its head of 2048·1000 weights and 1000 biases.
		{"resnet50", 25_557_032 - 2048*1000 - 1000},
		{"resnet101", 44_549_160 - 2048*1000 - 1000},
		// akamaster/pytorch_resnet_cifar10 states 0.27 M, 0.46 M, 0.66 M and 0.85 M, with heads of 64·10 + 10.
		{"resnet20", 269_722 - 650}, {"resnet32", 464_154 - 650}, {"resnet44", 658_586 - 650},
		{"resnet56", 853_018 - 650},
		// timm's vit_tiny_patch16_224, vit_small_patch16_224 and vit_base_patch16_224 without heads have 5,524,416,
		// 21,665,664 and 85,798,656, with 16·16·3 weights a channel for patches and 197 positions, not 4·4·3 and 65.
		{"vit-tiny", 5_524_416 - 192*(720+132)}, {"vit-small", 21_665_664 - 384*(720+132)},
		{"vit-base", 85_798_656 - 768*(720+132)},
		// By layer, convolutions and then scales and offsets: stem 4·4·3·32 + 64, down1 9·32·64 + 128,
		// block1 2·(9·64·64 + 128), down2 9·64·128 + 256, block2 2·(9·128·128 + 256), last 9·128·256 + 512.
		{"convnet", 1_600 + 18_560 + 73_984 + 73_984 + 295_424 + 295_424},
	} {
		store := model.NewStore()
		build(t, store, named(c.name), 32, 32)
		count := 0
		for v := range store.IterVariables() {
			if v.Trainable {
				count += v.Shape().Size()
			}
		}
		if count != c.want {
			t.Errorf("%s has %d parameters, want %d", c.name, count, c.want)
		}
	}
}

func TestEncoder_ARepresentationHasDimNumbersAtEveryImageSize(t *testing.T) {
	for _, name := range Names() {
		e := named(name)
		if slices.Contains(ofAWidth(), name) {
			e = ofWidth(name, 4)
		}
		store := model.NewStore()
		for _, size := range [][2]int{{8, 8}, {24, 24}, {32, 32}, {64, 64}, {32, 20}} {
			got := build(t, store, e, size[0], size[1]).Shape().Dimensions
			if !reflect.DeepEqual(got, []int{2, e.Dim()}) {
				t.Errorf("%s %+v on %v: %v, want [2 %d]", name, e, size, got, e.Dim())
			}
		}
	}
	if got := named("resnet18").Dim(); got != 512 {
		t.Errorf("ResNet-18 gives %d numbers, want 512", got)
	}
}

func seeded(seed uint64) *model.Store {
	store := model.NewStore()
	store.RootScope().SetParam(ParamSeed, seed)
	return store
}

func TestWeights_DependOnSeedAndPathAlone(t *testing.T) {
	layers := []string{"a", "b", "c"}
	values := func(seed uint64, order []int) map[string][]float64 {
		store := seeded(seed)
		g := NewGraph(testbackend.Open(t), "order")
		defer g.Finalize()
		x := Parameter(g, "x", shapes.Make(dtypes.Float32, 2, 5))
		for _, i := range order {
			Dense(store.RootScope().At("%s", layers[i]), x, 4, 2, true)
		}
		return variables(t, store)
	}
	one := values(7, []int{0, 1, 2})
	if !reflect.DeepEqual(one, values(7, []int{2, 0, 1})) {
		t.Error("the order of building changes the weights")
	}
	other := values(8, []int{0, 1, 2})
	if reflect.DeepEqual(one["/a/kernel"], other["/a/kernel"]) {
		t.Error("another seed gives the same weights")
	}
	if reflect.DeepEqual(one["/a/kernel"], one["/b/kernel"]) {
		t.Error("two layers have the same weights")
	}
}

func TestWeights_OfConvolutionsHaveTheVarianceOfHe(t *testing.T) {
	store := seeded(1)
	build(t, store, named("convnet"), 32, 32)
	for path, values := range variables(t, store) {
		if !strings.HasSuffix(path, "/kernel") {
			continue
		}
		dims := store.GetVariable(path).Shape().Dimensions
		fanIn, n := float64(dims[0]*dims[1]*dims[2]), float64(len(values))
		mean, variance := moments(values, len(values), 0, 1)
		if z := mean / math.Sqrt(2/fanIn/n); math.Abs(z) > 4 {
			t.Errorf("%s: the mean is %.1f standard errors from 0", path, z)
		}
		if z := (variance*fanIn/2 - 1) / math.Sqrt(2/n); math.Abs(z) > 4 {
			t.Errorf("%s: the variance is %.3f of 2/fan-in", path, variance*fanIn/2)
		}
	}
}

func TestNamed_SuggestsTheNearestEncoder(t *testing.T) {
	for name, want := range map[string]string{
		"resnet8": `unknown encoder "resnet8": did you mean "resnet18"?`,
		"clip":    `unknown encoder "clip": it must be one of ` + strings.Join(Names(), ", "),
	} {
		if _, err := Named(name); !usage.Is(err) || err.Error() != want {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestCheck_RefusesAWidthThatIsNotPositive(t *testing.T) {
	for _, name := range ofAWidth() {
		if err := Check(named(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, width := range []int{0, -1} {
			want := fmt.Sprintf("encoder.width is %d: it must be positive", width)
			if err := Check(ofWidth(name, width)); !usage.Is(err) || err.Error() != want {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	if err := Check(nil); !usage.Is(err) {
		t.Errorf("no encoder: %v", err)
	}
}

func TestConvNet_FeaturesAreTheWidthOfTheLastMap(t *testing.T) {
	for _, c := range []struct {
		net  ConvNet
		want int
	}{{ConvNet{Width: 4}, 32}, {ConvNet{Width: 4, Features: 96}, 96}} {
		shape := build(t, model.NewStore(), c.net, 16, 16).Shape()
		if c.net.Dim() != c.want || !slices.Equal(shape.Dimensions, []int{2, c.want}) {
			t.Errorf("%+v: dim %d, shape %s, want %d", c.net, c.net.Dim(), shape, c.want)
		}
	}
	want := "encoder.features is -1: it must be positive (0 is 8 times the width)"
	if err := Check(ConvNet{Width: 4, Features: -1}); !usage.Is(err) || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestEncoder_IsWrittenWithAllParametersAndReadBack(t *testing.T) {
	want := map[string]string{
		"convnet":  `{"name":"convnet","width":32}`,
		"resnet20": `{"name":"resnet20","width":16}`,
		"resnet18": `{"name":"resnet18","width":64,"stem":"cifar"}`,
		"resnet50": `{"name":"resnet50","width":64,"stem":"imagenet"}`,
	}
	for _, name := range Names() {
		text, err := EncodeJSON(named(name))
		if err != nil || want[name] != "" && string(text) != want[name] {
			t.Errorf("%s, %v, want %s", text, err, want[name])
		}
		if back, err := DecodeJSON(text, "encoder", nil); err != nil || back != registry.Resolve(named(name)) {
			t.Errorf("%s is read as %+v, %v", text, back, err)
		}
	}
}

// Records once gave the width that stands for the encoder's own.
func TestEncoder_ARecordWithAWidthOfZero(t *testing.T) {
	for _, name := range ofAWidth() {
		text := []byte(`{"name":"` + name + `","width":0}`)
		if got, err := DecodeJSON(text, "encoder", nil); err != nil || got != registry.Resolve(named(name)) {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
	}
}

func TestRelu_PassesGradientsWhereItsInputIsPositive(t *testing.T) {
	got := run(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
		y := relu(in[0])
		return []*Node{y, Gradient(ReduceAllSum(Mul(y, in[1])), in[0])[0]}
	}, []float32{-2, -0.5, 0, 0.5, 3}, []float32{5, 6, 7, 8, 9})
	for i, want := range [][]float64{{0, 0, 0, 0.5, 3}, {0, 0, 0, 8, 9}} {
		mustBeClose(t, []string{"output", "gradient"}[i], got[i], want, 0)
	}
}
