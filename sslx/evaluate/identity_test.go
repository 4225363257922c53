package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// request is a random question to an evaluation, of which each answer must be the same whatever else is asked.
type request struct {
	tasks, protocols, layers      []string
	validation, cached, baselines bool
}

// requests returns so many random requests. The first ask for a single task each, so that every cut is met alone.
func requests(n int, random *rand.Rand, tasks []string) []request {
	quick := []string{ProtocolKNN, ProtocolLinear, ProtocolFewShot, ProtocolClusters, ProtocolRetrieval,
		ProtocolLabelFree, ProtocolCKA, "nearest-centroid"}
	some := func(names []string, least int) []string {
		names = slices.Clone(names)
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		return names[:least+random.IntN(3)]
	}

	var all []request
	for i := range n {
		r := request{tasks: some(tasks, 2), protocols: some(quick, 4), validation: i%2 == 0, cached: random.IntN(3) > 0,
			layers: [][]string{nil, {"encoder", "projector1"}, {"projector0", "encoder"}}[random.IntN(3)]}
		r.baselines = i%3 == 0
		if i < 4 {
			r.tasks, r.protocols = r.tasks[:1], []string{ProtocolKNN, ProtocolLinear}
		}
		if i == 5 || i == 7 { // patches by themselves, and among others
			r = request{tasks: tasks[:i-4], cached: i == 5}
			r.protocols = append(slices.Clone(quick[:i-3]), ProtocolPatches)
		}
		all = append(all, r)
	}
	return all
}

// A number depends on nothing else that is asked.
func testIdentity(t *testing.T, dir string, c pretrain.Config) {
	shared := filepath.Dir(cached(t))
	birds := folder(t, map[string]int{"train/crow": 12, "train/jay": 12, "test/crow": 3, "test/jay": 3}, square(32))
	trained, err := pretrain.ReadFinishedRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()

	// One backend and one set of programs for all.
	first := &session{}
	defer first.close()
	if err := first.start(&backend.Handle{Backend: testbackend.Open(t)}); err != nil {
		t.Fatal(err)
	}

	tasks := append(taskNames(set)[:3], MadeGray, birds)
	known, compared := map[string]float64{}, 0
	for _, r := range requests(11, rand.New(rand.NewPCG(20, 1)), tasks) {
		t.Setenv("SSLX_CACHE", t.TempDir())
		if r.cached {
			t.Setenv("SSLX_CACHE", shared)
		}
		for _, result := range answers(t, first, trained, set, r) {
			key := fmt.Sprint(result.Model, result.Task, result.Protocol, result.Layer, result.Split, result.Metric)
			value, again := known[key]
			if again && (value != result.Value) {
				t.Errorf("%s is %v, and was %v before: %+v", key, result.Value, value, r)
			}
			if known[key] = result.Value; again {
				compared++
			}
		}
	}
	if compared < 40 {
		t.Errorf("only %d numbers were measured twice", compared)
	}
}

// answers measures what is asked for, with the programs of another session.
func answers(t *testing.T, from *session, trained pretrain.FinishedRun, set *dataset.Set, r request) []record.Result {
	t.Helper()
	s := &session{handle: from.handle, programs: from.programs,
		opt: Options{Layers: r.layers, Baselines: r.baselines, Options: progress.Options{Warn: func(string) {}}}}
	defer s.closeModels()
	var err error
	if s.protocols, err = protocolsNamed(r.protocols); err != nil {
		t.Fatal(err)
	}
	open := func() (*model, error) { return s.openTrained(trained, set.Height(), set.Width()) }
	if err := s.load(ctx, open, set); err != nil {
		t.Fatal(err)
	}

	plan, err := planner{set: set}.plan(r.tasks)
	if err != nil {
		t.Fatal(err)
	}
	measure := s.measure
	if r.validation {
		measure = func(ctx context.Context, g group) error { return s.measure(ctx, g.validation()) }
	}
	if err := (opener{opt: s.opt.Options, run: set, taken: map[string]string{}}).each(ctx, plan, measure); err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return s.results
}

