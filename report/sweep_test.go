package report

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// sweepText is a sweep of 24 candidates whose best is known: a rate of 0.4 and a projector of 64 and 32.
const sweepText = `
set: {epochs: 9}
vary:
  optimizer.lr: [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
  projector: [[64], [64, 32], [128, 64], [128, 64, 32]]
search: halving
`

// plantedMake invents the record of a trial. Its accuracy is highest for the known best, and lower after a part of the
// training.
func plantedMake(took time.Duration) func(context.Context, experiments.Trial, string) (experiments.Record, error) {
	return func(ctx context.Context, t experiments.Trial, key string) (r experiments.Record, err error) {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(took):
		}
		share := t.Until
		if share == 0 {
			share = 1
		}
		off := math.Log2(t.Config.Optimizer.LR / 0.4)
		value := 0.5*math.Sqrt(share) - 0.01*off*off - 0.02*math.Abs(float64(len(t.Config.Projector)-2))
		if t.Config.Projector[0] == 128 {
			value -= 0.01
		}
		return experiments.Record{Key: key, Config: t.Config, Validation: true, Until: t.Until, Seconds: 90 * share,
			Environment: record.Environment{Data: "factors", Fingerprint: os.Getenv(printEnv), CPU: "a processor"},
			Results: []record.Result{{Model: objective.NameOf(t.Config.Objective), Task: "factors/shape",
				Split: record.SplitValidation, Protocol: record.ParseProtocol("knn/x@encoder"), Layer: "encoder",
				Metric: record.MetricAccuracy, Value: value}}}, nil
	}
}

// The environment of a child process, which makes a sweep.
const (
	sweepEnv = "SSLX_TEST_SWEEP_FOLDER"
	printEnv = "SSLX_TEST_FINGERPRINT"
)

// sweepTo makes the sweep whose description is in a folder, and reports on it.
func sweepTo(ctx context.Context, folder string, took time.Duration) (o experiments.StudyOutcome, err error) {
	study, err := experiments.ReadStudy(filepath.Join(folder, experiments.StudyFile))
	if err != nil {
		return o, err
	}
	store := experiments.Store{Path: filepath.Join(folder, experiments.RecordsFile)}
	err = experiments.Sweep{Store: store, Work: folder, Make: plantedMake(took),
		Options: sslx.Options{Warn: func(string) {}}}.Run(ctx, study.Plan())
	if err != nil {
		return o, err
	}
	records, err := store.Read()
	if err != nil {
		return o, err
	}
	if o, err = study.Outcome(records); err != nil {
		return o, err
	}
	return o, WriteSweep(folder, o, records)
}

// TestSweep_KilledTwiceEndsWithTheSameReport makes the sweep in a process that is killed twice at random times.
func TestSweep_KilledTwiceEndsWithTheSameReport(t *testing.T) {
	if folder := os.Getenv(sweepEnv); folder != "" {
		if _, err := sweepTo(t.Context(), folder, 15*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Setenv("SSLX_CACHE", t.TempDir())
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Cache: t.TempDir(), Train: 16, Test: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(printEnv, set.Fingerprint())
	text := strings.Replace(sweepText, "{epochs: 9}", "{epochs: 9, data: "+set.Path()+"}", 1)
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	described := func() string {
		folder := filepath.Join(t.TempDir(), "lr")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, experiments.StudyFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return folder
	}

	whole := described()
	o, err := sweepTo(t.Context(), whole, 0)
	if err != nil || o.Chosen == nil || o.Chosen.Label != "optimizer.lr=0.4, projector=[64, 32]" || o.Cost > 8 {
		t.Fatalf("chosen is %+v at a cost of %g (%v)", o.Chosen, o.Cost, err)
	}

	// The process makes itself known by its first record, and is killed some records later.
	killed := described()
	lines := func() int {
		text, _ := os.ReadFile(filepath.Join(killed, experiments.RecordsFile))
		return strings.Count(string(text), "\n")
	}
	child := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), sweepEnv+"="+killed)
		return c
	}
	for _, after := range []int{1 + rand.IntN(12), 14 + rand.IntN(18)} {
		c := child()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); lines() < after && time.Since(begun) < time.Minute; {
			time.Sleep(time.Millisecond)
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err == nil {
			t.Error("the sweep ended before it was killed")
		}
		t.Logf("killed with %d of 34 runs", lines())
	}
	if out, err := child().CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	for _, name := range []string{SweepReport, SweepOutcome, ChosenConfig} {
		want, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(killed, name))
		text := strings.ReplaceAll(string(want), whole, killed)
		if err != nil || string(got) != text {
			t.Errorf("%s differs (%v)", name, err)
		}
	}
	if n := lines(); n != 34 {
		t.Errorf("%d runs were made, want 34", n)
	}
	testChosen(t, whole, o)
}

