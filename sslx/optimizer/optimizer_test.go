package optimizer

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// tolerance is the largest error of a weight after several steps, as a share of the largest weight.
const tolerance = 1e-6

// trainer steps two variables of the same start, /kernel of two axes and /scale of one.
type trainer struct {
	t     *testing.T
	store *model.Store
	exec  *model.Exec
	steps int
}

func newTrainer(t *testing.T, c Config, start []float64) *trainer {
	store := model.NewStore()
	matrix := tensors.FromFlatDataAndDimensions(narrow(start), 3, len(start)/3)
	kernel := store.RootScope().VariableWithValue("kernel", matrix)
	scale := store.RootScope().VariableWithValue("scale", narrow(start))
	exec, err := model.NewExec(testbackend.Open(t), store, func(scope *model.Scope, in []*Node) []*Node {
		gradient, lr, step := in[0], in[1], in[2]
		c.Update(scope.At("optimizer"), []*model.Variable{kernel, scale},
			[]*Node{Reshape(gradient, kernel.Shape().Dimensions...), gradient}, lr, step)
		return []*Node{step}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return &trainer{t, store, exec, 0}
}

func (tr *trainer) step(gradient []float64, lr float64) {
	tr.t.Helper()
	tr.steps++
	if _, err := tr.exec.Call(narrow(gradient), float32(lr), float32(tr.steps)); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *trainer) value(path string) []float64 {
	tr.t.Helper()
	value, err := tr.store.GetVariable(path).Value()
	if err != nil {
		tr.t.Fatal(err)
	}
	values := tensors.MustCopyFlatData[float32](value)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

func narrow(values []float64) []float32 {
	v := make([]float32, len(values))
	for i := range v {
		v[i] = float32(values[i])
	}
	return v
}

// mustBeNear fails unless got is want but for rounding, and returns its error.
func mustBeNear(t *testing.T, what string, got, want []float64) float64 {
	t.Helper()
	scale, worst := 0.0, 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i := range want {
		d := math.Abs(got[i] - want[i])
		if !(d <= tolerance*scale) {
			t.Fatalf("%s: weight %d is %.9g, want %.9g", what, i, got[i], want[i])
		}
		worst = max(worst, d/scale)
	}
	return worst
}

func randomValues(random *rand.Rand, n int, deviation float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(float32(deviation * random.NormFloat64()))
	}
	return values
}

func TestRules_AreThoseOfTheirPapers(t *testing.T) {
	for _, c := range []Config{
		{Rule: SGD{Momentum: 0.9}, WeightDecay: 0.05},
		{Rule: SGD{}},
		{Rule: LARS{Momentum: 0.9}, WeightDecay: 0.05},
		{Rule: AdamW{}, WeightDecay: 0.05},
		{Rule: AdamW{}},
	} {
		random := rand.New(rand.NewPCG(1, 1))
		start := randomValues(random, 12, 1)
		tr := newTrainer(t, c, start)
		kernel, scale := newOracle(c, start, true), newOracle(c, start, false)
		worst := 0.0
		for i := range 8 {
			gradient := randomValues(random, 12, math.Pow(10, float64(i%4-2)))
			lr := 0.3 / float64(1+i)
			tr.step(gradient, lr)
			kernel.step(gradient, lr)
			scale.step(gradient, lr)
			worst = max(worst, mustBeNear(t, NameOf(c.Rule)+" kernel", tr.value("/kernel"), kernel.w))
			worst = max(worst, mustBeNear(t, NameOf(c.Rule)+" scale", tr.value("/scale"), scale.w))
		}
		t.Logf("%+v: largest error %.1e", c, worst)
	}
}

// testdata/golden.py makes the numbers with torch.optim.
func TestRules_GiveTheWeightsOfPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Start     []float64
		Gradients [][]float64
		After     map[string][][]float64
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for name, after := range golden.After {
		rule, err := Named(name) // with a momentum of 0.9
		if err != nil {
			t.Fatal(err)
		}
		tr := newTrainer(t, Config{Rule: rule, WeightDecay: 0.05}, golden.Start)
		worst := 0.0
		for i, gradient := range golden.Gradients {
			tr.step(gradient, 0.1)
			worst = max(worst, mustBeNear(t, name, tr.value("/kernel"), after[i]))
		}
		t.Logf("%s: largest error %.1e", name, worst)
	}
}

func TestLARS_TakesPlainStepsWhereANormIsZero(t *testing.T) {
	c := Config{Rule: LARS{Momentum: 0.5}}
	zero, ones := make([]float64, 6), []float64{1, 1, 1, 1, 1, 1}
	tr := newTrainer(t, c, zero)
	tr.step(ones, 0.1) // |w| is 0: w = -0.1·1
	mustBeNear(t, "zero weight", tr.value("/kernel"), []float64{-0.1, -0.1, -0.1, -0.1, -0.1, -0.1})
	tr = newTrainer(t, c, ones)
	tr.step(zero, 0.1) // |g| is 0: nothing moves
	mustBeNear(t, "zero gradient", tr.value("/kernel"), ones)
}

func TestUpdate_EachVariableHasItsOwnStateWhichIsNotTrained(t *testing.T) {
	tr := newTrainer(t, Config{Rule: AdamW{}}, []float64{1, 2, 3})
	tr.step([]float64{1, 1, 1}, 0.1)
	states := 0
	for v := range tr.store.IterVariables() {
		if v.Path() == "/kernel" || v.Path() == "/scale" {
			continue
		}
		states++
		if v.Trainable {
			t.Errorf("%s is trainable", v.Path())
		}
	}
	if states != 4 {
		t.Errorf("%d states, want two for each of two variables", states)
	}
}
