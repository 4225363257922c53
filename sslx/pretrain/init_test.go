package pretrain

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/record"
)

// shares returns which parts of two sets of variables have the same bits, of those that both have.
func shares(a, b map[string]string) (parts []string) {
	for _, part := range []string{encoderPath, projectorPath} {
		same := true
		for path := range a {
			if strings.HasPrefix(path, part) {
				same = same && a[path] == b[path]
			}
		}
		if same {
			parts = append(parts, strings.Trim(part, "/"))
		}
	}
	return parts
}

func TestTrain_StartsFromAFinishedRun(t *testing.T) {
	set := tinySet(t)
	parent := &training{set: set, config: tiny()}
	parent.config.Epochs = 1
	child := func(change func(c *Config)) *training {
		tr := &training{set: set, config: parent.config}
		tr.config.Init, tr.config.Seed = parent.dir, 8
		change(&tr.config)
		return tr
	}
	if _, err := parent.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	sum, err := fileSum(record.CheckpointPath(parent.dir))
	if err != nil {
		t.Fatal(err)
	}

	for what, c := range map[string]struct {
		change func(c *Config)
		same   []string
	}{
		"same":              {func(*Config) {}, []string{"encoder", "projector"}},
		"changed projector": {func(c *Config) { c.Projector = []int{16, 4} }, []string{"encoder"}},
	} {
		if what == "same" && os.Getenv("SSLX_TEST_ALL") == "" {
			continue // a program more
		}
		tr := child(c.change).interrupt(t, 0)
		if same := shares(tr.bits(t), parent.bits(t)); !slices.Equal(same, c.same) {
			t.Errorf("%s: the values of %v are the ancestor's", what, same)
		}
		a, err := record.ReadAncestry(tr.dir)
		if err != nil || a == nil {
			t.Fatalf("%s: %+v (%v)", what, a, err)
		}
		drawn := slices.ContainsFunc(a.Drawn, func(path string) bool { return strings.HasPrefix(path, projectorPath) })
		ofEncoder := slices.ContainsFunc(a.Drawn,
			func(path string) bool { return strings.HasPrefix(path, encoderPath) })
		if a.From != parent.dir || a.Fingerprint != sum || a.Normalization != "ancestor" || ofEncoder ||
			drawn != (len(c.same) == 1) || len(a.Loaded) == 0 {
			t.Errorf("%s: recorded %+v", what, a)
		}
		if _, err := readAncestor(tr.dir); !usage.Is(err) || !strings.Contains(err.Error(), "finish it first") {
			t.Errorf("from an unfinished run: %v", err)
		}
	}

	other := child(func(c *Config) { c.Encoder = encoder.ConvNet{Width: 2} })
	if _, err := other.run(t, context.Background()); usage.ArgumentOf(err) != "init" {
		t.Errorf("another encoder: %v", err)
	}
}

// An interrupted run that started from weights resumes without them, and ends as one that was not interrupted.
func TestTrain_StartsFromWeightsAndResumesWithoutThem(t *testing.T) {
	if os.Getenv("SSLX_TEST_ALL") == "" {
		t.Skip("set SSLX_TEST_ALL for what takes half a minute of a core")
	}
	set := tinySet(t)
	network := encoder.CIFARResNet{Layers: 20, Width: 2}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := safetensors.Write(path, foreign(network), nil); err != nil {
		t.Fatal(err)
	}

	c := tiny()
	c.Encoder, c.Init, c.Epochs = network, path, 1
	whole, stopped := &training{set: set, config: c}, &training{set: set, config: c}
	if _, err := whole.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	stopped.interrupt(t, 2)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := stopped.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	stopped.equals(t, whole)

	a, err := record.ReadAncestry(whole.dir)
	if err != nil || a.Normalization != "data" || !slices.Equal(a.LeftOut, []string{"module.fc.bias"}) {
		t.Errorf("recorded %+v (%v)", a, err)
	}
}

// A file of weights gives an encoder all of its variables; the projector is the seed's.
func TestAncestor_StartFromForeignWeights(t *testing.T) {
	b := testbackend.PureGo(t)
	network20 := encoder.CIFARResNet{Layers: 20, Width: 2}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := safetensors.Write(path, foreign(network20), map[string]string{"mean": "[0.1, 0.2, 0.3]"}); err != nil {
		t.Fatal(err)
	}
	a, err := readAncestor(path)
	if err != nil {
		t.Fatal(err)
	}

	c := tiny()
	c.Encoder, c.Init = network20, path
	store := variables(t, b, c)
	log, err := a.start(store, c)
	if err != nil {
		t.Fatal(err)
	}
	ofPart := func(list []string, part string) bool {
		return !slices.ContainsFunc(list, func(path string) bool { return !strings.HasPrefix(path, part) })
	}
	if len(log.Loaded) != len(network20.Tensors(3)) || !ofPart(log.Loaded, encoderPath) {
		t.Errorf("%d variables are loaded, and the file has %d: %v", len(log.Loaded), len(network20.Tensors(3)),
			log.Loaded)
	}
	if len(log.Drawn) == 0 || !ofPart(log.Drawn, projectorPath) {
		t.Errorf("the seed decides %v", log.Drawn)
	}
	if !slices.Equal(log.LeftOut, []string{"module.fc.bias"}) || log.From != path || len(log.Fingerprint) != 64 {
		t.Errorf("recorded %+v", log)
	}

	// Each has the file's values, and a file without a standard deviation does not decide the normalization.
	w, err := weights.Read(path, weights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range w.Values {
		got := store.GetVariable(encoderPath + name).MustValue()
		if !slices.Equal(tensors.MustCopyFlatData[float32](got), tensors.MustCopyFlatData[float32](want)) {
			t.Errorf("%s has other values", name)
		}
	}
	if a.normalizes(3) {
		t.Error("a mean alone normalizes images")
	}

	c.Encoder = encoder.CIFARResNet{Layers: 20, Width: 4}
	if _, err := a.start(variables(t, b, c), c); usage.ArgumentOf(err) != "init" {
		t.Errorf("another width: %v", err)
	}
}

// foreign returns the tensors of a network with the names of a parallel module, and one of its classifier.
func foreign(network encoder.Portable) (all []safetensors.Tensor) {
	for _, tensor := range network.Tensors(3) {
		values := safetensors.Tensor{Name: "module." + tensor.Name, Shape: tensor.Dims}
		for i := range tensors.FromScalarAndDimensions(float32(0), tensor.Dims...).Size() {
			values.Values = append(values.Values, 0.5+float32(i%5)/10)
		}
		all = append(all, values)
	}
	return append(all, safetensors.Tensor{Name: "module.fc.bias", Shape: []int{1}, Values: []float32{1}})
}

// variables returns a store with the variables of a training, without values.
func variables(t *testing.T, b compute.Backend, c Config) *model.Store {
	t.Helper()
	store, g := newStore(c), NewGraph(b, "variables")
	t.Cleanup(func() {
		g.Finalize()
		store.Finalize()
	})
	c.norm(1, 1).Use(store.RootScope(), g)
	network(store.RootScope(), c, Zeros(g, shapes.Make(dtypes.Float32, 2, 16, 16, 3)), encoder.Eval)
	return store
}
