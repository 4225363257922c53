package sslx

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/record"
)

func TestMain(m *testing.M) {
	testbackend.Unoptimized()
	testbackend.Main(m)
}

// cached makes the features of a test go to a folder of its own.
func cached(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("SSLX_CACHE", dir)
	return filepath.Join(dir, "features")
}

var ctx = context.Background()

// tiny is a training of 16 steps on 256 of the generated images.
func tiny(t *testing.T) Config {
	t.Helper()
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	c := Default()
	c.Data, c.Seed, c.Epochs, c.Batch, c.LogSteps = set.Path(), 5, 2, 32, 4
	for i := range c.Views {
		c.Views[i].Size, c.Views[i].Jitter = 16, 0
	}
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4}, []int{16, 8}
	return c
}

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRun_IsTrainedMeasuredAndShown(t *testing.T) {
	cached(t)
	c := tiny(t)
	dir := filepath.Join(t.TempDir(), "first")
	trainTiny(t, dir, c)
	trained := contents(t, record.CheckpointPath(dir))
	t.Run("in use", func(t *testing.T) { testInUse(t, dir, c) })
	t.Run("evaluate", func(t *testing.T) { testEvaluate(t, dir) })
	t.Run("gallery", func(t *testing.T) { testGallery(t, dir, c) })
	if contents(t, record.CheckpointPath(dir)) != trained {
		t.Error("the checkpoint changed after training")
	}
}

func TestPretrain_RefusesMoreDevicesThanThereAreBeforeItMakesTheFolder(t *testing.T) {
	c := tiny(t)
	c.Batch, c.Devices = 256, 256
	dir := filepath.Join(t.TempDir(), "run")
	_, err := Pretrain(ctx, dir, c, Options{})
	if !IsUsage(err) || !strings.Contains(err.Error(), "devices is 256") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the run folder is there (%v): its name can no longer be used", err)
	}
}

