package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments/statistics"
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
	p := Plan{Scale: Smoke, TuneSeeds: []uint64{9}, Seeds: []uint64{1, 2}, Tasks: []string{"shape"}, Protocols: []string{"knn"},
		Arms: []Arm{{Name: "tuned", Candidates: []Candidate{{"base", base}, {"low", low}}, Floors: true},
			{Name: "after", After: "tuned", From: func(c sslx.Config) sslx.Config {
				return With(c, func(c *sslx.Config) { c.Batch = 32 })
			}}},
		Comparisons: []Comparison{{"tuned over after", "tuned", "after"}, {"tuned over untrained", "tuned", record.ModelUntrained}},
		Margin:      2}
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

func TestASweepThatIsStoppedGoesOnAndEndsAsIfItWereNot(t *testing.T) {
	p, whole := toy(t)
	runs := 0
	if err := whole.counting(&runs).Run(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	if runs != 2+2*2 {
		t.Errorf("%d runs, want two of tuning and two seeds of two arms", runs)
	}
	want := outcome(t, p, whole.Store)
	if want.Missing != 0 || len(want.Records) != 6 || len(want.Estimates) != 2 || want.Estimates[0].Factor != "tuned over after" {
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
		if err := broken.Run(ctx, p); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, sslx.ErrInterrupted) {
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
	if rest != 6-len(before) {
		t.Errorf("%d runs were made after %d of 6", rest, len(before))
	}
	got := outcome(t, p, broken.Store)
	got.Seconds, want.Seconds = 0, 0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatDecidesComesFirstOfAllPlans(t *testing.T) {
	arm := func(name string, lr float64) Arm {
		return Arm{Name: name, Candidates: []Candidate{{"base", With(Base(Smoke), func(c *sslx.Config) { c.Optimizer.LR = lr })}}}
	}
	plan := func(first float64) Plan {
		arms := []Arm{arm("other", first), arm("a", first+1), arm("b", first+2)}
		return Plan{Scale: Smoke, Seeds: []uint64{1, 2}, Arms: arms, Comparisons: []Comparison{{"a over b", "a", "b"}}}
	}
	trials, err := Pending(Records{}, plan(10), plan(20))
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]float64
	for _, run := range trials {
		got = append(got, [2]float64{run.Config.Optimizer.LR, float64(run.Config.Seed)})
	}
	want := [][2]float64{{11, 1}, {12, 1}, {11, 2}, {12, 2}, {21, 1}, {22, 1}, {21, 2}, {22, 2}, {10, 1}, {10, 2}, {20, 1}, {20, 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("learning rates and seeds of the runs are %v, want %v", got, want)
	}
}

func TestTwoSweepsShareTheRuns(t *testing.T) {
	p, s := toy(t)
	p.Arms = p.Arms[:1]
	p.Arms[0].Candidates = p.Arms[0].Candidates[:1]
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
	for _, task := range t.Tasks {
		for _, protocol := range t.Protocols {
			for _, model := range models {
				r.Results = append(r.Results, record.Result{Model: model, Task: "set/" + task, Split: split, Value: value,
					Protocol: record.ParseProtocol(protocol + "/x@encoder"), Layer: record.LayerEncoder, Metric: record.MetricAccuracy})
			}
		}
	}
	return r
}

// made is a record of an arm with an accuracy on test.
func made(p Plan, arm string, seed uint64, value float64) Record {
	i := slices.IndexFunc(p.Arms, func(a Arm) bool { return a.Name == arm })
	c := p.Arms[i].Candidates[0].Config
	c.Seed = seed
	run := Trial{Config: c}
	return Record{Key: run.Key("print"), Tasks: p.Tasks, Config: c, Environment: record.Environment{Fingerprint: "print"}, Results: []record.Result{
		{Model: "simclr", Task: "cifar10/class", Protocol: record.ParseProtocol("knn/x@encoder"), Layer: "encoder", Split: "test", Metric: "accuracy", Value: value},
		{Model: "untrained", Task: "cifar10/class", Protocol: record.ParseProtocol("knn/x@encoder"), Layer: "encoder", Split: "test", Metric: "accuracy", Value: 0.25},
		{Model: "pixels", Task: "cifar10/class", Protocol: record.ParseProtocol("knn/x@pixels"), Layer: "pixels", Split: "test", Metric: "accuracy", Value: 0.3},
		{Model: "simclr", Task: "cifar10/class", Protocol: record.ParseProtocol("knn/x@encoder"), Layer: "encoder", Split: "validation", Metric: "accuracy", Value: 0.9},
	}}
}

// simulated is a claim of two arms whose true accuracies differ, with noise over seeds.
func simulated(random *rand.Rand, difference, noise float64) (Claim, Records) {
	a := Base(CPU)
	b := With(a, func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: 0.5} })
	p := NewPlan(CPU, []Arm{{Name: "a", Candidates: []Candidate{{"base", a}}, Floors: true}, {Name: "b", Candidates: []Candidate{{"base", b}}}},
		Comparison{"a over b", "a", "b"}, Comparison{"a over untrained", "a", record.ModelUntrained}, Comparison{"a over pixels", "a", record.ModelPixels})
	p.Protocols = p.Protocols[:1]
	records := Records{}
	for _, seed := range p.Seeds {
		for arm, mean := range map[string]float64{"a": 0.5 + difference, "b": 0.5} {
			r := made(p, arm, seed, mean+noise*random.NormFloat64())
			records[r.Key] = r
		}
	}
	return Claim{ID: "simulated", Plan: func(Scale) Plan { return p }}, records
}

func TestIdenticalArmsAreNeverFoundToDifferAndFivePointsAre(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	count := func(difference float64) map[statistics.Verdict]int {
		counts := map[statistics.Verdict]int{}
		for range 100 {
			c, records := simulated(random, difference, 0.006)
			o, err := Judge(c, CPU, records)
			if err != nil || o.Missing != 0 || len(o.Estimates) != 3 {
				t.Fatalf("%+v (%v)", o, err)
			}
			counts[o.Verdict]++
		}
		return counts
	}
	if null := count(0); null[statistics.Upheld] > 6 || null[statistics.Equivalent] < 50 {
		t.Errorf("identical arms: %v", null)
	}
	if planted := count(0.05); planted[statistics.Upheld] < 94 {
		t.Errorf("five points: %v", planted)
	}
}

func TestAnOutcomeIsThatOfTheTestResultsAndFloors(t *testing.T) {
	c, records := simulated(rand.New(rand.NewPCG(1, 2)), 0.1, 0)
	o, err := Judge(c, CPU, records)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{10, 35, 30} {
		e := o.Estimates[i]
		if math.Abs(e.Mean-want) > 1e-9 || e.Seeds != 5 || e.Task != "cifar10/class" || e.Protocol != record.ParseProtocol("knn/x") || e.P == nil {
			t.Errorf("estimate %d is %+v, want %g points", i, e, want)
		}
	}
	for key := range records {
		delete(records, key)
		break
	}
	if o, err = Judge(c, CPU, records); err != nil || o.Missing != 1 || o.Verdict != statistics.NotSettled {
		t.Errorf("with a run missing: %+v (%v)", o, err)
	}
}

func TestAStoreKeepsWholeLinesOnly(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "new", "cpu.jsonl")}
	if got, err := s.Read(); err != nil || len(got) != 0 {
		t.Fatalf("%v (%v)", got, err)
	}
	for i, key := range []string{"a", "b", "a"} {
		if err := s.Append(Record{Key: key, Images: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole) - 1; cut > 0; cut -= 37 {
		if err := os.WriteFile(s.Path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(Record{Key: "c", Images: 9}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Read()
		if err != nil || got["c"].Images != 9 || len(got) != 1+min(2, strings.Count(string(whole[:cut]), "\n")) {
			t.Fatalf("cut at %d: %d records (%v)", cut, len(got), err)
		}
	}
	if err := os.WriteFile(s.Path, []byte("{\"key\":\"a\"}\nbad\n{\"key\":\"b\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), s.Path+" is damaged at line 2") {
		t.Errorf("got %v", err)
	}
}

func TestTheTaskThatDecidesIsOfTheDataOfTheRuns(t *testing.T) {
	p := NewPlan(CPU, nil)
	for task, want := range map[string]bool{"cifar10/class": true, "class": true, "gtsrb32/class": false, "dtd10/class": false,
		"cifar100s/coarse": false, "cifar10/made-gray": false} {
		if got := p.Decides(task, record.ParseProtocol("knn/cosine/k20/t0.07@encoder")); got != want {
			t.Errorf("%s decides: %v", task, got)
		}
	}
	if p.Decides("cifar10/class", record.ParseProtocol("linear/lbfgs/l2-val@encoder")) {
		t.Error("the second protocol decides")
	}
}

func TestAKeyIsOfWhatDecidesTheNumbers(t *testing.T) {
	base := Trial{Config: Base(CPU)}
	same := base
	same.Config.Data, same.Config.LogSteps, same.Config.CheckpointSeconds = "elsewhere", 7, 7
	same.Tasks, same.Floors = []string{"x"}, true
	if base.Key("print") != same.Key("print") {
		t.Error("where the data is, or what is logged, changes the key")
	}
	seeded, validated := base, base
	seeded.Config.Seed++
	validated.Validation = true
	keys := map[string]bool{base.Key("print"): true, base.Key("other"): true, seeded.Key("print"): true, validated.Key("print"): true}
	if len(keys) != 4 {
		t.Errorf("%d keys of 4", len(keys))
	}
}

func TestJudge_TellsWhatItsSeedsFind(t *testing.T) {
	c, records := simulated(rand.New(rand.NewPCG(5, 5)), 0, 0.01)
	o, err := Judge(c, CPU, records)
	if err != nil || o.Power <= 0 || o.Power > 6 {
		t.Errorf("the smallest effect is %g (%v)", o.Power, err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{`"claim"`, `"scale"`, `"verdict"`, `"margin"`, `"estimates":[{"factor"`, `"difference"`, `"low"`, `"high"`, `"seeds"`, `"records"`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("%s lacks %s", text, key)
		}
	}
}

func TestARunIsThereOnlyWithAllThatIsAskedOfIt(t *testing.T) {
	run := Trial{Config: Base(CPU), Tasks: []string{"class", "dtd10"}, Protocols: []string{evaluate.ProtocolKNN}}
	known := Record{Tasks: []string{"dtd10", "class", "mnist"}, Results: []record.Result{
		{Model: "simclr", Protocol: record.ParseProtocol("knn/x@encoder")}, {Model: record.ModelUntrained, Protocol: record.ParseProtocol("knn/x@encoder")}}}
	in := func(r Trial) bool { return r.in(Records{run.Key("print"): known}, "print") }
	if !in(run) {
		t.Error("a run that has all is said to be missing")
	}
	for name, change := range map[string]func(r *Trial, k *Record){
		"another task":     func(r *Trial, _ *Record) { r.Tasks = []string{"gtsrb32"} },
		"another protocol": func(r *Trial, _ *Record) { r.Protocols = []string{evaluate.ProtocolLinear} },
		"another seed":     func(r *Trial, _ *Record) { r.Config.Seed++ },
		"floors":           func(r *Trial, k *Record) { r.Floors, k.Results = true, k.Results[:1] },
	} {
		changed, before := run, known
		change(&changed, &known)
		if in(changed) {
			t.Errorf("%s: the run is said to be there", name)
		}
		known = before
	}
}
