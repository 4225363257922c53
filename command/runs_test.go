package command

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
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
	writeCheckpoint(t, "runs/first", 2, 2)
	config.Batch = 64
	config.Epochs = 3
	makeRun(t, "runs/deeper/second", config, result("second", "simclr", "factors/shape", knn, 0.75))
}

func TestRunsList_SaysHowFarEachRunIs(t *testing.T) {
	twoRuns(t)
	writeFile(t, "runs/broken/config.yaml", "hue: red\n")
	status, stdout, stderr := call(t, "runs", "list", "--json")
	states := decode[[]runs.State](t, stdout)
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

func TestRunsList_IsAnEmptyArrayWithoutRuns(t *testing.T) {
	isolate(t)
	if status, stdout, _ := call(t, "runs", "list", "--json"); status != statusDone || stdout != "[]\n" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
}

func TestRunsShow_PrintsConfigurationAndResults(t *testing.T) {
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

func TestRunsCompare_ShowsWhatDiffers(t *testing.T) {
	twoRuns(t)
	_, stdout, stderr := call(t, "runs", "compare", "first", "runs/deeper/second", "--json")
	c := decode[runs.Comparison](t, stdout)
	want := []runs.Difference{{Key: "epochs", Values: []any{1.0, 3.0}}, {Key: "batch", Values: []any{256.0, 64.0}}}
	if len(c.Runs) != 2 || !reflect.DeepEqual(c.Differences, want) {
		t.Errorf("comparison is %+v, stderr %q", c, stderr)
	}
	if len(c.Results) != 2 || c.Results[0].Model != "simclr" {
		t.Errorf("results are %+v: want those of the trained encoders", c.Results)
	}
	_, stdout, _ = call(t, "runs", "compare", "first", "runs/deeper/second")
	wantTexts(t, stdout, "batch", "75.0")
}

func TestValueText_IsAsInAConfiguration(t *testing.T) {
	for want, v := range map[string]any{"–": nil, "adamw": "adamw", "0.05": 0.05, "3": 3.0, `[{"flip":0.5}]`: []any{
		map[string]any{"flip": 0.5}}} {
		if got := valueText(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

func TestRunsExport_WritesCSV(t *testing.T) {
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

func TestQuickstart_TakesAFreeFolder(t *testing.T) {
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

// manyRuns makes a run of each kind: named by what it is.
func manyRuns(t *testing.T) {
	t.Helper()
	isolate(t)
	for _, dir := range []string{"runs/claims/recorded", "runs/claims/measured", "runs/claims/unrecorded",
		"runs/claims/training", "runs/early", "runs/begun"} {
		r := makeRun(t, dir, sslx.Default())
		if dir != "runs/early" && dir != "runs/begun" {
			writeCheckpoint(t, dir, 2, 2)
		}
		if dir != "runs/claims/training" && dir != "runs/begun" {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	store := experiments.Store{Path: "runs/claims/smoke.jsonl"}
	for _, key := range []string{"recorded", "training", "measured"} {
		if err := store.Append(experiments.Record{Key: key, Scale: experiments.Smoke,
			Config: sslx.Default()}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunsGC_DeletesOnlyRunsThatNothingIsLostWith(t *testing.T) {
	manyRuns(t)
	busy := held(t, "runs/claims/.measured.lock") // by a sweep that is between training and measuring
	want := map[string]bool{"recorded": true, "measured": false, "early": true}
	status, stdout, stderr := call(t, "runs", "gc", "--json")
	listed := decode[[]runs.Garbage](t, stdout)
	if status != statusDone || len(listed) != len(want) {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	for _, g := range listed {
		if _, ok := want[g.Run]; !ok || g.Deleted || g.Bytes == 0 || g.Why == "" || !record.IsRun(g.Path) {
			t.Errorf("without --delete: %+v", g)
		}
	}
	_, stdout, _ = call(t, "runs", "gc")
	wantTexts(t, stdout, "its record is kept (scale smoke)", "it ended before its first checkpoint", "3 run folders",
		"--delete does it")

	_, stdout, stderr = call(t, "runs", "gc", "--delete", "--json")
	for _, g := range decode[[]runs.Garbage](t, stdout) {
		if g.Deleted != want[g.Run] || record.IsRun(g.Path) == g.Deleted {
			t.Errorf("with --delete: %+v", g)
		}
	}
	for _, dir := range []string{"runs/claims/measured", "runs/claims/unrecorded", "runs/claims/training",
		"runs/begun"} {
		if !record.IsRun(dir) {
			t.Errorf("%s was deleted (%s)", dir, stderr)
		}
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ = call(t, "runs", "gc", "runs/claims", "--delete")
	wantTexts(t, stdout, "1 run folders", "were deleted")
	_, stdout, _ = call(t, "runs", "gc")
	wantTexts(t, stdout, "no run folder can be deleted")
}

func TestRunsGC_DeletesWhatAFinishedSweepDidNotChoose(t *testing.T) {
	isolate(t)
	writeFile(t, "runs/lr/sweep.yaml", "vary: {optimizer.lr: [0.1, 0.2]}\nsearch: grid\nmeasure: knn\nseeds: [101]\n")
	study, err := experiments.ReadStudy("runs/lr/sweep.yaml")
	if err != nil {
		t.Fatal(err)
	}
	trials, err := experiments.Pending(experiments.Records{}, study.Plan())
	if err != nil || len(trials) != 2 {
		t.Fatalf("%d trials (%v)", len(trials), err)
	}

	// One after the other is measured; the second is better.
	var dirs []string
	for i, trial := range trials {
		key := trial.Key("print")
		dirs = append(dirs, "runs/lr/"+key)
		if err := makeRun(t, dirs[i], trial.Config).Close(); err != nil {
			t.Fatal(err)
		}
		writeCheckpoint(t, dirs[i], 2, 2)
		known := result(key, "simclr", "shape", "knn/cosine/k20/t0.07@encoder", 0.5+0.1*float64(i))
		known.Split = record.SplitValidation
		store := experiments.Store{Path: "runs/lr/records.jsonl"}
		if err := store.Append(experiments.Record{Key: key, Config: trial.Config, Validation: true,
			Environment: record.Environment{Fingerprint: "print"}, Results: []record.Result{known}}); err != nil {
			t.Fatal(err)
		}

		_, stdout, stderr := call(t, "runs", "gc", "--json")
		var garbage []string
		for _, g := range decode[[]runs.Garbage](t, stdout) {
			garbage = append(garbage, g.Path)
		}
		if want := dirs[:i]; !slices.Equal(garbage, want) {
			t.Errorf("with %d records: %v can go, want %v (%s)", i+1, garbage, want, stderr)
		}
	}

	whole := contents("runs/lr/records.jsonl")
	writeFile(t, "runs/lr/records.jsonl", strings.Replace(whole, "simclr", "simclx", 1))
	_, stdout, stderr := call(t, "runs", "gc", "--delete")
	wantTexts(t, stdout, "no run folder can be deleted")
	wantTexts(t, stderr, "the runs of sweep runs/lr are kept", "is damaged at line 1")

	writeFile(t, "runs/lr/records.jsonl", whole)
	_, stdout, _ = call(t, "runs", "gc", "--delete")
	wantTexts(t, stdout, "its record is kept (sweep lr)", "1 run folders", "were deleted")
	if record.IsRun(dirs[0]) || !record.IsRun(dirs[1]) {
		t.Error("the chosen run was deleted, or the other one was not")
	}
}

func TestRuns_ADeadRunIsListedShownAndFound(t *testing.T) {
	twoRuns(t)
	died(t, "runs/deeper/lost")
	_, stdout, _ := call(t, "runs", "list", "--json", "--where", "status=died")
	states := decode[[]runs.State](t, stdout)
	if len(states) != 1 || states[0].Run != "lost" || states[0].Holder == nil || states[0].Holder.PID != 4242 ||
		states[0].InUse {
		t.Errorf("dead runs are %s", stdout)
	}
	_, stdout, _ = call(t, "runs", "list", "--where", "batch=64", "--where", "status=in use")
	wantTexts(t, stdout, "runs/deeper/second")
	_, stdout, _ = call(t, "runs", "show", "los")
	wantTexts(t, stdout, "died", "4242 on "+host(t), "sslx pretrain --resume runs/deeper/lost")
	for _, args := range [][]string{{"list", "--where", "btach=64"}, {"list", "--where", "batch"},
		{"show", "nothing"}} {
		if status, stdout, stderr := call(t, append([]string{"runs"}, args...)...); status != statusUsage ||
			stdout != "" {
			t.Errorf("%v: status %d, %s%s", args, status, stdout, stderr)
		}
	}
}

func host(t *testing.T) string {
	t.Helper()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// died makes a run whose process was killed a minute ago.
func died(t *testing.T, dir string) {
	t.Helper()
	config := sslx.Default()
	config.Epochs = 9
	if err := makeRun(t, dir, config).Close(); err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(dir, ".lock")
	writeFile(t, lock, `{"host":"`+host(t)+`","pid":4242}`)
	then := time.Now().Add(-time.Minute)
	if err := os.Chtimes(lock, then, then); err != nil {
		t.Fatal(err)
	}
}
