package pretrain

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
)

// untrained returns the network of a configuration, with the usual statistics, for images of 32x32 pixels.
func untrained(t *testing.T, c Config) *Network {
	t.Helper()
	half := []float64{0.5, 0.5, 0.5}
	n, err := Untrained(testbackend.Open(t), c, half, half, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// featuresOf returns the features of the only layer of a network.
func featuresOf(t *testing.T, n *Network, images dataset.Images, report func(int)) ([]float32, error) {
	t.Helper()
	layers, err := n.Features(context.Background(), images, report)
	if err != nil {
		return nil, err
	}
	if len(layers) != 1 {
		t.Fatalf("features of %d layers, want one", len(layers))
	}
	return layers[0], nil
}

func randomImages(n int) dataset.Images {
	random := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, n*32*32*3)
	for i := range pixels {
		pixels[i] = byte(random.Uint32())
	}
	return dataset.Images{Pixels: pixels, N: n, Height: 32, Width: 32}
}

func TestNetwork_FeaturesDependOnTheImageAlone(t *testing.T) {
	n := untrained(t, tiny())
	dim := n.Width(LayerEncoder)
	images := randomImages(featureBatch + 7)
	var reports []int
	all, err := featuresOf(t, n, images, func(done int) { reports = append(reports, done) })
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != (featureBatch+7)*dim || dim != 32 {
		t.Fatalf("%d features of %d", len(all), dim)
	}
	if !slices.Equal(reports, []int{featureBatch, featureBatch + 7}) {
		t.Errorf("reported %v", reports)
	}
	shifted, err := featuresOf(t, n, images.Slice(7, images.N), nil) // one whole batch
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range shifted { // 2e-7 was seen: the place in the batch decides how a sum is split
		if was := all[7*dim+i]; math.Abs(float64(v-was)) > 1e-5 {
			t.Fatalf("feature %d is %v in a whole batch, %v in a padded one", i, v, was)
		}
	}
	few, err := featuresOf(t, n, images.Slice(0, 7), nil) // a padded batch of the same places
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(few, all[:7*dim]) {
		t.Error("the features of an image depend on the others of its batch")
	}
	if slices.Equal(all[:dim], all[dim:2*dim]) {
		t.Error("two images have the same features")
	}
	none, err := featuresOf(t, n, images.Slice(0, 0), nil)
	if err != nil || len(none) != 0 {
		t.Errorf("no images have %d features (%v)", len(none), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := n.Features(ctx, images, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call gave %v", err)
	}
}

func TestNetwork_RefusesImagesOfAnotherSize(t *testing.T) {
	images := dataset.Images{Pixels: make([]byte, 16*64*3), N: 1, Height: 16, Width: 64} // as many bytes as 32x32
	_, err := untrained(t, tiny()).Features(context.Background(), images, nil)
	if !usage.Is(err) || !strings.Contains(err.Error(), "16x64 pixels, and the network takes 32x32") {
		t.Errorf("got %v", err)
	}
}

func TestLoad_IsTheNetworkThatWasSaved(t *testing.T) {
	b := testbackend.Open(t)
	c := tiny()
	n := untrained(t, c)
	path := filepath.Join(t.TempDir(), "c")
	half := []float64{0.5, 0.5, 0.5}
	for v := range n.store.IterVariables() { // not the initial values
		old, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		flat, err := tensors.CopyFlatData[float32](old)
		if err != nil {
			t.Fatal(err)
		}
		for i := range flat {
			flat[i] = flat[i]/2 + 0.25
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(flat, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := saveCheckpoint(path, n.store, runState{Config: c, Mean: half, Std: half}); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(b, c, path, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	want, err := n.Variables()
	if err != nil {
		t.Fatal(err)
	}
	got, err := loaded.Variables()
	if err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || !maps.Equal(bitsOf(t, got), bitsOf(t, want)) {
		t.Error("the variables differ")
	}
	pixels := randomImages(3)
	a, errA := featuresOf(t, n, pixels, nil)
	z, errZ := featuresOf(t, loaded, pixels, nil)
	if errA != nil || errZ != nil || !slices.Equal(a, z) {
		t.Errorf("the features differ (%v, %v)", errA, errZ)
	}
	c.Encoder = encoder.ConvNet{Width: 8}
	if _, err := Load(b, c, path, 32, 32); err == nil || !strings.Contains(err.Error(), "of another network") {
		t.Errorf("a checkpoint of another width gave %v", err)
	}
}

func TestSaveCheckpoint_RefusesAVariableThatIsNotFinite(t *testing.T) {
	store := newStore(tiny())
	store.VariableWithValue("/encoder/w", []float32{1, float32(math.Inf(1))})
	path := filepath.Join(t.TempDir(), "c")
	err := saveCheckpoint(path, store, runState{Step: 12})
	if err == nil || !strings.Contains(err.Error(), "/encoder/w") || !strings.Contains(err.Error(), "step 12") {
		t.Errorf("got %v", err)
	}
}

func TestNetwork_HasFeaturesOfEachLayer(t *testing.T) {
	c, half, pixels := tiny(), []float64{0.5, 0.5, 0.5}, randomImages(3)
	all, err := Untrained(testbackend.Open(t), c, half, half, 32, 32, Layers(c)...)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	got, err := all.Features(context.Background(), pixels, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, layer := range Layers(c) {
		if len(got[i]) != 3*layerWidth(c, layer) {
			t.Errorf("%s has %d values, want %d an image", layer, len(got[i]), layerWidth(c, layer))
		}
	}
	alone, err := featuresOf(t, untrained(t, c), pixels, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range alone {
		if math.Abs(float64(v-got[0][i])) > 1e-5 {
			t.Fatalf("representation %d is %v with the projector, %v alone", i, got[0][i], v)
		}
	}
	if _, err := Untrained(testbackend.Open(t), c, half, half, 32, 32, "projector9"); err == nil ||
		!strings.Contains(err.Error(), "projector9") {
		t.Errorf("an unknown layer gave %v", err)
	}
}

func TestUntrained_SeedDecidesTheInitialValues(t *testing.T) {
	c := tiny()
	values := func(seed uint64) map[string]string {
		c.Seed = seed
		v, err := untrained(t, c).Variables()
		if err != nil {
			t.Fatal(err)
		}
		return bitsOf(t, v)
	}
	first := values(7)
	if !maps.Equal(first, values(7)) {
		t.Error("the same seed gives other values")
	}
	if maps.Equal(first, values(8)) {
		t.Error("another seed gives the same values")
	}
}

func TestConfig_HasKernels(t *testing.T) {
	c := Default().Resolved()
	if !c.HasKernels(LayerEncoder, 32, 32) {
		t.Skip("the processor has no kernels")
	}
	if c.HasKernels("projector0", 32, 32) {
		t.Error("there are kernels for a projector")
	}
	c.Norm = NormGroup
	if c.HasKernels(LayerEncoder, 32, 32) {
		t.Error("there are kernels for group normalization")
	}
}