// testChosen looks at what is written of a sweep that is done.
func testChosen(t *testing.T, folder string, o experiments.StudyOutcome) {
	c, err := sslx.ReadConfig(filepath.Join(folder, ChosenConfig), nil)
	if err != nil || c.Optimizer.LR != 0.4 || len(c.Projector) != 2 || c.Epochs != 9 {
		t.Errorf("the chosen configuration is %+v (%v)", c, err)
	}
	var again experiments.StudyOutcome
	text, err := os.ReadFile(filepath.Join(folder, SweepOutcome))
	if err == nil {
		err = json.Unmarshal(text, &again)
	}
	if err != nil || len(again.Candidates) != 24 || again.Chosen.Label != o.Chosen.Label {
		t.Errorf("the outcome is read back as %d candidates (%v)", len(again.Candidates), err)
	}

	page, err := os.ReadFile(filepath.Join(folder, SweepReport))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"optimizer.lr=0.4, projector=[64, 32]: 50.00 %", "34 of 34", "<img ",
		"sslx pretrain --config", "best in 3 train further after 11.1 % and 33.3 %", "fingerprint"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	var b strings.Builder
	if err := WriteSweepText(&b, "runs/lr", o, 100, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"34 of 34", "5.78 whole trainings", "to the end: 24", "optimizer.lr=0.4",
		"and 4 more", "sslx pretrain --config runs/lr/chosen.yaml --out runs/lr-chosen"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
}

func TestSweepFacts_SayWhichImagesTheMeasureIsOf(t *testing.T) {
	for measure, want := range map[string]string{"knn": "on validation images", "online-knn": "on training views"} {
		facts := SweepFacts(experiments.StudyOutcome{Measure: measure})
		if text := fmt.Sprint(facts); !strings.Contains(text, want) {
			t.Errorf("%s: %s", measure, text)
		}
	}
}

func TestSweepCurve_HasAPlaceForEachValueAndManyShareOne(t *testing.T) {
	list := experiments.SweptKey{Key: "a", Values: []string{"[64]", "[64, 32]"}}
	if got := placesOf(list); got["[64]"] != 0 || got["[64, 32]"] != 1 {
		t.Errorf("got %v", got)
	}
	many := experiments.SweptKey{Key: "a", Number: true, Log: true}
	for i := range 20 {
		text, _ := json.Marshal(math.Exp2(float64(i)))
		many.Values = append(many.Values, string(text))
	}
	places := map[float64]bool{}
	for _, x := range placesOf(many) {
		places[x] = true
	}
	if len(places) != 8 {
		t.Errorf("20 values have %d places", len(places))
	}

	best, other := 60.0, 50.0
	o := experiments.StudyOutcome{Measure: "knn", Percent: true, Keys: []experiments.SweptKey{list},
		Candidates: []experiments.Tried{
			{Values: []string{"[64]"}, Rungs: []experiments.Rung{{Share: 1, Value: &best}}},
			{Values: []string{"[64]"}, Rungs: []experiments.Rung{{Share: 1, Value: &other}}},
			{Values: []string{"[64, 32]"}, Rungs: []experiments.Rung{{Share: 1, Failed: "loss is NaN"}}},
		}}
	f, err := SweepCurve(o, "a")
	if err != nil || !strings.Contains(f.Alt, "60 at 0") {
		t.Errorf("got %+v (%v)", f, err)
	}
	o.Candidates = o.Candidates[2:]
	if f, err := SweepCurve(o, "a"); f != nil || err != nil {
		t.Errorf("a curve of what diverged is %v (%v)", f, err)
	}
}
