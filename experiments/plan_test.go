package experiments

import (
	"reflect"
	"slices"
	"testing"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

func TestPending_DecidingTrialsOfAllPlansComeFirst(t *testing.T) {
	arm := func(name string, lr float64) Arm {
		return NewArm(name, With(Base(Smoke), func(c *sslx.Config) { c.Optimizer.LR = lr }))
	}
	plan := func(first float64) Plan {
		arms := []Arm{arm("other", first), arm("a", first+1), arm("b", first+2)}
		return Plan{Scale: Smoke, Seeds: []uint64{1, 2}, Arms: arms,
			Comparisons: []Comparison{{Factor: "a over b", A: "a", B: "b"}}}
	}
	trials, err := Pending(Records{}, plan(10), plan(20))
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]float64
	for _, run := range trials {
		got = append(got, [2]float64{run.Config.Optimizer.LR, float64(run.Config.Seed)})
	}
	want := [][2]float64{
		{11, 1}, {12, 1}, {11, 2}, {12, 2}, {21, 1}, {22, 1}, {21, 2}, {22, 2}, // decide
		{10, 1}, {10, 2}, {20, 1}, {20, 2},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("learning rates and seeds of the runs are %v, want %v", got, want)
	}
}

func TestGaps_SayWhichRunsOfWhichArmAreMissing(t *testing.T) {
	setting := func(lr float64) sslx.Config {
		return With(Base(CPU), func(c *sslx.Config) { c.Optimizer.LR = lr })
	}
	tuned := NewArm("tuned", setting(1))
	tuned.Candidates = append(tuned.Candidates, Candidate{Label: "other", Config: setting(2)})
	p := NewPlan(CPU, []Arm{NewArm("like a", setting(3)), tuned, NewArm("a", setting(3))},
		Comparison{Factor: "a over tuned", A: "a", B: "tuned"})
	p.Protocols = p.Protocols[:1]
	r := made(p, "a", p.Seeds[1], 0.5)
	records := Records{r.Key: r}

	// What two arms share is missing once.
	want := []Gap{{Arm: "tuned", Tuning: 2 * len(p.TuneSeeds), Seeds: p.Seeds},
		{Arm: "a", Seeds: append(slices.Clone(p.Seeds[:1]), p.Seeds[2:]...)}}
	got, err := Gaps(records, p)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	o, err := Judge(Claim{ID: "gaps", Plan: func(Scale) Plan { return p }}, CPU, records)
	if err != nil || !reflect.DeepEqual(o.Gaps, want) {
		t.Errorf("the claim has %+v (%v)", o.Gaps, err)
	}
	if n, err := Missing(records, p); err != nil || n != o.Missing || n != 2*len(p.TuneSeeds)+2*len(p.Seeds)-1 {
		t.Errorf("%d runs are missing (%v), the claim says %d", n, err, o.Missing)
	}
}

func TestPlan_DecidingTaskIsOfTheDataOfTheRuns(t *testing.T) {
	p := NewPlan(CPU, nil)
	for task, want := range map[string]bool{"cifar10/class": true, "class": true, "gtsrb32/class": false,
		"dtd10/class": false, "cifar100s/coarse": false, "cifar10/made-gray": false} {
		if got := p.Decides(task, record.ParseProtocol("knn/cosine/k20/t0.07@encoder")); got != want {
			t.Errorf("%s decides: %v", task, got)
		}
	}
	if p.Decides("cifar10/class", record.ParseProtocol("linear/lbfgs/l2-val@encoder")) {
		t.Error("the second protocol decides")
	}
}

func TestPlan_TuningHidesValidationFromWhatLearnsLabels(t *testing.T) {
	for name, hidden := range map[string]bool{"simclr": false, "supcon": true, "supervised": true} {
		c, err := objective.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		p, config := NewPlan(Smoke, nil), Base(Smoke)
		config.Objective = c
		if got := p.TuningTrial(Candidate{Config: config}, 1).Config.HoldOut; got != hidden {
			t.Errorf("%s: validation images are left out: %v", name, got)
		}
	}
}

func TestTrial_KeyIsOfWhatDecidesTheNumbers(t *testing.T) {
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
	keys := map[string]bool{}
	for _, key := range []string{base.Key("print"), base.Key("other"), seeded.Key("print"), validated.Key("print")} {
		keys[key] = true
	}
	if len(keys) != 4 {
		t.Errorf("%d keys of 4", len(keys))
	}
}

func TestTrial_IsThereOnlyWithAllThatIsAskedOfIt(t *testing.T) {
	run := Trial{Config: Base(CPU), Tasks: []string{"class", "dtd10"}, Protocols: []string{evaluate.ProtocolKNN}}
	known := Record{Tasks: []string{"dtd10", "class", "mnist"}, Results: []record.Result{
		{Model: "simclr", Protocol: record.ParseProtocol("knn/x@encoder")},
		{Model: record.ModelUntrained, Protocol: record.ParseProtocol("knn/x@encoder")},
	}}
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
			t.Errorf("%s: the run is reported as present", name)
		}
		known = before
	}
}

func TestWith_LeavesTheOriginal(t *testing.T) {
	base := Base(CPU)
	base.Predictor = []int{64}
	want := base
	want.Views, want.Projector = slices.Clone(base.Views), slices.Clone(base.Projector)
	want.Predictor, want.Resolutions = slices.Clone(base.Predictor), slices.Clone(base.Resolutions)

	changed := With(base, func(c *sslx.Config) {
		c.Views[0].Noise, c.Projector[0], c.Predictor[0], c.Resolutions[0].Size = 0.5, 7, 7, 7
		c.Encoder = encoder.ConvNet{Width: 7}
	})
	if !reflect.DeepEqual(base, want) {
		t.Errorf("the original is %+v, want %+v", base, want)
	}
	if changed.Resolutions[0] != (pretrain.Resolution{Size: 7}) || changed.Encoder != (encoder.ConvNet{Width: 7}) {
		t.Errorf("the copy is %+v", changed)
	}
}

func TestBase_IsARecipeAndItsOptimizerFollowsTheBatch(t *testing.T) {
	for _, s := range Scales() {
		if err := Base(s).CheckNew(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []Scale{Smoke, CPU} {
		if c := Base(s); c.Optimizer != AdamW(c.Batch) {
			t.Errorf("%s has %+v at batch %d, want %+v", s, c.Optimizer, c.Batch, AdamW(c.Batch))
		}
	}
}
