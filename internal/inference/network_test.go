package inference

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
)

// input describes color images of a size.
func input(height, width int) Input {
	return Input{height, width, []float64{0.5, 0.4, 0.3}, []float64{0.2, 0.25, 0.3}}
}

// randomImages returns the pixels of images.
func randomImages(count int, in Input) []byte {
	random := rand.New(rand.NewPCG(5, 6))
	pixels := make([]byte, count*in.maps().Size())
	for i := range pixels {
		pixels[i] = byte(random.Uint32())
	}
	return pixels
}

// randomValues returns values of the variables of an encoder by path: no batch normalization is the identity.
func randomValues(tb testing.TB, e encoder.Encoder, in Input) map[string][]float32 {
	tb.Helper()
	p, err := newPlan(e, in.maps())
	if err != nil {
		tb.Fatal(err)
	}

	random, values := rand.New(rand.NewPCG(1, 2)), map[string][]float32{}
	for _, s := range p.steps {
		if s.kernel == "" {
			continue
		}
		fanIn := s.window.Size * s.window.Size * s.in.Channels
		for range fanIn * s.out.Channels {
			values[s.kernel] = append(values[s.kernel], float32(random.NormFloat64()*math.Sqrt(2/float64(fanIn))))
		}
		for range s.out.Channels {
			for i, v := range []float64{0.5 + random.Float64(), 0.3 * random.NormFloat64(), 0.3 * random.NormFloat64(),
				0.5 + random.Float64()} {
				values[s.norm[i]] = append(values[s.norm[i]], float32(v))
			}
		}
	}
	return values
}

// graphFeatures returns the representations that the graph of an encoder gives.
func graphFeatures(t *testing.T, e encoder.Encoder, in Input, values map[string][]float32, pixels []byte) []float32 {
	t.Helper()
	store := model.NewStore()
	exec, err := model.NewExec(testbackend.PureGo(t), store, func(scope *model.Scope, pixels *Node) *Node {
		return e.Build(scope, augment.Normalize(augment.FromBytes(pixels), in.Mean, in.Std), encoder.Eval)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()

	count := len(pixels) / in.maps().Size()
	images := tensors.FromFlatDataAndDimensions(pixels, count, in.Height, in.Width, len(in.Mean))
	if _, err := exec.Compile(images.Shape()); err != nil { // makes the variables
		t.Fatal(err)
	}
	for v := range store.IterVariables() {
		value := values[strings.TrimPrefix(v.Path(), model.RootScopePath)]
		v.MustSetValue(tensors.FromFlatDataAndDimensions(value, v.Shape().Dimensions...))
	}
	outputs, err := exec.Call(images)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](outputs[0])
}

func TestNetwork_EmbedsAsTheGraph(t *testing.T) {
	needKernels(t)
	for _, c := range []struct {
		e             encoder.Encoder
		height, width int
	}{
		{encoder.ConvNet{Width: 32}, 32, 32},
		{encoder.ConvNet{Width: 5, Features: 33}, 20, 36},
		{encoder.ResNet{Layers: 18, Width: 8}, 32, 32},
		{encoder.ResNet{Layers: 50, Width: 4, Stem: encoder.StemCIFAR}, 12, 16},
		{encoder.CIFARResNet{Layers: 20, Width: 6}, 24, 32},
	} {
		in := input(c.height, c.width)
		values, pixels := randomValues(t, c.e, in), randomImages(7, in)
		want := graphFeatures(t, c.e, in, values, pixels)
		n, err := New(c.e, values, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.Embed(t.Context(), pixels, 7)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v: %d features, want %d: %v", c, len(got), len(want), err)
		}

		var largest, worst float64
		for i, v := range want {
			largest = max(largest, math.Abs(float64(v)))
			worst = max(worst, math.Abs(float64(got[i]-v)))
		}
		if !(worst <= 1e-5*largest) {
			t.Errorf("%+v: features up to %g differ by %g", c, largest, worst)
		}
		t.Logf("%+v: %.2g", c, worst/largest)
	}
}

// TestNetwork_FeaturesDependOnTheImageAlone has numbers of images that fill neither blocks nor tiles.
func TestNetwork_FeaturesDependOnTheImageAlone(t *testing.T) {
	needKernels(t)
	in, e := input(16, 16), encoder.ConvNet{Width: 8}
	n, err := New(e, randomValues(t, e, in), in)
	if err != nil {
		t.Fatal(err)
	}
	const count = 150
	pixels := randomImages(count, in)
	all, err := n.Embed(t.Context(), pixels, count)
	if err != nil {
		t.Fatal(err)
	}
	for _, some := range [][2]int{{0, 0}, {0, 1}, {3, 8}, {50, 149}} {
		part := pixels[some[0]*in.maps().Size() : some[1]*in.maps().Size()]
		got, err := n.Embed(t.Context(), part, some[1]-some[0])
		if want := all[some[0]*n.dim : some[1]*n.dim]; err != nil || !slices.Equal(got, want) {
			t.Errorf("features of images %d to %d are others by themselves: %v", some[0], some[1], err)
		}
	}
}

func TestNetwork_StopsWithItsContext(t *testing.T) {
	needKernels(t)
	in, e := input(16, 16), encoder.ConvNet{Width: 8}
	n, err := New(e, randomValues(t, e, in), in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Embed(ctx, randomImages(9, in), 9); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled context gives %v", err)
	}
}

func TestNew_RefusesMissingValues(t *testing.T) {
	needKernels(t)
	in, e := input(16, 16), encoder.ConvNet{Width: 8}
	for _, path := range []string{"stem/kernel", "block1/conv0/variance"} {
		values := randomValues(t, e, in)
		values[path] = values[path][1:]
		if _, err := New(e, values, in); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("with a value of %s too few: %v", path, err)
		}
	}
}

func TestSupports(t *testing.T) {
	needKernels(t)
	for _, name := range encoder.Names() {
		e, err := encoder.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		// Attention, and the max pooling of networks for large images, have no kernels.
		want := !strings.HasPrefix(name, "vit") && name != "resnet50" && name != "resnet101"
		if err := Supports(e, input(32, 32)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkEmbed embeds images of 32x32.
func BenchmarkEmbed(b *testing.B) {
	needKernels(b)
	for _, name := range []string{"convnet", "resnet18", "resnet20"} {
		b.Run(name, func(b *testing.B) {
			const count = 256
			e, err := encoder.Named(name)
			if err != nil {
				b.Fatal(err)
			}
			in := input(32, 32)
			n, err := New(e, randomValues(b, e, in), in)
			if err != nil {
				b.Fatal(err)
			}
			pixels := randomImages(count, in)
			for b.Loop() {
				if _, err := n.Embed(b.Context(), pixels, count); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// needKernels skips a test on processors without them.
func needKernels(tb testing.TB) {
	tb.Helper()
	if !convolution.Available() {
		tb.Skip("the processor has no AVX-512")
	}
}
