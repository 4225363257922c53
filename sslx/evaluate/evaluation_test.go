package evaluate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

func TestMain(m *testing.M) {
	Register("nearest-centroid", nearestCentroid{})
	testbackend.Unoptimized()
	testbackend.Main(m)
}

var ctx = context.Background()

// cached makes the features of a test go to a folder of its own.
func cached(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("SSLX_CACHE", dir)
	return filepath.Join(dir, "features")
}

// tiny is a training of 16 steps on 256 of the generated images.
func tiny(t *testing.T) pretrain.Config {
	t.Helper()
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()

	c := pretrain.Default()
	c.Data, c.Seed, c.Epochs, c.Batch, c.LogSteps = set.Path(), 5, 2, 32, 4
	for i := range c.Views {
		c.Views[i].Size, c.Views[i].Jitter = 16, 0
	}
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4}, []int{16, 8}
	return c
}

// train trains in dir until the end, or until ctx ends; each of the functions is called with the step that is logged.
func train(t *testing.T, ctx context.Context, dir string, c pretrain.Config, logged ...func(step int)) {
	t.Helper()
	set, err := dataset.Open(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	run, err := record.Create(dir, c, record.Environment{Data: set.Name(), Fingerprint: set.Fingerprint()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()

	_, err = pretrain.Train(ctx, testbackend.Open(t), set, run, c, pretrain.Hooks{
		Report: func(step, _ int, _ record.Metrics) {
			for _, call := range logged {
				call(step)
			}
		},
	})
	if err != nil && !errors.Is(err, pretrain.ErrInterrupted) {
		t.Fatal(err)
	}
}

// finished is a trained run of the tiny configuration.
func finished(t *testing.T) (dir string, c pretrain.Config) {
	t.Helper()
	c = tiny(t)
	dir = filepath.Join(t.TempDir(), "run")
	train(t, ctx, dir, c)
	return dir, c
}

// Training takes longer than most of its tests: they share one run, of which each has a copy.
func TestRun_OfAFinishedTraining(t *testing.T) {
	trained, c := finished(t)
	for name, test := range map[string]func(t *testing.T, dir string, c pretrain.Config){
		"every protocol":      testEveryProtocol,
		"compare":             testCompare,
		"test labels":         testTestLabels,
		"validation":          testValidation,
		"identity":            testIdentity,
		"other configuration": testConfiguration,
		"other data":          testOtherData,
		"recorded name":       testRecordedName,
		"sets of one name":    testSetsOfOneName,
		"interrupted":         testInterrupted,
		"unwritten":           testUnwritten,
		"leak":                testLeak,
		"absent set":          testAbsentSet,
		"bad task":            testBadTask,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(dir, os.DirFS(trained)); err != nil {
				t.Fatal(err)
			}
			test(t, dir, c)
		})
	}
}

// Every protocol measures every layer of every model.
func testEveryProtocol(t *testing.T, dir string, c pretrain.Config) {
	features := cached(t)
	// Fine-tuning by the rule and 65 kinds of corrupted images take minutes: they have tests of their own.
	protocols := slices.DeleteFunc(Names(), func(name string) bool {
		return name == ProtocolFineTune || name == ProtocolCorruptions
	})
	opt := Options{Tasks: []string{"shape"}, Protocols: protocols, Baselines: true,
		Layers: []string{"encoder", "projector1"}}
	results, err := Run(ctx, dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range results {
		if r.Metric != record.MetricBalanced { // where there is an accuracy
			counts[r.Protocol.Family+" "+r.Model]++
		}
	}
	// Networks have two layers, pixels one. Few-shot is 10 images a class, 1 % and 10 %; linear is two protocols.
	want := map[string]int{"knn pixels": 1, "linear pixels": 2, "mlp pixels": 1, "fewshot pixels": 3, "cka simclr": 2,
		"nearest-centroid pixels": 1}
	for _, model := range []string{"untrained", "untrained-bn", "simclr"} {
		for protocol, n := range map[string]int{"knn": 2, "linear": 4, "mlp": 2, "fewshot": 6, "fine-tune": 1,
			"nearest-centroid": 2, "rankme": 2, "alpha-req": 2, "lidar": 2, "alignment": 2, "uniformity": 2, "std": 2,
			"patches": 4, "kmeans": 4, "retrieval": 2} {
			want[protocol+" "+model] = n
		}
	}
	delete(want, "fine-tune untrained-bn") // the same training as from the untrained encoder
	if !reflect.DeepEqual(counts, want) {
		t.Errorf("got  %v\nwant %v", counts, want)
	}
	curves, err := record.ReadCurves(dir)
	if err != nil || len(curves) != 2*(1+3*2) {
		t.Errorf("%d curves (%v)", len(curves), err)
	}
	for _, curve := range curves {
		if len(curve.Train) != len(curve.Test) || len(curve.Test) < 30 {
			t.Errorf("%s has %d and %d epochs", curve.Protocol, len(curve.Train), len(curve.Test))
		}
	}
	t.Run("features come from the cache", func(t *testing.T) {
		before, err := os.ReadDir(features)
		if err != nil || len(before) != 2*3*2*2 { // splits, networks, layers, whole or patches
			t.Fatalf("%d files in the cache (%v)", len(before), err)
		}
		opt.Protocols = []string{ProtocolKNN, ProtocolLinear}
		opt.Progress = func(p progress.State) {
			if strings.Contains(p.Phase, "features of") {
				t.Errorf("%s again", p.Phase)
			}
		}
		again, err := Run(ctx, dir, opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range again {
			if !slices.ContainsFunc(results, func(first record.Result) bool { return reflect.DeepEqual(r, first) }) {
				t.Errorf("%+v was another number before", r)
			}
		}
	})
}

// A run to compare with is measured too.
func testCompare(t *testing.T, dir string, c pretrain.Config) {
	cached(t)
	beside := filepath.Join(t.TempDir(), "supervised")
	c.Objective = objective.Supervised{}
	train(t, ctx, beside, c)
	results, err := Run(ctx, dir, Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN, ProtocolCKA},
		Compare: []string{beside}})
	if err != nil || len(results) != 3 {
		t.Fatalf("%v (%v)", results, err)
	}
	cka := results[2]
	for what, ok := range map[string]bool{
		"the other run comes first":   results[0].Model == "supervised" && results[0].Run == "supervised",
		"the run itself comes last":   results[1].Model == "simclr" && cka.Model == "simclr",
		"CKA names the other run":     cka.Protocol == record.ParseProtocol("cka/linear/supervised@encoder"),
		"CKA is between none and all": cka.Value > 0 && cka.Value < 1,
	} {
		if !ok {
			t.Errorf("not so: %s: got %+v", what, results)
		}
	}
}

func TestRun_RefusesATrainingThatIsNotFinished(t *testing.T) {
	c := tiny(t)
	dir := filepath.Join(t.TempDir(), "run")
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	train(t, stopped, dir, c, func(step int) {
		if step == 4 {
			stop()
		}
	})
	want := "is at step 4 of 16: results are those of the last step, so finish it first"
	if _, err := Run(ctx, dir, Options{}); !usage.Is(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Nothing that is chosen depends on test labels.
func testTestLabels(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	s, set := opened(t, dir, ProtocolLinear, ProtocolMLP, ProtocolFewShot)
	g, err := groupOf(set, set.Name(), []string{"shape", "texture"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.measure(ctx, g); err != nil {
		t.Fatal(err)
	}
	clean := s.results

	s.results = nil
	for _, task := range g.tasks {
		clear(task.test)
	}
	if err := s.measure(ctx, g); err != nil {
		t.Fatal(err)
	}
	moved := false
	for i, r := range s.results {
		if !reflect.DeepEqual(r.Chosen, clean[i].Chosen) || r.Protocol != clean[i].Protocol {
			t.Errorf("chosen %v, with other test labels %v", clean[i].Chosen, r.Chosen)
		}
		moved = moved || r.Value != clean[i].Value
	}
	if !moved || clean[0].Chosen["l2"] == 0 {
		t.Errorf("the poison shows nowhere, or nothing was chosen: %+v", clean[0])
	}
}

// opened is a session on the run in dir, without baselines, and the run's data.
func opened(t *testing.T, dir string, names ...string) (*session, *dataset.Set) {
	t.Helper()
	run, err := pretrain.ReadFinishedRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(run.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })

	s := &session{}
	t.Cleanup(s.close)
	if err := s.start(&backend.Handle{Backend: testbackend.Open(t)}); err != nil {
		t.Fatal(err)
	}
	if s.protocols, err = protocolsNamed(names); err != nil {
		t.Fatal(err)
	}
	open := func() (*model, error) { return s.openTrained(run, set.Height(), set.Width()) }
	if err := s.load(ctx, open, set); err != nil {
		t.Fatal(err)
	}
	return s, set
}

// Validation leaves test alone.
func testValidation(t *testing.T, dir string, c pretrain.Config) {
	cached(t)
	set, err := dataset.Open(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	g, err := groupOf(set, set.Name(), []string{"shape"}, false)
	if err != nil {
		t.Fatal(err)
	}

	v := g.validation()
	if v.test.N != len(g.held) || v.train.N != len(g.fit) || v.test.N+v.train.N != 256 || v.test.name != "validation" {
		t.Fatalf("%d and %d images of %s", v.train.N, v.test.N, v.test.name)
	}
	for i, from := range g.held {
		if v.tasks[0].test[i] != g.tasks[0].Labels[from] || !slices.Equal(v.test.At(i), g.train.At(from)) {
			t.Fatalf("validation image %d is not training image %d", i, from)
		}
	}

	results, err := Run(ctx, dir, Options{Tasks: []string{"shape"}, Protocols: []string{"knn"}, Validation: true})
	if err != nil || len(results) != 1 || results[0].Split != "validation" || results[0].N != v.test.N {
		t.Errorf("%+v (%v)", results, err)
	}
}

// leaking is kNN that changes a variable of the encoder.
type leaking struct {
	KNN
	variable string
}

func (l leaking) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	outcomes, err := l.KNN.Measure(ctx, in)
	return outcomes, errors.Join(err, disturb(in.Model.Network, l.variable))
}

// A change of the encoder while it is measured is caught.
func testLeak(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	for _, name := range []string{"kernel", "mean", "variance"} {
		s, set := opened(t, dir, ProtocolKNN)
		g, err := groupOf(set, set.Name(), []string{"shape"}, false)
		if err != nil {
			t.Fatal(err)
		}
		s.protocols[0].Protocol = leaking{variable: name}
		if err := s.measure(ctx, g); err == nil || !strings.Contains(err.Error(), "the encoder is not frozen") {
			t.Errorf("a change of %s during kNN gave %v", name, err)
		}
		if len(s.results) != 0 {
			t.Errorf("%d results were kept", len(s.results))
		}
	}
}

// disturb adds to the first variable of a network whose path ends in name.
func disturb(n *pretrain.Network, name string) error {
	variables, err := n.Variables()
	if err != nil {
		return err
	}
	for path, value := range variables {
		if strings.HasSuffix(path, name) {
			return tensors.MutableFlatData(value, func(flat []float32) { flat[0] += 1 })
		}
	}
	return errors.New("no variable " + name)
}
