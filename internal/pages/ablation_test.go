package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/record"
)

func TestAblation_ShowsARecordedSweepAndRefusesAPartOfOne(t *testing.T) {
	root := t.TempDir()
	recipes, results := filepath.Join(root, "experiments", "recipes"), filepath.Join(root, recordsFolder)
	for _, folder := range []string{recipes, results} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text := "base: cifar10-fast\nvary: {epochs: [20], batch: [256]}\nsearch: ablation\nseeds: [1, 2]\n"
	if err := os.WriteFile(filepath.Join(recipes, "mine.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}

	study, err := experiments.ReadStudy(filepath.Join(recipes, "mine.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	trials, err := experiments.Pending(experiments.Records{}, study.Plan())
	if err != nil || len(trials) != 6 {
		t.Fatalf("%d trials (%v)", len(trials), err)
	}
	store := experiments.Store{Path: filepath.Join(results, "mine.jsonl")}
	for i, trial := range trials {
		_, err := generator{root}.ablation("mine")
		if err == nil || !strings.Contains(err.Error(), "of 6 runs") {
			t.Errorf("with %d runs: %v", i, err)
		}
		known := experiments.Record{Key: trial.Key(""), Config: trial.Config, Validation: true, Tasks: []string{},
			Seconds: float64(trial.Config.Epochs), Finished: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC),
			Environment: record.Environment{Data: "cifar10", CPU: "a processor", Cores: 1,
				Revision: "0123456789abcdef"},
			Results: []record.Result{{Model: "simclr", Task: "cifar10/class", Split: record.SplitValidation,
				Protocol: record.ParseProtocol("knn/x@encoder"), Metric: record.MetricAccuracy,
				Value: 0.5 + float64(trial.Config.Seed)/100 + float64(trial.Config.Epochs)/100}}}
		if err := store.Append(known); err != nil {
			t.Fatal(err)
		}
	}

	b, err := generator{root}.ablation("mine")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| base | 61.50 % |", "| epochs=20 | 71.50 % | +10.00 | 2.00x |",
		"| batch=256 | 61.50 % | +0.00 |", "over 2 seeds is known to",
		"1 core of a processor a run; 2026-11-30, revision 0123456789ab.", "(figures/mine.png)"} {
		if !strings.Contains(b.Text, want) {
			t.Errorf("the page lacks %q:\n%s", want, b.Text)
		}
	}
	if len(b.Figures) != 1 || b.Figures[filepath.Join("docs", "figures", "mine.png")] == nil {
		t.Errorf("got figures %v", b.Figures)
	}
}