// trainTiny trains in dir, interrupted once.
func trainTiny(t *testing.T, dir string, c Config) {
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	var phases []string
	s, err := Pretrain(stopped, dir, c, Options{Progress: func(p Progress) {
		if phases = append(phases, p.Phase); p.Done == 4 {
			stop()
		}
	}})
	if !errors.Is(err, ErrInterrupted) || s.Steps != 4 {
		t.Fatalf("an interrupted training gave %+v, %v", s, err)
	}
	s, err = Resume(ctx, dir, Options{Progress: func(p Progress) {
		phases = append(phases, p.Phase)
		chance := strings.Contains(p.Detail, "chance 4.143") // ln 63
		if p.Phase == "train" && (p.Total != 16 || p.Done < 4 || p.Done%4 != 0 || !chance) {
			t.Errorf("progress %+v", p)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(phases, " "); got != "compile train train train compile train train train train" {
		t.Errorf("phases %s", got)
	}
	want := Summary{Run: "first", Method: "simclr", Steps: 16, Images: 512, Config: c.Resolved(), Seconds: s.Seconds,
		Device: s.Device, ViewsPerSecond: 1024 / s.Seconds, FinalLoss: s.FinalLoss,
		Splits: []string{"train", "test"}, Tasks: []string{"shape", "object_hue", "texture", "background_hue", "scale",
			"position", "orientation"}}
	if !reflect.DeepEqual(s, want) || s.Seconds <= 0 || s.Device == "" || s.FinalLoss <= 0 || s.FinalLoss > 5 {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
	if again, err := Resume(ctx, dir, Options{}); err != nil || !reflect.DeepEqual(again, s) {
		t.Errorf("a finished run gave %+v (%v), want %+v", again, err, s)
	}
	e, err := record.ReadEnvironment(dir)
	if err != nil || e.Data != "factors" || len(e.Fingerprint) != 64 || e.Backend == "" || e.Device != s.Device {
		t.Errorf("the environment is %+v (%v)", e, err)
	}
}

func testInUse(t *testing.T, dir string, c Config) {
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	_, resume := Resume(ctx, dir, Options{})
	_, evaluate := Evaluate(ctx, dir, EvaluateOptions{})
	_, again := Pretrain(ctx, dir, c, Options{})
	for _, err := range []error{resume, evaluate, again} {
		if !usage.Is(err) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v", err)
		}
	}
}

// number names what a result measures.
type number struct{ model, task, protocol, layer string }

func testEvaluate(t *testing.T, dir string) {
	results, err := Evaluate(ctx, dir, EvaluateOptions{Baselines: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[number]bool{}
	factors := []string{"shape", "object_hue", "texture", "background_hue", "scale", "position", "orientation"}
	for _, task := range factors {
		for model, layers := range map[string][2]string{"pixels": {"pixels", "pixels16x16"},
			"untrained": {"encoder", "encoder"}, "untrained-bn": {"encoder", "encoder"},
			"simclr": {"encoder", "encoder"}} {
			want[number{model, "factors/" + task, "knn/cosine/k20/t0.07@" + layers[0], layers[0]}] = true
			want[number{model, "factors/" + task, "linear/lbfgs/l2-val@" + layers[1], layers[1]}] = true
		}
	}
	got := map[number]bool{}
	values := map[string]float64{}
	for _, r := range results {
		got[number{r.Model, r.Task, r.Protocol.String(), r.Layer}] = true
		values[r.Model+r.Task+r.Protocol.String()] = r.Value
		if r.Split != "test" || r.Metric != "accuracy" || r.N != 64 || r.Seed != 5 || r.Run != "first" {
			t.Errorf("%+v", r)
		}
		if right := r.Value * 64; right < 0 || right > 64 || math.Abs(right-math.Round(right)) > 1e-9 {
			t.Errorf("%+v is no share of 64 images", r)
		}
	}
	if !maps.Equal(got, want) || len(results) != len(want) {
		t.Errorf("%d results: got %v\nwant %v", len(results), got, want)
	}
	if kept, err := record.ReadResults(dir); err != nil || !reflect.DeepEqual(kept, results) {
		t.Errorf("the run keeps %v (%v)", kept, err)
	}
	testEvaluateErrors(t, dir, results)
	some, err := Evaluate(ctx, dir, EvaluateOptions{Tasks: []string{"scale", "texture"}, Protocols: []string{"knn"}})
	if err != nil || len(some) != 2 || some[0].Task != "factors/scale" || some[1].Task != "factors/texture" {
		t.Fatalf("two tasks by kNN are %v (%v)", some, err)
	}
	for _, r := range some {
		if r.Model != "simclr" || r.Value != values[r.Model+r.Task+r.Protocol.String()] {
			t.Errorf("%+v is another number than the first time", r)
		}
	}
	if kept, err := record.ReadResults(dir); err != nil || len(kept) != len(results) {
		t.Errorf("the run keeps %d results (%v), want %d", len(kept), err, len(results))
	}
}

func testEvaluateErrors(t *testing.T, dir string, before []record.Result) {
	for want, opt := range map[string]EvaluateOptions{
		`did you mean "shape"`:             {Tasks: []string{"texture", "shap"}},
		`did you mean "linear"`:            {Protocols: []string{"knn", "liner"}},
		`did you mean "projector0"`:        {Layers: []string{"projector"}},
		`no task or set "/no/such/folder"`: {Tasks: []string{"/no/such/folder"}},
		`set "mnist"`:                      {Tasks: []string{"mnist/digit"}, Protocols: []string{"knn"}},
	} {
		if _, err := Evaluate(ctx, dir, opt); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	canceled, cancel := context.WithCancel(ctx)
	_, err := Evaluate(canceled, dir, EvaluateOptions{Options: Options{Progress: func(p Progress) {
		if strings.Contains(p.Phase, "knn of") {
			cancel()
		}
	}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled evaluation gave %v", err)
	}
	// What was measured before the interruption took the place of the same numbers.
	kept, err := record.ReadResults(dir)
	if err != nil || len(kept) != len(before) {
		t.Fatalf("after errors the run keeps %d results (%v), want %d", len(kept), err, len(before))
	}
	for _, r := range before {
		if !slices.ContainsFunc(kept, func(k record.Result) bool { return reflect.DeepEqual(k, r) }) {
			t.Errorf("after errors the run has lost %+v", r)
		}
	}
}

func testGallery(t *testing.T, dir string, c Config) {
	g, err := Illustrate(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g.Height != 32 || g.Width != 32 || g.Task != "shape" {
		t.Errorf("%dx%d, %s", g.Height, g.Width, g.Task)
	}
	set, err := dataset.Open(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		t.Fatal(err)
	}
	test, err := set.Split("test")
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Originals) != 8 || len(g.Views) != 2 || len(g.Views[1]) != 8 || len(g.Queries) != 8 {
		t.Fatalf("%d originals, %d views, %d queries", len(g.Originals), len(g.Views), len(g.Queries))
	}
	const size = 32 * 32 * 3
	if len(g.Map) != min(512, test.N) {
		t.Fatalf("%d images on the map", len(g.Map))
	}
	if !slices.Equal(g.Map[1].Image, test.At(test.Spread(512)[1])) || g.Map[1].X == g.Map[2].X {
		t.Error("the map has other images, or all in one place")
	}
	if len(g.Spectrum) == 0 || !slices.IsSortedFunc(g.Spectrum, func(a, b float64) int { return cmp.Compare(b, a) }) {
		t.Errorf("spectrum %v", g.Spectrum)
	}
	originals, asked := train.Spread(8), test.Spread(8)
	for i := range 8 {
		if !slices.Equal(g.Originals[i], train.At(originals[i])) || len(g.Views[0][i]) != size ||
			len(g.Views[1][i]) != size {
			t.Errorf("image %d and its views are not those of train", i)
		}
		q := g.Queries[i]
		if !slices.Equal(q.Image, test.At(asked[i])) || len(q.Nearest) != 8 || len(q.Same) != 8 {
			t.Errorf("query %d is not that of test, or has %d neighbors", i, len(q.Nearest))
		}
		for _, near := range q.Nearest {
			if slices.Equal(near, q.Image) {
				t.Errorf("query %d is its own neighbor", i)
			}
		}
	}
}

func TestPretrain_LeavesNoFolderWhenItCannotBegin(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"epochs":                       func(c *Config) { c.Epochs = 0 },
		"no-such-data":                 func(c *Config) { c.Data = "no-such-data" },
		"has 256 training images":      func(c *Config) { c.Batch = 512 },
		`did you mean "object_hue"`:    func(c *Config) { c.Probe.Task = "object_hu" },
		"8 or more":                    func(c *Config) { c.Views[1].Size = 4 },
		"holds 32x32 images, not 64":   func(c *Config) { c.Size = 64 },
		"there is no pack, folder or ": func(c *Config) { c.Data = filepath.Join(t.TempDir(), "none") },
	} {
		t.Setenv("SSLX_CACHE", t.TempDir())
		c := tiny(t)
		change(&c)
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := Pretrain(ctx, dir, c, Options{}); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a folder was left", want)
		}
	}
}

func TestRun_ThatIsNotTrainedIsAUsageError(t *testing.T) {
	c := tiny(t)
	fresh := filepath.Join(t.TempDir(), "fresh")
	run, err := record.Create(fresh, c, record.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	wrong := filepath.Join(t.TempDir(), "wrong")
	unknown := map[string]any{"encoder": map[string]string{"name": "resnet19"}}
	other, err := record.Create(wrong, unknown, record.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	for dir, want := range map[string]string{
		fresh:       "has no checkpoint yet: train it first",
		wrong:       `did you mean "resnet18"`,
		t.TempDir(): "not a run folder",
	} {
		if _, err := Evaluate(ctx, dir, EvaluateOptions{}); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("Evaluate: got %v, want %s", err, want)
		}
		if _, err := Illustrate(ctx, dir, Options{}); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("Illustrate: got %v, want %s", err, want)
		}
		if dir == fresh {
			continue // that one can be resumed
		}
		if _, err := Resume(ctx, dir, Options{}); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("Resume: got %v, want %s", err, want)
		}
	}
}