func TestCacheKey_KnowsTheCutAndTheBackEnd(t *testing.T) {
	c := pretrain.Default()
	network, err := pretrain.Untrained(testbackend.Open(t), c, []float64{0, 0, 0}, []float64{1, 1, 1}, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	m := &model{config: c}
	defer m.close()
	if err := m.openNetworks(nil, func(...string) (*pretrain.Network, error) { return network, nil }); err != nil {
		t.Fatal(err)
	}

	labels := make([]int32, 40)
	for i := range labels {
		labels[i] = int32(i % 2)
	}
	pixels := dataset.Images{Pixels: make([]byte, 40*3), N: 40, Height: 1, Width: 1}
	g := group{pixels: "data", main: labels, train: part{name: "train", Images: pixels}}
	g.cut()
	other := g
	other.main = slices.Concat(labels[20:], make([]int32, 20))
	other.cut()

	keys := map[string]string{}
	key := func(h backend.Handle, g group, layer string) string {
		return (&session{handle: &h}).cacheKey(m, m.networks[0], g.train, g, layer)
	}
	for name, key := range map[string]string{
		"train":             key(backend.Handle{}, g, "encoder"),
		"layer":             key(backend.Handle{}, g, "projector0"),
		"validation":        key(backend.Handle{}, g.validation(), "encoder"),
		"another cut":       key(backend.Handle{}, other.validation(), "encoder"),
		"another backend":   key(backend.Handle{Name: "go"}, g, "encoder"),
		"another version":   key(backend.Handle{PluginVersion: "0.90"}, g, "encoder"),
		"another plugin":    key(backend.Handle{PluginPath: "/opt/plugin.so"}, g, "encoder"),
		"another processor": key(backend.Handle{Device: "AVX-512"}, g, "encoder"),
	} {
		if same, taken := keys[key]; taken {
			t.Errorf("%s and %s share a key", name, same)
		}
		keys[key] = name
	}
}

// rewrite changes the configuration in a run folder.
func rewrite(t *testing.T, dir string, change func(c *pretrain.Config)) {
	t.Helper()
	c, err := pretrain.RunConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	change(&c)
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The configuration of another training is refused.
func testConfiguration(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	edited := filepath.Join(t.TempDir(), "edited")
	if err := os.CopyFS(edited, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	rewrite(t, edited, func(c *pretrain.Config) { c.Objective = objective.SimCLR{Temperature: 0.9} })

	_, measured := Run(ctx, edited, Options{})
	_, comparedWith := Run(ctx, dir, Options{Compare: []string{edited}})
	_, illustrated := Illustrate(ctx, edited, progress.Options{})
	for what, err := range map[string]error{"evaluate": measured, "compare": comparedWith, "gallery": illustrated} {
		if !usage.Is(err) || !strings.Contains(err.Error(), "is not the one that its checkpoint was trained with") {
			t.Errorf("%s: got %v", what, err)
		}
	}

	// Where the data lies and how often is logged change nothing.
	rewrite(t, dir, func(c *pretrain.Config) { c.LogSteps = 1 })
	if _, err := Run(ctx, dir, Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN}}); err != nil {
		t.Error(err)
	}
}

// Other data than the training's is refused, or named apart.
func testOtherData(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 300, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	path, print := set.Path(), set.Fingerprint()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	knn := Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN}}
	own, err := Run(ctx, dir, knn)
	if err != nil || len(own) != 1 || own[0].Data == "" || own[0].Data == print {
		t.Fatalf("got %+v (%v)", own, err)
	}

	// The name of the run's data now leads to other data.
	rewrite(t, dir, func(c *pretrain.Config) { c.Data = path })
	_, all := Run(ctx, dir, Options{})
	_, label := Run(ctx, dir, knn)
	_, made := Run(ctx, dir, Options{Tasks: []string{MadeGray}})
	_, gallery := Illustrate(ctx, dir, progress.Options{})
	for what, err := range map[string]error{"all": all, "a label": label, "a made task": made, "the gallery": gallery} {
		if !usage.Is(err) || !strings.Contains(err.Error(), "was trained on other data than factors is now") {
			t.Errorf("%s: got %v", what, err)
		}
	}

	// Asked for by its name it is a set like any other, and does not pass for the run's own data.
	var warnings []string
	named := Options{Tasks: []string{"factors/shape"}, Protocols: knn.Protocols,
		Options: progress.Options{Warn: func(s string) { warnings = append(warnings, s) }}}
	for range 2 {
		results, err := Run(ctx, dir, named)
		if err != nil || len(results) != 1 {
			t.Fatalf("got %+v (%v)", results, err)
		}
		if want := "factors-" + print[:8] + "/shape"; results[0].Task != want || results[0].Data != print {
			t.Errorf("task %s of data %s, want %s of %s", results[0].Task, results[0].Data, want, print)
		}
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "holds other data") {
		t.Errorf("warnings %q", warnings)
	}
	kept, err := record.ReadResults(dir)
	if err != nil || len(kept) != 2 || !reflect.DeepEqual(kept[0], own[0]) {
		t.Errorf("the run keeps %+v (%v)", kept, err)
	}
}

