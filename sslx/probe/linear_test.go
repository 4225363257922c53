package probe

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// plainObjective is mean cross-entropy + l2/2 |W|^2 in float64 over the first rows of x, written from its definition.
func plainObjective(x Features, labels []int32, rows, classes int, l2 float64, parameters []float64) float64 {
	var loss float64
	n := classes * x.D
	for i := range rows {
		logits, total := make([]float64, classes), 0.0
		for c := range logits {
			logits[c] = parameters[n+c]
			for j := range x.D {
				logits[c] += parameters[c*x.D+j] * float64(x.X[i*x.D+j])
			}
			total += math.Exp(logits[c])
		}
		loss += math.Log(total) - logits[labels[i]]
	}
	loss /= float64(rows)
	for _, w := range parameters[:n] {
		loss += l2 / 2 * w * w
	}
	return loss
}

// standardized returns the features that a probe has on its device.
func standardized(t *testing.T, l *Linear) Features {
	t.Helper()
	x, err := tensors.CopyFlatData[float32](l.pool)
	if err != nil {
		t.Fatal(err)
	}
	return Features{N: l.train + l.val, D: l.width, X: x}
}

func newLinear(t *testing.T, train, val, test Features) *Linear {
	t.Helper()
	l, err := NewLinear(programs, train, val, test)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestSoftmax_GradientAgreesWithCentralDifferences(t *testing.T) {
	for _, c := range []struct {
		train, val, d, classes int
		l2                     float64
	}{{5, 3, 1, 2, 0.1}, {40, 10, 7, 3, 1e-3}, {33, 1, 4, 10, 2}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			l := newLinear(t, gaussian(c.train, c.d, 1), gaussian(c.val, c.d, 2), gaussian(1, c.d, 3))
			labels := randomLabels(c.train+c.val, c.classes, 4)
			o := &softmaxObjective{probe: l, classes: c.classes, l2: c.l2,
				labels: tensors.FromFlatDataAndDimensions(labels, len(labels))}
			o.weigh(c.train)
			defer finalize(o.labels, o.weight)
			x := standardized(t, l)

			parameters := make([]float64, c.classes*(c.d+1))
			for i, v := range gaussian(1, len(parameters), 5).X {
				parameters[i] = float64(v)
			}
			gradient := make([]float64, len(parameters))
			value, err := o.evaluate(gradient, parameters)
			if err != nil {
				t.Fatal(err)
			}
			at := func(p []float64) float64 { return plainObjective(x, labels, c.train, c.classes, c.l2, p) }
			if want := at(parameters); math.Abs(value-want) > 1e-6*max(1, want) {
				t.Errorf("value %v, want %v", value, want)
			}
			const h = 1e-5
			for i := range parameters {
				up, down := slices.Clone(parameters), slices.Clone(parameters)
				up[i] += h
				down[i] -= h
				if want := (at(up) - at(down)) / (2 * h); math.Abs(gradient[i]-want) > 2e-6*max(1, math.Abs(want)) {
					t.Errorf("gradient %d is %v, want %v", i, gradient[i], want)
				}
			}
		})
	}
}

func TestLinearProbe_HasOneOptimumWithAndWithoutPreconditioner(t *testing.T) {
	train, labels := encoderLike(400, 12, 3, 1)
	l := newLinear(t, train, Features{}, train)
	opt := LinearOptions{L2: []float64{1e-3}, Tolerance: 1e-5}
	with, err := l.Probe(labels, nil, 3, opt)
	if err != nil {
		t.Fatal(err)
	}
	l.second = nil
	without, err := l.Probe(labels, nil, 3, opt)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]LinearResult{"with": with, "without": without} {
		if !r.Final.Converged || r.Final.GradientNorm > 1e-4 {
			t.Errorf("%s preconditioner the fit ended at %+v", name, r.Final)
		}
	}
	for i, w := range with.Weights {
		if math.Abs(w-without.Weights[i]) > 2e-3 {
			t.Errorf("weight %d is %v with and %v without preconditioner", i, w, without.Weights[i])
		}
	}
	if with.Final.Evaluations >= without.Final.Evaluations {
		t.Errorf("%d evaluations with preconditioner, %d without: it does not help",
			with.Final.Evaluations, without.Final.Evaluations)
	}
}

