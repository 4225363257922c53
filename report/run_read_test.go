package report

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// ran makes a run folder with made-up records.
func ran(t *testing.T) (dir string, e record.Environment) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "first")
	e = record.Describe()
	e.Data = "factors"
	c := sslx.Default()
	c.Seed = 42
	run, err := record.Create(dir, c, e)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	lines, err := run.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lines.Close() }()
	for _, m := range log() {
		if err := lines.Append(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.AddResults(threeModels()); err != nil {
		t.Fatal(err)
	}
	return dir, e
}

func TestEvaluateFlags_MeasureAsResultsWereMeasured(t *testing.T) {
	result := func(task, protocol, layer string) record.Result {
		return record.Result{Task: task, Protocol: record.ParseProtocol(protocol), Layer: layer}
	}
	knn, fewShot := "knn/cosine/k20/t0.07@encoder", "fewshot/linear/10pc/draws3@encoder"
	for want, results := range map[string][]record.Result{
		"": nil,
		"--tasks class,made-gray,eurosat5k/class --protocols knn,few-shot": {result("photos/class", knn, "encoder"),
			result("photos/made-gray", knn, "encoder"), result("eurosat5k/class", fewShot, "")},
		"--tasks class --protocols knn --layers projector0": {result("photos/class", knn, "projector0")},
		"--tasks class --protocols knn": {result("photos/class", knn, "encoder"),
			{Task: "photos/class", Protocol: record.ParseProtocol(knn), Layer: "pixels16x16",
				Model: record.ModelPixels}},
	} {
		if got := EvaluateFlags(results, "photos", false); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := EvaluateFlags(nil, "photos", true); got != "--validation" {
		t.Errorf("validation: %q", got)
	}
}

// A program that adds parts of its own is named in the commands of its reports.
func TestReadRun_NamesTheProgramThatRuns(t *testing.T) {
	usage.Program = "./own"
	defer func() { usage.Program = "sslx" }()
	dir, _ := ran(t)
	r, err := ReadRun(dir)
	if err != nil || !strings.Contains(r.Command, " && ./own evaluate NEW") {
		t.Errorf("the command is %s (%v)", r.Command, err)
	}
	chosen := experiments.StudyOutcome{Sweep: "lr", Chosen: new(experiments.Tried)}
	if next := SweepNext("runs/lr", chosen); !strings.HasPrefix(next[0], "./own pretrain") {
		t.Errorf("a sweep advises %q", next)
	}
}

func TestReadRun_HasAllThatItsRecordsSay(t *testing.T) {
	dir, e := ran(t)
	r, err := ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "first" || !strings.Contains(r.Config, "seed: 42\n") || !reflect.DeepEqual(r.Environment, e) ||
		!reflect.DeepEqual(r.Metrics, log()) || !reflect.DeepEqual(r.Results, threeModels()) {
		t.Errorf("got %+v", r)
	}
	want := "sslx pretrain --config " + dir + "/config.yaml --out NEW && sslx evaluate NEW --tasks "
	if !strings.HasPrefix(r.Command, want) {
		t.Errorf("the command is %s", r.Command)
	}
	text := written(t, r)
	if !strings.Contains(text, "61.3 %") || !strings.Contains(text, "<h2>Configuration") {
		t.Error("the page lacks results or configuration")
	}
}

func TestReadRun_WithoutLogOrResults(t *testing.T) {
	dir, _ := ran(t)
	for _, name := range []string{"metrics.jsonl", "results.jsonl"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ReadRun(dir)
	if err != nil || r.Metrics != nil || r.Results != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if text := written(t, r); !strings.Contains(text, "has not been evaluated") {
		t.Error("the page does not say that there are no results")
	}
}

func TestReadRun_RefusesDamagedRecords(t *testing.T) {
	for name, text := range map[string]string{
		"config.yaml": "no_such_key: 1\n", "environment.json": "{", "metrics.jsonl": "{\n", "results.jsonl": "x\n",
	} {
		dir, _ := ran(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if _, err := ReadRun(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadRun(t.TempDir()); !usage.Is(err) {
		t.Errorf("no run: %v", err)
	}
}