// The same images may lie in the cache under another name: results keep the name that the run recorded.
func testRecordedName(t *testing.T, dir string, c pretrain.Config) {
	t.Setenv("SSLX_CACHE", filepath.Dir(filepath.Dir(c.Data)))
	path := filepath.Join(dir, "environment.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.Replace(string(text), `"data": "factors"`, `"data": "photos"`, 1)
	if err := os.WriteFile(path, []byte(renamed), 0o644); err != nil {
		t.Fatal(err)
	}

	results, err := Run(ctx, dir, Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN}})
	if err != nil || len(results) != 1 || results[0].Task != "photos/shape" {
		t.Errorf("got %+v (%v)", results, err)
	}
}

// Sets of one name are named apart.
func testSetsOfOneName(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	many := map[string]int{"train/crow": 12, "train/jay": 12, "test/crow": 3, "test/jay": 3}
	first, second := folder(t, many, square(32)), folder(t, many, square(40))
	tasks := map[string]string{} // by data
	for _, paths := range [][]string{{first, second}, {second}, {first}} {
		results, err := Run(ctx, dir, Options{Tasks: paths, Protocols: []string{ProtocolKNN},
			Options: progress.Options{Warn: func(string) {}}})
		if err != nil || len(results) != len(paths) {
			t.Fatalf("%v: %+v (%v)", paths, results, err)
		}
		for _, r := range results {
			if former, ok := tasks[r.Data]; ok && former != r.Task {
				t.Errorf("the same data is %s and %s", former, r.Task)
			}
			tasks[r.Data] = r.Task
		}
	}
	kept, err := record.ReadResults(dir)
	if err != nil || len(kept) != 2 || kept[0].Task == kept[1].Task || len(tasks) != 2 {
		t.Errorf("the run keeps %+v (%v)", kept, err)
	}
}

// An interrupted evaluation keeps what it measured.
func testInterrupted(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	opt := Options{Tasks: []string{"shape", MadeGray}, Baselines: true,
		Protocols: []string{ProtocolKNN, "nearest-centroid"}}
	opt.Progress = func(s progress.State) {
		if s.Phase == "knn of untrained on factors/made-gray" {
			stop()
		}
	}
	results, err := Run(stopped, dir, opt)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}

	// Four models on shape, pixels on made-gray by both, and the kNN that the interruption came in.
	if len(results) != 4*2+2+1 {
		t.Errorf("%d results", len(results))
	}
	if kept, err := record.ReadResults(dir); err != nil || !reflect.DeepEqual(kept, results) {
		t.Errorf("the run keeps %d results (%v), and %d were returned", len(kept), err, len(results))
	}
}

// Results that cannot be written are returned.
func testUnwritten(t *testing.T, dir string, _ pretrain.Config) {
	cached(t)
	opt := Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN}}
	opt.Progress = func(s progress.State) {
		if strings.HasPrefix(s.Phase, "knn of") { // the disk is full, say: nothing can take the file's place
			_ = os.MkdirAll(filepath.Join(dir, "results.jsonl", "in the way"), 0o755)
		}
	}
	results, err := Run(ctx, dir, opt)
	if err == nil || len(results) != 1 || results[0].Task != "factors/shape" {
		t.Errorf("got %+v (%v)", results, err)
	}
}