func TestLinearProbe_SolvesSeparableDataAndNotRandomLabels(t *testing.T) {
	// Opposite corners of the plane, one for each class, in dimensions of very different scale.
	separable := func(n int, seed uint64) (Features, []int32) {
		f, labels := gaussian(n, 2, seed), randomLabels(n, 2, seed)
		for i, label := range labels {
			f.X[2*i] = 1000 * (f.X[2*i] + 8*float32(label) + 50)
		}
		return f, labels
	}
	train, trainLabels := separable(200, 1)
	val, valLabels := separable(100, 2)
	test, testLabels := separable(300, 3)
	l := newLinear(t, train, val, test)
	result, err := l.Probe(trainLabels, valLabels, 2, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if accuracy := mustAccuracy(t, result.Predicted, testLabels, 2); accuracy != 1 {
		t.Errorf("accuracy %v on separable classes, want 1", accuracy)
	}
	result, err = l.Probe(randomLabels(200, 2, 11), randomLabels(100, 2, 12), 2, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Three standard deviations of 300 fair coins are 0.087.
	if accuracy := mustAccuracy(t, result.Predicted, randomLabels(300, 2, 13), 2); math.Abs(accuracy-0.5) > 0.087 {
		t.Errorf("accuracy %v on random labels, want about 0.5", accuracy)
	}
}

func TestLinearProbe_ChoosesNothingByTest(t *testing.T) {
	all, labels := encoderLike(300, 16, 3, 1)
	train, trainLabels, val, valLabels := split(all, labels, 200)
	test, _ := encoderLike(50, 16, 3, 2)
	// Test labels are no argument of a probe; test features are, and must not matter either.
	clean, err := LinearProbe(backend, train, trainLabels, val, valLabels, test, 3, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	poisoned := Features{N: 7, D: 16, X: slices.Repeat([]float32{1e6}, 7*16)}
	got, err := LinearProbe(backend, train, trainLabels, val, valLabels, poisoned, 3, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.L2 != clean.L2 || !slices.Equal(got.Weights, clean.Weights) || !slices.Equal(got.Bias, clean.Bias) {
		t.Errorf("with other test features L2 is %g, was %g; weights equal: %t", got.L2, clean.L2,
			slices.Equal(got.Weights, clean.Weights))
	}
}

func TestLinear_SecondTaskGivesWhatItGivesAlone(t *testing.T) {
	all, labels := encoderLike(300, 8, 3, 1)
	train, trainLabels, val, valLabels := split(all, labels, 200)
	l := newLinear(t, train, val, val)
	if _, err := l.Probe(randomLabels(200, 5, 1), randomLabels(100, 5, 2), 5, LinearOptions{}); err != nil {
		t.Fatal(err)
	}
	shared, err := l.Probe(trainLabels, valLabels, 3, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := LinearProbe(backend, train, trainLabels, val, valLabels, val, 3, LinearOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(shared.Weights, alone.Weights) || !slices.Equal(shared.Predicted, alone.Predicted) {
		t.Error("the second probe on shared features differs from one of its own")
	}
	if alone.FittedOn != "train+validation" || len(alone.Path) != 10 {
		t.Errorf("fitted on %q after %d fits, want train+validation after 10", alone.FittedOn, len(alone.Path))
	}
}

func TestLinear_ThatIsClosedIsAnErrorAndNoPanic(t *testing.T) {
	train, labels := encoderLike(60, 4, 3, 1)
	l := newLinear(t, train, Features{}, train)
	l.Close()
	if _, err := l.Probe(labels, nil, 3, LinearOptions{L2: []float64{1}}); err == nil {
		t.Error("a probe on freed features succeeded")
	}
}

func TestLinearOptions_ShowInTheName(t *testing.T) {
	for want, o := range map[string]LinearOptions{
		"linear/lbfgs/l2-val":                      {},
		"linear/lbfgs/l2=0.01":                     {L2: []float64{0.01}},
		"linear/lbfgs/l2-val[0.001..1,3]/tol1e-06": {L2: []float64{0.001, 1, 0.1}, Tolerance: 1e-6},
		"linear/lbfgs/l2-val/iter50":               {MaxIterations: 50},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
