package watch

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testrecords"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

func TestRuns_ListHasStateProgressAndResults(t *testing.T) {
	folder := t.TempDir()
	makeRun(t, filepath.Join(folder, "deep", "first"), 5, result("pixels", 0.3), result("untrained", 0.4),
		result("simclr", 0.5))
	h := open(t, folder)
	got := ask[list](t, h, "/api/runs").Runs
	if len(got) != 1 {
		t.Fatalf("%d runs", len(got))
	}
	r := got[0]
	if r.Path != "deep/first" || r.Method != "simclr" || r.Data != "factors" || r.Status != runs.Stopped ||
		r.Step != 50 || r.Total != 200 || r.Epochs != 2 || *r.Loss != 4 || r.Chance != 5 || *r.Probe != 0.5 {
		t.Errorf("got %+v", r)
	}
	if r.Headline == nil || r.Headline.Accuracy != 0.5 || *r.Headline.Baseline != 0.4 {
		t.Errorf("headline %+v", r.Headline)
	}
}

func TestRuns_TimeLeftIsThatOfTheLastLines(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 4)
	run, err := record.Open(dir) // this process holds it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	got := ask[list](t, open(t, filepath.Dir(dir)), "/api/runs").Runs[0]
	if got.Status != runs.InUse || got.Rate != 20 || got.Left == nil || *got.Left != 80 {
		t.Errorf("status %s, rate %v, left %v; want in use, 20 images/s, 80 s", got.Status, got.Rate, got.Left)
	}
}

func TestRuns_LaterAnswersHaveWhatChanged(t *testing.T) {
	folder := t.TempDir()
	for i := range 3 {
		makeRun(t, filepath.Join(folder, fmt.Sprint("run", i)), 1)
	}
	h := open(t, folder)
	first := ask[list](t, h, "/api/runs")
	h.again()
	since := func(version int64) list { return ask[list](t, h, fmt.Sprint("/api/runs?since=", version)) }
	if got := since(first.Version); len(first.Runs) != 3 || len(got.Runs) != 0 || got.Version != first.Version {
		t.Fatalf("%d runs at first, then %d though nothing changed", len(first.Runs), len(got.Runs))
	}

	// A line more, a run more, a run less.
	appendLine(t, filepath.Join(folder, "run1"), `{"step":20,"epoch":0.2,"images":200,"seconds":10,"loss":3}`+"\n")
	makeRun(t, filepath.Join(folder, "run3"), 0)
	if err := os.RemoveAll(filepath.Join(folder, "run0")); err != nil {
		t.Fatal(err)
	}
	h.again()
	got := since(first.Version)
	var names []string
	for _, r := range got.Runs {
		names = append(names, fmt.Sprint(r.Path, " ", r.Step))
	}
	want := []string{"run1 20", "run3 0"}
	if !slices.Equal(names, want) || !slices.Equal(got.Gone, []string{idOf("run0")}) {
		t.Errorf("changed %q, gone %q; want %q and run0", names, got.Gone, want)
	}
}

type logPart struct {
	File    string
	Offset  int64
	More    bool
	Damaged int
	Lines   []map[string]any
}

func TestLog_IsReadFromWhereItEnded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 3)
	h := open(t, filepath.Dir(dir))
	id := ask[list](t, h, "/api/runs").Runs[0].ID
	read := func(after logPart) logPart {
		return ask[logPart](t, h, fmt.Sprintf("/api/log?run=%s&file=%s&offset=%d", id, after.File, after.Offset))
	}
	first := read(logPart{})
	if len(first.Lines) != 3 || first.Lines[2]["step"] != 30.0 {
		t.Fatalf("got %+v", first)
	}

	// A line that is being written is left for the next answer.
	appendLine(t, dir, `{"step":40`)
	if got := read(first); len(got.Lines) != 0 || got.Offset != first.Offset {
		t.Errorf("half a line gives %+v", got)
	}
	appendLine(t, dir, ",\"loss\":1}\nnot JSON\n[1]\n")
	second := read(first)
	if len(second.Lines) != 1 || second.Lines[0]["step"] != 40.0 || second.Damaged != 2 || second.File != first.File {
		t.Errorf("the rest of it gives %+v", second)
	}
}

func TestLog_OfAResumedTrainingBeginsAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 3)
	h := open(t, filepath.Dir(dir))
	id := ask[list](t, h, "/api/runs").Runs[0].ID
	first := ask[logPart](t, h, "/api/log?run="+id)

	// Resuming from step 10 drops the lines behind it.
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	log, err := run.OpenLog(10)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = log.Close(), run.Close() }()
	if err := log.Append(line(2)); err != nil {
		t.Fatal(err)
	}
	got := ask[logPart](t, h, fmt.Sprintf("/api/log?run=%s&file=%s&offset=%d", id, first.File, first.Offset))
	if got.File == first.File || len(got.Lines) != 2 || got.Lines[1]["step"] != 20.0 {
		t.Errorf("got %+v: want both lines of the new log", got)
	}
}

func TestRun_ShowsResultsConfigurationAndPictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 2, result("pixels", 0.3), result("simclr", 0.5))
	image := append(slices.Clone(signature), "pixels"...)
	for _, name := range pictures {
		if err := os.WriteFile(record.PicturePath(dir, name), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, filepath.Dir(dir))
	id := ask[list](t, h, "/api/runs").Runs[0].ID
	got := get(h, "/api/run?run="+id).Body.String()
	for _, want := range []string{`["objective.name","simclr"]`, `["views.2.flip","0.5"]`, `["projector","[256, 128]"]`,
		`"50.0 %"`, `"best":[[0,5]]`, "simclr beats the raw pixels", `"name":"views.png"`,
		`"name":"balanced_accuracy.png"`, `"name":"corruptions.png"`, "sslx pretrain --resume"} {
		if !strings.Contains(got, want) {
			t.Errorf("the details lack %s:\n%s", want, got)
		}
	}
	for _, p := range ask[details](t, h, "/api/run?run="+id).Pictures {
		if p.Title == "" || p.Caption == "" {
			t.Errorf("%s has no title or no caption", p.Name)
		}
	}
	w := get(h, "/picture?run="+id+"&name=views.png")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/png" || w.Body.String() != string(image) {
		t.Errorf("picture: %d, %v", w.Code, w.Header())
	}
}

func TestRun_OfAnUnknownObjectiveIsShown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 1)
	text := "data: mine\nepochs: 3\nobjective: {name: own, strange: [1, 2]}\n"
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, filepath.Dir(dir))
	run := ask[list](t, h, "/api/runs").Runs[0]
	if run.Method != "own" || run.Data != "mine" || run.Epochs != 3 || run.Error != "" {
		t.Errorf("got %+v", run)
	}
	if got := get(h, "/api/run?run="+run.ID).Body.String(); !strings.Contains(got, `["objective.strange","[1, 2]"]`) {
		t.Errorf("the details are %s", got)
	}
}

// The page counts what is in the lists.
func TestRuns_OfAnEmptyFolderAreEmptyLists(t *testing.T) {
	got := get(open(t, t.TempDir()), "/api/runs").Body.String()
	for _, key := range []string{"runs", "gone", "stores", "sweeps"} {
		if !strings.Contains(got, `"`+key+`":[]`) {
			t.Errorf("%s is no empty list in %s", key, got)
		}
	}
}

func TestRuns_DamagedRunStaysInTheList(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 1)
	appendLine(t, dir, "no JSON\n")
	got := ask[list](t, open(t, filepath.Dir(dir)), "/api/runs").Runs[0]
	if got.Status != runs.Unreadable || got.Error == "" || got.Step != 10 {
		t.Errorf("got %+v", got)
	}
}

// TestRuns_ThousandAreReadWithinTheTime measures the first answer, which the page is painted from, with a folder of a
// thousand runs.
func TestRuns_ThousandAreReadWithinTheTime(t *testing.T) {
	folder := os.Getenv("SSLX_TEST_WATCH")
	if folder == "" {
		t.Skip("set SSLX_TEST_WATCH to a folder of a thousand runs")
	}
	h := open(t, folder)
	began := time.Now()
	got := ask[list](t, h, "/api/runs")
	first, n := time.Since(began), len(got.Runs)
	for got.More {
		got = ask[list](t, h, fmt.Sprint("/api/runs?since=", got.Version))
		n += len(got.Runs)
	}
	all := time.Since(began)
	if n < 1000 {
		t.Fatalf("%s has %d runs", folder, n)
	}
	began = time.Now()
	for range 10 {
		get(h, "/api/runs?since=1000000")
	}
	t.Logf("the first answer took %v, all %d runs %v, later answers %v each", first, n, all, time.Since(began)/10)
	if first > 2*time.Second {
		t.Errorf("the first answer took %v, want 2 s at most", first)
	}
}

func TestClaims_ShowsVerdictsOfTheRecords(t *testing.T) {
	folder := t.TempDir()
	claim := experiments.Claim{ID: "watched", Belief: "a belief", Plan: func(s experiments.Scale) experiments.Plan {
		return experiments.NewPlan(s, []experiments.Arm{experiments.NewArm("a", pretrain.Default()),
			experiments.NewArm("b", experiments.With(pretrain.Default(), func(c *pretrain.Config) { c.Batch = 64 }))},
			experiments.Comparison{Factor: "batch", A: "a", B: "b"})
	}}
	experiments.Register(claim)
	store := experiments.Store{Path: filepath.Join(folder, "claims", "cpu.jsonl")}
	if err := os.Mkdir(filepath.Join(folder, "claims"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, r := range testrecords.Invent(t, experiments.CPU, claim) {
		if err := store.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	h := open(t, folder)
	got := ask[list](t, h, "/api/runs").Stores
	if len(got) != 1 || got[0].Path != "claims/cpu.jsonl" || got[0].Scale != experiments.CPU {
		t.Fatalf("stores %+v", got)
	}
	page := ask[struct {
		Error    string
		Records  int
		Overview struct{ Rows [][]string }
		Claims   []struct {
			ID, Verdict   string
			Made, Missing int
			Estimates     struct{ Rows [][]string }
		}
	}](t, h, "/api/claims?store="+got[0].ID)
	if page.Error != "" || len(page.Claims) != 1 || len(page.Overview.Rows) != 1 || page.Records == 0 {
		t.Fatalf("got %+v", page)
	}
	c := page.Claims[0]
	if c.ID != "watched" || c.Verdict == "" || c.Made != page.Records || c.Missing != 0 || len(c.Estimates.Rows) == 0 {
		t.Errorf("got %+v", c)
	}
}
