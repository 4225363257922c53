package probe

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/optimize"
)

func TestLineSearch_ShortensLongStepsAndLengthensShortOnes(t *testing.T) {
	// softplus(x-3) + softplus(-x) has its minimum at 3/2 and is nearly straight far from it.
	value := func(x float64) float64 { return math.Log1p(math.Exp(x-3)) + math.Log1p(math.Exp(-x)) }
	slope := func(x float64) float64 { return 1/(1+math.Exp(3-x)) - 1/(1+math.Exp(x)) }
	for _, first := range []float64{1e-4, 0.1, 1, 11.5, 30, 500} {
		var s convexSearch
		const start = -10
		s.Init(value(start), slope(start), first)
		at, trials := first, 0
		for {
			op, next, err := s.Iterate(value(start+at), slope(start+at))
			if err != nil {
				t.Fatalf("first step %g: %v after %d trials", first, err, trials)
			}
			if op == optimize.MajorIteration {
				break
			}
			at = next
			trials++
		}
		if math.Abs(slope(start+at)) > 0.9*math.Abs(slope(start)) || value(start+at) >= value(start) {
			t.Errorf("first step %g: accepted %g with slope %g and value %g; at the start they are %g and %g",
				first, at, slope(start+at), value(start+at), slope(start), value(start))
		}
	}
}

func TestLineSearch_BelievesSlopesWhereValuesAreNoise(t *testing.T) {
	var s convexSearch
	s.Init(1, -1e-6, 1)
	if op, _, err := s.Iterate(1+5e-8, -1e-8); op != optimize.MajorIteration || err != nil {
		t.Errorf("a step with a hundredth of the slope was refused for noise in the value: %v, %v", op, err)
	}
	s.Init(1, -1e-6, 1)
	if op, step, _ := s.Iterate(1+1e-3, -1e-8); op == optimize.MajorIteration {
		t.Errorf("step %g was accepted although the value grew", step)
	}
}
