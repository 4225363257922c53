package experiments

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// made is a record of an arm with an accuracy on test.
func made(p Plan, arm string, seed uint64, value float64) Record {
	i := slices.IndexFunc(p.Arms, func(a Arm) bool { return a.Name == arm })
	c := p.Arms[i].Candidates[0].Config
	c.Seed = seed
	r := Record{Key: Trial{Config: c}.Key("print"), Tasks: p.Tasks, Config: c,
		Environment: record.Environment{Fingerprint: "print"}}
	add := func(model, layer, split string, value float64) {
		r.Results = append(r.Results, record.Result{Model: model, Task: "cifar10/class", Layer: layer, Split: split,
			Protocol: record.ParseProtocol("knn/x@" + layer), Metric: record.MetricAccuracy, Value: value})
	}
	add("simclr", record.LayerEncoder, record.SplitTest, value)
	add(record.ModelUntrained, record.LayerEncoder, record.SplitTest, 0.25)
	add(record.ModelPixels, record.LayerPixels, record.SplitTest, 0.3)
	add("simclr", record.LayerEncoder, record.SplitValidation, 0.9)
	return r
}

// simulated is a claim of two arms whose true accuracies differ, with noise over seeds.
func simulated(random *rand.Rand, difference, noise float64) (Claim, Records) {
	a := Base(CPU)
	b := With(a, func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: 0.5} })
	arms := []Arm{NewArm("a", a), NewArm("b", b)}
	arms[0].Floors = true
	p := NewPlan(CPU, arms,
		Comparison{Factor: "a over b", A: "a", B: "b"},
		Comparison{Factor: "a over untrained", A: "a", B: record.ModelUntrained},
		Comparison{Factor: "a over pixels", A: "a", B: record.ModelPixels})
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

func TestJudge_FindsFivePointsAndNotNone(t *testing.T) {
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

func TestJudge_EstimatesAreOfTheTestResults(t *testing.T) {
	c, records := simulated(rand.New(rand.NewPCG(1, 2)), 0.1, 0)
	o, err := Judge(c, CPU, records)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{10, 35, 30} {
		e := o.Estimates[i]
		if math.Abs(e.Mean-want) > 1e-9 {
			t.Errorf("estimate %d is %g points, want %g", i, e.Mean, want)
		}
		if e.Seeds != 5 || e.Task != "cifar10/class" || e.Protocol != record.ParseProtocol("knn/x") || e.P == nil {
			t.Errorf("estimate %d is %+v", i, e)
		}
		if (e.Verdict == "") != (i > 0) || e.Decides != (i == 0) {
			t.Errorf("estimate %d has the verdict %q and decides: %t", i, e.Verdict, e.Decides)
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
	for _, key := range []string{`"claim"`, `"scale"`, `"verdict"`, `"margin"`, `"estimates":[{"factor"`,
		`"difference"`, `"low"`, `"high"`, `"seeds"`, `"records"`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("%s lacks %s", text, key)
		}
	}
}

// Without its deciding comparison a claim has no verdict, whatever the others say.
func TestJudge_NoVerdictWithoutTheComparisonThatDecides(t *testing.T) {
	c, records := simulated(rand.New(rand.NewPCG(1, 2)), 0.1, 0)
	plan := c.Plan(CPU)
	plan.Arms = append(plan.Arms, NewArm("c", With(Base(CPU), func(c *sslx.Config) { c.Batch = 32 })))
	plan.Comparisons = append([]Comparison{{Factor: "a over c", A: "a", B: "c"}}, plan.Comparisons...)
	o, err := Judge(Claim{ID: "lacking", Plan: func(Scale) Plan { return plan }}, CPU, records)
	if err != nil {
		t.Fatal(err)
	}
	if o.Verdict != statistics.NotSettled || o.Power != 0 {
		t.Errorf("verdict %s, power %g", o.Verdict, o.Power)
	}
	if e, ok := o.Deciding(); ok || len(o.Estimates) != 3 {
		t.Errorf("%+v decides, of %d estimates", e, len(o.Estimates))
	}
}

// The deciding estimate stands for itself; the others of its comparison are corrected, and their verdicts with them.
func TestPlan_CompareCorrectsAllButTheEstimateThatDecides(t *testing.T) {
	differences := []float64{2.1, 2.6, 2.3, 2.9, 2.5} // above the margin of 2, narrowly
	p := NewPlan(CPU, nil, Comparison{Factor: "a over b", A: "a", B: "b"})
	i, err := statistics.Paired(differences, Level)
	if err != nil {
		t.Fatal(err)
	}
	alone := statistics.VerdictP(i, p.Margin)

	var all []Estimate
	for _, task := range []string{"cifar10/class", "dtd10/class", "gtsrb32/class", "eurosat5k/class"} {
		e, err := p.estimate(p.Comparisons[0], Column{task, record.ParseProtocol("knn/x")}, differences)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	p.correct(all)

	if first := all[0]; !first.Decides || first.Verdict != statistics.Upheld || *first.P != alone {
		t.Errorf("the deciding estimate is %s with p %g, want upheld with %g", first.Verdict, *first.P, alone)
	}
	for _, e := range all[1:] {
		if e.Decides || e.Verdict != statistics.NotSettled || math.Abs(*e.P-3*alone) > 1e-12 {
			t.Errorf("%s is %s with p %g, want not settled with %g", e.Task, e.Verdict, *e.P, 3*alone)
		}
	}
}
