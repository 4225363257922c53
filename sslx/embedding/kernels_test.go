package embedding

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// convnetFile writes an untrained convnet for images of 16x16, with a width of its own for the last map, and returns it
// with the path of its file.
func convnetFile(t *testing.T, on compute.Backend) (*weights.Weights, string) {
	t.Helper()
	half := []float64{0.5, 0.5, 0.5}
	c := pretrain.Default()
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4, Features: 40}, nil
	n, err := pretrain.Untrained(on, c.Resolved(), half, half, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	values, err := n.Variables()
	if err != nil {
		t.Fatal(err)
	}

	w := &weights.Weights{Encoder: c.Encoder, Values: map[string]*tensors.Tensor{},
		Input: weights.Input{Channels: 3, Size: 16, Mean: half, Std: half}}
	for name, value := range values {
		w.Values[strings.TrimPrefix(name, "/encoder/")] = value
	}
	path := filepath.Join(t.TempDir(), "convnet"+weights.Ending)
	if err := weights.Write(path, w); err != nil {
		t.Fatal(err)
	}
	w, err = weights.Read(path, weights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

// images5 are images for the file of convnetFile.
func images5() dataset.Images {
	images := dataset.Images{N: 5, Height: 16, Width: 16, Pixels: make([]byte, 5*16*16*3)}
	for i := range images.Pixels {
		images.Pixels[i] = byte(i * i / 7)
	}
	return images
}

// graphFeatures are the features of images5 that the graph gives.
func graphFeatures(t *testing.T, on compute.Backend, w *weights.Weights) []float32 {
	t.Helper()
	graph, err := pretrain.WeightsForEmbedding(on, w, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	features, err := graph.Embed(t.Context(), images5(), 5)
	if err != nil {
		t.Fatal(err)
	}
	return features
}

// A network that is written as ONNX computes the same features when it is read back.
func TestLoad_ONNXOfAConvNet(t *testing.T) {
	on := testbackend.PureGo(t)
	w, _ := convnetFile(t, on)
	path := filepath.Join(t.TempDir(), "convnet.onnx")
	if err := weights.WriteONNX(path, w); err != nil {
		t.Fatal(err)
	}
	got, err := load(t, path, Options{}).EmbedImages(t.Context(), images5())
	if err != nil {
		t.Fatal(err)
	}
	want := graphFeatures(t, on, w)
	if len(got.X) != len(want) {
		t.Fatalf("%d features, want %d", len(got.X), len(want))
	}
	for i, v := range want {
		if math.Abs(float64(got.X[i]-v)) > 1e-5 {
			t.Fatalf("feature %d is %g, want %g", i, got.X[i], v)
		}
	}
}

// TestModel_EmbedsWithKernels compares them with the graph.
func TestModel_EmbedsWithKernels(t *testing.T) {
	on := testbackend.PureGo(t)
	w, path := convnetFile(t, on)
	m := load(t, path, Options{})
	if !m.HasKernels() {
		t.Skip("the processor has no kernels")
	}
	got, err := m.EmbedImages(t.Context(), images5())
	if err != nil {
		t.Fatal(err)
	}

	want := graphFeatures(t, on, w)
	if len(want) != len(got.X) {
		t.Fatalf("%d features, want %d", len(got.X), len(want))
	}
	same := true
	for i, v := range want {
		same = same && got.X[i] == v
		if math.Abs(float64(got.X[i]-v)) > 1e-5 {
			t.Fatalf("feature %d is %g, want %g", i, got.X[i], v)
		}
	}
	if same {
		t.Error("all features have the bits of the graph's: it has computed them")
	}
}

func TestLoad_ChoosesKernels(t *testing.T) {
	_, path := convnetFile(t, testbackend.PureGo(t))
	t.Setenv(backend.ConfigEnv, "")
	if load(t, tinyFile(t, t.TempDir(), nil), Options{}).HasKernels() {
		t.Error("there are kernels for an ONNX file")
	}
	if !load(t, path, Options{}).HasKernels() || backend.HasGPU() {
		t.Skip("the processor has no kernels, or a GPU is faster")
	}

	m, err := Load(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if !m.HasKernels() || m.Backend() != "go" {
		t.Errorf("the automatic choice is %s", m.Backend())
	}
}
