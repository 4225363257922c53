package watch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
)

// madeSweep writes the folder of a sweep with two candidates, one of which is measured.
func madeSweep(t *testing.T, folder string, change func(*experiments.StudyOutcome)) {
	t.Helper()
	value := 61.5
	best := experiments.Tried{Label: "optimizer.lr=0.4", Values: []string{"0.4"},
		Rungs: []experiments.Rung{{Share: 1, Value: &value, Seeds: []float64{value}}}}
	o := experiments.StudyOutcome{Sweep: "lr", Search: experiments.Search{Name: "halving", Eta: 3, Rungs: 3},
		Measure: "knn", Percent: true, Seeds: []uint64{101}, Runs: 9, Missing: 4, Chosen: &best,
		Keys:       []experiments.SweptKey{{Key: "optimizer.lr", Values: []string{"0.2", "0.4"}, Number: true}},
		Candidates: []experiments.Tried{best, {Label: "optimizer.lr=0.2", Values: []string{"0.2"}}}}
	if change != nil {
		change(&o)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		experiments.StudyFile: "vary: {}\n",
		report.ChosenConfig:   "epochs: 3\n",
		report.SweepOutcome:   strings.Replace(string(text), `"config":null`, `"config":{"objective":{"name":"own"}}`, 1),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sweepShown is an answer about a sweep.
type sweepShown struct {
	Name, Error, Chosen string
	Facts               [][2]string
	Made, Missing       int
	Curves              []struct{ Key, Figure string }
	Shown               string
	Table               struct{ Rows [][]string }
	Next                []string
}

func TestSweep_ShowsCurvesCandidatesAndTheChoice(t *testing.T) {
	folder := t.TempDir()
	madeSweep(t, filepath.Join(folder, "lr"), nil)
	h := open(t, folder)
	sweeps := ask[struct{ Sweeps []sweep }](t, h, "/api/runs").Sweeps
	if len(sweeps) != 1 || sweeps[0].Path != "lr" {
		t.Fatalf("got %+v", sweeps)
	}
	page := ask[sweepShown](t, h, "/api/sweep?sweep="+sweeps[0].ID)
	if page.Error != "" || page.Made != 5 || page.Missing != 4 || page.Chosen != "epochs: 3\n" || len(page.Next) != 2 {
		t.Errorf("got %+v", page)
	}
	if !strings.Contains(page.Shown, "the line is at the best") {
		t.Errorf("the curves show: %q", page.Shown)
	}
	if len(page.Curves) != 1 || !strings.HasPrefix(page.Curves[0].Figure, "data:image/svg+xml;base64,") ||
		len(page.Table.Rows) != 2 || page.Table.Rows[0][2] != "61.50 %" {
		t.Errorf("got curves %.80q and rows %q", page.Curves, page.Table.Rows)
	}
}

func TestSweep_DamagedOutcomeIsAnError(t *testing.T) {
	for name, change := range map[string]func(*experiments.StudyOutcome){
		"endless rungs": func(o *experiments.StudyOutcome) { o.Search.Rungs = 1 << 40 },
		"no values":     func(o *experiments.StudyOutcome) { o.Candidates[1].Values = nil },
		"no seeds":      func(o *experiments.StudyOutcome) { o.Candidates[0].Rungs[0].Seeds = nil },
		"no key":        func(o *experiments.StudyOutcome) { o.Keys = nil },
		"no time":       func(o *experiments.StudyOutcome) { o.Search.Name = experiments.SearchAblation },
	} {
		folder := t.TempDir()
		madeSweep(t, filepath.Join(folder, "lr"), change)
		h := open(t, folder)
		page := ask[sweepShown](t, h, "/api/sweep?sweep="+idOf("lr"))
		if page.Error == "" || len(page.Table.Rows) != 0 {
			t.Errorf("%s: got %+v", name, page)
		}
	}

	// Numbers that no axis has leave the curve out.
	folder := t.TempDir()
	madeSweep(t, filepath.Join(folder, "lr"), func(o *experiments.StudyOutcome) {
		o.Keys[0].Log, o.Candidates[0].Values = true, []string{"-inf"}
	})
	if page := ask[sweepShown](t, open(t, folder), "/api/sweep?sweep="+idOf("lr")); len(page.Curves) != 0 {
		t.Errorf("got %.80q", page.Curves)
	}
	if err := os.Symlink("/etc", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	if w := get(open(t, folder), "/api/sweep?sweep="+idOf("link")); w.Code != 404 {
		t.Errorf("a link: status %d", w.Code)
	}
}
