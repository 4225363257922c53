package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/tensorboard"
	"github.com/sslx-go/lab/internal/testevents"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// loggedRun makes a run with a log and a picture, and no weights.
func loggedRun(t *testing.T, dir string) {
	t.Helper()
	r, err := record.Create(dir, sslx.Default(), record.Environment{Started: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	log, err := r.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 40; step++ {
		probe := 1 / (1 + float64(step))
		err = errors.Join(err, log.Append(record.Metrics{Step: step, Epoch: float64(step) / 3,
			Images: int64(256 * step), Seconds: 0.1 * float64(step), LR: 0.3 / float64(step),
			Loss: 5 / float64(step), Chance: 5.5, Spread: 0.7, Rank: 3.3, ProbeAccuracy: &probe, KNNAccuracy: &probe,
			ProbeLayers: map[string]float64{"projector0": probe / 2},
			Parts:       map[string]float64{"entropy": 7.7, "similarity": -1.1 * float64(step)}}))
	}
	sheet, sheetErr := plots.ViewSheet(4, 4, nil, images(2, 4, 4))
	err = errors.Join(err, sheetErr, writePicture(dir, record.ViewsPicture, sheet), log.Close(), r.Close())
	if err != nil {
		t.Fatal(err)
	}
}

// exported exports a run, and returns the folder and the warnings.
func exported(t *testing.T, dir string) (to, warnings string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "board")
	err := ExportEvents(context.Background(), to, []string{dir},
		sslx.Options{Warn: func(text string) { warnings += text + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	return to, warnings
}

func TestExportEvents_HasTheLogAndThePictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	loggedRun(t, dir)
	to, warnings := exported(t, dir)
	if !strings.Contains(warnings, "without new pictures") {
		t.Errorf("warnings %q: want why there is no gallery", warnings)
	}
	events := testevents.Read(t, filepath.Join(to, "first"))
	if got := testevents.Steps(events); len(got) != 40 || got[39] != 40 {
		t.Errorf("scalars of steps %v, want 1 to 40", got)
	}
	last := events[len(events)-1]
	if views := last.Images["views"]; last.Step != 40 || len(views) != 3 || !strings.HasPrefix(views[2], "\x89PNG") {
		t.Errorf("the last event, of step %d, has images %v", last.Step, len(last.Images))
	}
}

func TestExportEvents_RefusesTwoRunsOfOneName(t *testing.T) {
	err := ExportEvents(context.Background(), t.TempDir(), []string{"a/first", "b/first"}, sslx.Options{})
	if !usage.Is(err) || !strings.Contains(err.Error(), "one name") {
		t.Errorf("got %v", err)
	}
}

// TestExportEvents_TensorBoardReadsWhatTheLogHas asks TensorBoard's own reader. SSLX_PYTHON names a Python that has the
// package tensorboard.
func TestExportEvents_TensorBoardReadsWhatTheLogHas(t *testing.T) {
	python := cmp.Or(os.Getenv("SSLX_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import tensorboard").Run(); err != nil {
		t.Skip("the Python package tensorboard is not installed: set SSLX_PYTHON to a Python that has it")
	}
	dir := filepath.Join(t.TempDir(), "first")
	loggedRun(t, dir)
	to, _ := exported(t, dir)
	few := tensorboard.Embedding{Name: "encoder", Vectors: [][]float32{{1, 2}}, Images: images(1, 4, 4), Height: 4,
		Width: 4}
	if err := few.Write(filepath.Join(to, "first")); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "../scripts/read-events.py", to)
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]struct {
		Scalars   map[string][][3]float64
		Images    map[string][][4]float64
		Projector []string
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}

	// Every number of every line, to the last bit.
	lines, err := record.ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := read["first"]
	want := map[string]func(record.Metrics) float64{
		"epoch":                   func(m record.Metrics) float64 { return m.Epoch },
		"images":                  func(m record.Metrics) float64 { return float64(m.Images) },
		"seconds":                 func(m record.Metrics) float64 { return m.Seconds },
		"lr":                      func(m record.Metrics) float64 { return m.LR },
		"loss":                    func(m record.Metrics) float64 { return m.Loss },
		"chance":                  func(m record.Metrics) float64 { return m.Chance },
		"spread":                  func(m record.Metrics) float64 { return m.Spread },
		"rank":                    func(m record.Metrics) float64 { return m.Rank },
		"probe_accuracy":          func(m record.Metrics) float64 { return *m.ProbeAccuracy },
		"knn_accuracy":            func(m record.Metrics) float64 { return *m.KNNAccuracy },
		"probe_layers/projector0": func(m record.Metrics) float64 { return m.ProbeLayers["projector0"] },
		"parts/entropy":           func(m record.Metrics) float64 { return m.Parts["entropy"] },
		"parts/similarity":        func(m record.Metrics) float64 { return m.Parts["similarity"] },
	}
	if len(got.Scalars) != len(want) {
		t.Errorf("%d scalars, want %d", len(got.Scalars), len(want))
	}
	for tag, value := range want {
		if len(got.Scalars[tag]) != len(lines) {
			t.Errorf("%s has %d values, want %d", tag, len(got.Scalars[tag]), len(lines))
			continue
		}
		for i, m := range lines {
			if v := got.Scalars[tag][i]; v[0] != float64(m.Step) || v[2] != value(m) {
				t.Errorf("%s at step %v is %v, want %v at %d", tag, v[0], v[2], value(m), m.Step)
			}
		}
	}
	if views := got.Images["views"]; len(views) != 1 || views[0][0] != 40 || views[0][1] < 1 || views[0][3] < 1 {
		t.Errorf("images %v", got.Images)
	}
	if len(got.Projector) != 1 || got.Projector[0] != "encoder" {
		t.Errorf("projector %v", got.Projector)
	}
}
