package probe

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

const (
	sufficientDecrease = 1e-4
	curvatureShare     = 0.9
	// valueNoise is the relative error allowed for in values that were computed in float32.
	valueNoise    = 1e-7
	maxLineTrials = 20
)

// convexSearch is a line search for a smooth convex function whose derivatives are more exact than its values, as they
// are near the optimum in float32. The sign of the derivative brackets the minimiser and the secant of two derivatives
// gives the next step. A step is accepted under the Wolfe conditions or, within the noise of the value, the approximate
// ones of Hager & Zhang ("A new conjugate gradient method with guaranteed descent and an efficient line search", 2005,
// eq. 4.1).
type convexSearch struct {
	value, slope    float64 // at step 0
	step            float64
	low, lowSlope   float64 // a step whose slope is negative
	high, highSlope float64 // a step whose slope is not; +Inf at first
	trials          int
}

// Init starts a search at value and slope with a first step.
func (s *convexSearch) Init(value, slope, step float64) optimize.Operation {
	*s = convexSearch{value: value, slope: slope, step: step, lowSlope: slope, high: math.Inf(1)}
	return optimize.FuncEvaluation | optimize.GradEvaluation
}

// Iterate judges the step last asked for and returns the next one.
func (s *convexSearch) Iterate(value, slope float64) (optimize.Operation, float64, error) {
	if s.accepts(value, slope) {
		return optimize.MajorIteration, s.step, nil
	}
	if s.trials++; s.trials == maxLineTrials {
		return optimize.NoOperation, s.step, optimize.ErrLinesearcherFailure
	}
	previous, previousSlope := s.low, s.lowSlope
	if slope < 0 {
		s.low, s.lowSlope = s.step, slope
	} else {
		s.high, s.highSlope = s.step, slope // also when the slope is not a number: the step was too long
	}
	if math.IsInf(s.high, 1) {
		next := secant(previous, previousSlope, s.low, s.lowSlope)
		s.step = min(max(next, 2*s.low), 10*s.low)
	} else {
		s.step = s.inside(secant(s.low, s.lowSlope, s.high, s.highSlope))
	}
	return optimize.FuncEvaluation | optimize.GradEvaluation, s.step, nil
}

func (s *convexSearch) accepts(value, slope float64) bool {
	if !(math.Abs(slope) <= curvatureShare*math.Abs(s.slope)) {
		return false
	}
	return value <= s.value+sufficientDecrease*s.step*s.slope ||
		value <= s.value+valueNoise*math.Abs(s.value) && slope <= (2*sufficientDecrease-1)*s.slope
}

// inside returns step if it lies well within the bracket, else the bracket's middle.
func (s *convexSearch) inside(step float64) float64 {
	margin := (s.high - s.low) / 1000
	if step > s.low+margin && step < s.high-margin {
		return step
	}
	return (s.low + s.high) / 2
}

func secant(a, slopeA, b, slopeB float64) float64 { return a - slopeA*(b-a)/(slopeB-slopeA) }
