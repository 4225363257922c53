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

func TestRecord_UntrainedIsTheStrongerOne(t *testing.T) {
	result := func(model, protocol string, value float64) record.Result {
		return record.Result{Model: model, Task: "t", Protocol: record.ParseProtocol(protocol), Value: value,
			Split: record.SplitTest, Metric: record.MetricAccuracy}
	}
	r := Record{Results: []record.Result{
		result(record.ModelUntrained, "knn/x@encoder", 0.3), result(record.ModelUntrained, "linear/x@encoder", 0.4),
		result("simclr", "knn/x@encoder", 0.9),
		result(record.ModelUntrainedBN, "knn/x@encoder", 0.25),
		result(record.ModelUntrainedBN, "linear/x@encoder", 0.45),
	}}
	got := r.Accuracies(record.ModelUntrained)
	if len(got) != 2 || got[0].Value != 0.3 || got[1].Value != 0.45 {
		t.Errorf("got %+v", got)
	}
	if old := (Record{Results: r.Results[:2]}).Accuracies(record.ModelUntrained); len(old) != 2 || old[1].Value != 0.4 {
		t.Errorf("without the second baseline: %+v", old)
	}
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

// family is a plan whose two comparisons with a baseline decide together, and the records of all its seeds.
func family(differences ...float64) (Claim, Records) {
	var arms []Arm
	var comparisons []Comparison
	for i := range differences {
		name := string(rune('a' + i))
		c := With(Base(CPU), func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: 0.1 * float64(i+1)} })
		arm := NewArm(name, c)
		arm.Floors = i == 0
		arms = append(arms, arm)
		comparisons = append(comparisons, Comparison{Factor: name + " over untrained", A: name,
			B: record.ModelUntrained, Useless: true})
	}
	p := NewPlan(CPU, arms, comparisons...)
	p.Protocols, p.Deciding = p.Protocols[:1], len(differences)

	records := Records{}
	for i, difference := range differences {
		for j, seed := range p.Seeds {
			r := made(p, arms[i].Name, seed, 0.25+difference+0.004*float64(j%3-1)) // the untrained encoder has 0.25
			r.Log = []record.Metrics{{Step: 1, Loss: 0.69, Chance: 0.693}}
			records[r.Key] = r
		}
	}
	return Claim{ID: "family", Plan: func(Scale) Plan { return p }}, records
}

func TestJudge_UselessIsReversedByOneArmThatLearns(t *testing.T) {
	cue := 0.9
	for _, c := range []struct {
		name        string
		differences []float64
		change      func(*Record)
		want        statistics.Verdict
	}{
		{"no arm learns", []float64{0, -0.03}, nil, statistics.Upheld},
		{"one arm learns", []float64{0, 0.06}, nil, statistics.Reversed},
		{"an arm is near the margin", []float64{0, 0.02}, nil, statistics.NotSettled},
		{"a seed is missing", []float64{0, 0.06}, func(r *Record) { r.Results = nil }, statistics.NotSettled},
		{"pixels tell negatives from anchors", []float64{0, 0.06}, func(r *Record) { r.Cue = &cue },
			statistics.NotSettled},
		{"the task is solved from the start", []float64{0, 0.06}, func(r *Record) { r.Log[0].Loss = 0.1 },
			statistics.NotSettled},
	} {
		claim, records := family(c.differences...)
		if c.change != nil {
			p := claim.Plan(CPU)
			r, _ := p.Record(records, p.Arms[1], 1)
			c.change(&r)
			records[r.Key] = r
		}
		o, err := Judge(claim, CPU, records)
		if err != nil || o.Verdict != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, o.Verdict, err, c.want)
		}
		for _, e := range o.Estimates {
			if len(e.Construction) > 0 && e.Verdict != "" {
				t.Errorf("%s: %s is %s though %s is decided by construction", c.name, e.Factor, e.Verdict,
					e.Construction)
			}
		}
	}
}

func TestPlan_RuleSaysWhatIsApplied(t *testing.T) {
	claim, _ := family(0, 0)
	p := claim.Plan(CPU)
	for _, want := range []string{"on class by knn", "5 seeds", "margin 2 points", `"a over untrained" or "b over untrained"`,
		"Reversed where", "(Holm)", "60 %"} {
		if rule := p.Rule(); !strings.Contains(rule, want) {
			t.Errorf("the rule lacks %q: %s", want, rule)
		}
	}

	p.Comparisons, p.Deciding = []Comparison{{Factor: "a over b", A: "a", B: "b"}}, 0
	if rule := p.Rule(); strings.Contains(rule, "Holm") || !strings.Contains(rule, `of "a over b" lies above +2`) {
		t.Error(rule)
	}
}
