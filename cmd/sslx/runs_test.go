package main

import (
	"encoding/csv"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx"
)

const knn = "knn/cosine/k20/t0.07@encoder"

// twoRuns makes the finished run "first" and the run "second", which is in use and differs in its batch.
func twoRuns(t *testing.T) {
	t.Helper()
	isolate(t)
	config := sslx.Default()
	config.Epochs = 1
	if err := makeRun(t, "runs/first", config, result("first", "pixels", "factors/shape", knn, 0.25),
		result("first", "simclr", "factors/shape", knn, 0.5)).Close(); err != nil {
		t.Fatal(err)
	}
	config.Batch = 64
	config.Epochs = 3
	makeRun(t, "runs/deeper/second", config, result("second", "simclr", "factors/shape", knn, 0.75))
}

func TestRunsListSaysHowFarEachRunIs(t *testing.T) {
	twoRuns(t)
	writeFile(t, "runs/broken/config.yaml", "colour: red\n")
	status, stdout, stderr := call(t, "runs", "list", "--json")
	states := decode[[]runState](t, stdout)
	if status != statusDone || len(states) != 3 {
		t.Fatalf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	broken, second, first := states[0], states[1], states[2]
	if first.Run != "first" || first.Method != "simclr" || first.Data != "factors" || first.Steps != 2 ||
		!first.Finished || *first.Loss != 2 || first.InUse || first.Results != 2 || first.Started.IsZero() {
		t.Errorf("first is %+v", first)
	}
	if second.Path != "runs/deeper/second" || second.Finished || !second.InUse {
		t.Errorf("second is %+v", second)
	}
	if broken.Error == "" || broken.Status != "unreadable" {
		t.Errorf("broken is %+v", broken)
	}
	_, stdout, stderr = call(t, "runs", "list")
	wantTexts(t, stdout, "finished", "in use", "unreadable")
	wantTexts(t, stderr, "runs/broken")
}

func TestNoRunsAreAnEmptyArray(t *testing.T) {
	isolate(t)
	if status, stdout, _ := call(t, "runs", "list", "--json"); status != statusDone || stdout != "[]\n" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
}

func TestRunsShowPrintsConfigurationAndResults(t *testing.T) {
	twoRuns(t)
	_, stdout, _ := call(t, "runs", "show", "first", "--json")
	object := decode[map[string]any](t, stdout)
	wantKeys(t, object, "run", "path", "method", "finished", "environment", "config", "last", "report")
	if results, ok := object["results"].([]any); !ok || len(results) != 2 {
		t.Errorf("results are %v", object["results"])
	}
	_, stdout, _ = call(t, "runs", "show", "runs/first")
	wantTexts(t, stdout, "test device", "batch: 256", "25.0 % on training views", "50.0")
	status, _, stderr := call(t, "runs", "show", "frist")
	if status != statusUsage {
		t.Errorf("status %d, want 2", status)
	}
	wantTexts(t, stderr, `did you mean "first"?`)
}

func TestRunsCompareShowsWhatDiffers(t *testing.T) {
	twoRuns(t)
	_, stdout, stderr := call(t, "runs", "compare", "first", "runs/deeper/second", "--json")
	c := decode[comparison](t, stdout)
	want := []difference{{"epochs", []any{1.0, 3.0}}, {"batch", []any{256.0, 64.0}}}
	if len(c.Runs) != 2 || !reflect.DeepEqual(c.Differences, want) {
		t.Errorf("comparison is %+v, stderr %q", c, stderr)
	}
	if len(c.Results) != 2 || c.Results[0].Model != "simclr" {
		t.Errorf("results are %+v: want those of the trained encoders", c.Results)
	}
	_, stdout, _ = call(t, "runs", "compare", "first", "runs/deeper/second")
	wantTexts(t, stdout, "batch", "75.0")
}

func TestRunsExportWritesCSV(t *testing.T) {
	twoRuns(t)
	_, stdout, _ := call(t, "runs", "export", "first", "runs/deeper/second")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][0] != "second" || rows[3][7] != "0.75" {
		t.Errorf("rows are %v, %v", rows, err)
	}
	status, stdout, _ := call(t, "runs", "export", "first", "--metrics", "--out", "log.csv")
	if status != statusDone || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	text, err := os.ReadFile("log.csv")
	if err != nil || !strings.HasPrefix(string(text), "run,step,epoch,") || strings.Count(string(text), "\n") != 3 {
		t.Errorf("log.csv is %q, %v", text, err)
	}
	if status, _, _ := call(t, "runs", "export", "first", "--out", "absent/log.csv"); status != statusFailed {
		t.Errorf("status %d for a folder that is not there, want 1", status)
	}
}

func TestQuickstartTakesAFreeFolder(t *testing.T) {
	isolate(t)
	if got := freeFolder("runs/quickstart"); got != "runs/quickstart" {
		t.Error(got)
	}
	makeRun(t, "runs/quickstart", sslx.Default())
	makeRun(t, "runs/quickstart-2", sslx.Default())
	if got := freeFolder("runs/quickstart"); got != "runs/quickstart-3" {
		t.Error(got)
	}
}
