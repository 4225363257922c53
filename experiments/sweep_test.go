package experiments

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// toy is a plan of runs that take a second or two: two arms, one of them tuned.
func toy(t *testing.T) (Plan, Sweep) {
	t.Helper()
	t.Setenv("SSLX_CACHE", t.TempDir())
	set, err := dataset.Factors(context.Background(), dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	base := With(Base(Smoke), func(c *sslx.Config) {
		c.Data, c.Batch, c.Encoder, c.Projector, c.LogSteps = set.Path(), 64, encoder.ConvNet{Width: 4}, []int{16, 8}, 2
		c.Resolutions[0].Size = 8
	})
	low := With(base, func(c *sslx.Config) { c.Optimizer.LR /= 4 })
	p := Plan{Scale: Smoke, TuneSeeds: []uint64{9}, Seeds: []uint64{1, 2}, Tasks: []string{"shape"},
		Protocols: []string{"knn"},
		Arms: []Arm{{Name: "tuned", Floors: true,
			Candidates: []Candidate{{Label: "base", Config: base}, {Label: "low", Config: low}},
			Halving:    &Halving{Eta: 2, Rungs: 2}},
			{Name: "after", After: "tuned", From: func(c sslx.Config) sslx.Config {
				return With(c, func(c *sslx.Config) { c.Batch = 32 })
			}}},
		Comparisons: []Comparison{{Factor: "tuned over after", A: "tuned", B: "after"},
			{Factor: "tuned over untrained", A: "tuned", B: record.ModelUntrained}},
		Margin: 2}
	dir := t.TempDir()
	return p, Sweep{Store: Store{filepath.Join(dir, "smoke.jsonl")}, Work: filepath.Join(dir, "work"),
		Options: sslx.Options{Warn: func(string) {}}}
}

func (s Sweep) counting(n *int) Sweep {
	s.Started = func(int, int, string) { *n++ }
	return s
}

// outcome judges a plan.
func outcome(t *testing.T, p Plan, s Store) Outcome {
	t.Helper()
	records, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	o, err := Judge(Claim{ID: "toy", Plan: func(Scale) Plan { return p }}, Smoke, records)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestSweep_ResumesAndEndsAsIfNeverStopped(t *testing.T) {
	p, whole := toy(t)
	runs := 0
	if err := whole.counting(&runs).Run(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	if runs != 2+1+2*2 {
		t.Errorf("%d runs, want two halves and a whole of tuning, and two seeds of two arms", runs)
	}
	want := outcome(t, p, whole.Store)
	if want.Missing != 0 || len(want.Records) != 7 {
		t.Fatalf("%d runs made, %d missing", len(want.Records), want.Missing)
	}
	if len(want.Estimates) != 2 || want.Estimates[0].Factor != "tuned over after" {
		t.Fatalf("the outcome is %+v", want)
	}

	again := 0
	if err := whole.counting(&again).Run(context.Background(), p); err != nil || again != 0 {
		t.Errorf("%d runs were made again (%v)", again, err)
	}

	broken := whole
	dir := t.TempDir()
	broken.Store, broken.Work = Store{filepath.Join(dir, "smoke.jsonl")}, filepath.Join(dir, "work")
	random := rand.New(rand.NewPCG(1, 1))
	for range 2 { // stopped in the middle of some run
		ctx, stop := context.WithTimeout(context.Background(), time.Duration(500+random.IntN(2500))*time.Millisecond)
		err := broken.Run(ctx, p)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, sslx.ErrInterrupted) {
			t.Fatal(err)
		}
		stop()
	}
	before, err := broken.Store.Read()
	if err != nil {
		t.Fatal(err)
	}
	rest := 0
	if err := broken.counting(&rest).Run(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	if rest != 7-len(before) {
		t.Errorf("%d runs were made after %d of 7", rest, len(before))
	}
	got := outcome(t, p, broken.Store)
	got.Seconds, want.Seconds = 0, 0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSweep_TwoShareTheTrials(t *testing.T) {
	p, s := toy(t)
	p.Arms = p.Arms[:1]
	p.Arms[0].Candidates, p.Arms[0].Halving = p.Arms[0].Candidates[:1], nil
	var first, second int
	done := make(chan error)
	go func() { done <- s.counting(&first).Run(context.Background(), p) }()
	err := errors.Join(s.counting(&second).Run(context.Background(), p), <-done)
	if err != nil || first+second != 2 {
		t.Errorf("%d and %d runs, want two in all (%v)", first, second, err)
	}
}

// invented is a record of a trial with an accuracy on all that it is measured by.
func invented(t Trial, value float64) Record {
	r := Record{Key: t.Key("print"), Scale: t.Scale, Config: t.Config, Validation: t.Validation, Tasks: t.Tasks,
		Environment: record.Environment{Fingerprint: "print"}}
	split := record.SplitTest
	if t.Validation {
		split = record.SplitValidation
	}
	models := []string{objective.NameOf(t.Config.Objective)}
	if t.Floors {
		models = append(models, record.ModelUntrained)
	}
	tasks := t.Tasks
	if len(tasks) == 0 {
		tasks = []string{"class"}
	}
	for _, task := range tasks {
		for _, protocol := range t.Protocols {
			for _, model := range models {
				r.Results = append(r.Results, record.Result{Model: model, Task: "set/" + task, Split: split,
					Protocol: record.ParseProtocol(protocol + "/x@encoder"), Layer: record.LayerEncoder,
					Metric: record.MetricAccuracy, Value: value})
			}
		}
	}
	return r
}

// A finished training is measured by what its record lacks, and by nothing else.
func TestSweep_MeasuresWhatARecordLacksWithoutTrainingAgain(t *testing.T) {
	p, s := toy(t)
	p.Seeds, p.Arms = p.Seeds[:1], []Arm{NewArm("only", p.Arms[0].Candidates[0].Config)}
	made := 0
	only := func() (r Record) {
		if err := s.counting(&made).Run(context.Background(), p); err != nil {
			t.Fatal(err)
		}
		records, err := s.Store.Read()
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records (%v)", len(records), err)
		}
		for _, r = range records {
		}
		return r
	}

	// An accuracy that no evaluation gives stays only where it is not measured again.
	first := only()
	first.Results[0].Value = 2
	if err := s.Store.Append(first); err != nil {
		t.Fatal(err)
	}
	p.Also = []string{evaluate.ProtocolLabelFree}
	second := only()
	if made != 2 || second.Seconds != first.Seconds || second.Results[0].Value != 2 {
		t.Errorf("%d runs; %+v became %+v", made, first, second)
	}
	if !slices.ContainsFunc(second.Results, func(x record.Result) bool { return x.Metric == record.MetricRankMe }) {
		t.Errorf("the results are %+v", second.Results)
	}

	only()
	if made != 2 {
		t.Error("what nothing lacks is measured again")
	}
}

// The key of a record tells what it was trained on. Data that change while a sweep runs are found before the record is
// kept.
func TestSweep_KeepsNoRecordOfDataThatChanged(t *testing.T) {
	p, s := toy(t)
	s.Make = func(_ context.Context, trial Trial, key string) (Record, error) {
		r := invented(trial, 0.5)
		r.Key, r.Environment.Fingerprint = key, "of other data"
		return r, nil
	}
	err := s.Run(context.Background(), p)
	if err == nil || !strings.Contains(err.Error(), "changed while the sweep ran") {
		t.Errorf("got %v", err)
	}
	if records, err := s.Store.Read(); err != nil || len(records) != 0 {
		t.Errorf("%d records are kept (%v)", len(records), err)
	}
}
