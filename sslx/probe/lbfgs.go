package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// Fit says how the minimization for one penalty ended.
type Fit struct {
	L2           float64
	Loss         float64 // mean cross-entropy + L2/2 |W|^2
	GradientNorm float64 // Euclidean, of Loss to weights and biases, not preconditioned
	Iterations   int     // of L-BFGS
	Evaluations  int     // of loss and gradient
	Converged    bool    // the tolerance was met; else the iterations ran out or float32 allows no further progress
}

// minimize runs L-BFGS from the parameters and leaves the optimum in them.
func minimize(o *softmaxObjective, pre *preconditioner, parameters []float64, opt LinearOptions) (Fit, error) {
	w, gradient := make([]float64, len(parameters)), make([]float64, len(parameters))
	fit := Fit{L2: o.l2}
	var failure error // of the device, which gonum cannot pass on
	var norm float64

	// L-BFGS sees V, in which the problem is nearly round; the objective sees W.
	problem := optimize.Problem{
		// gonum asks for the value first and then for the gradient at the same point: one call of the device gives
		// both.
		Func: func(v []float64) float64 {
			pre.toW(w, v)
			value, err := o.evaluate(gradient, w)
			if err != nil {
				failure = err
				return math.NaN()
			}
			fit.Evaluations++
			norm = floats.Norm(gradient, 2)
			pre.gradientToV(gradient)
			return value
		},
		Grad: func(dst, _ []float64) { copy(dst, gradient) },
		Status: func() (optimize.Status, error) {
			if failure != nil {
				return optimize.Failure, failure
			}
			return optimize.NotTerminated, nil
		},
	}

	stop := &gradientStop{tolerance: opt.Tolerance, accepted: func() { fit.GradientNorm = norm }}
	settings := &optimize.Settings{Converger: stop, MajorIterations: opt.MaxIterations}
	method := &optimize.LBFGS{Linesearcher: &convexSearch{}}
	result, err := optimize.Minimize(problem, pre.toV(parameters), settings, method)

	// A line search that float32 noise ends is no failure: the last location is as good as there is.
	if failure != nil {
		return fit, failure
	}
	if result == nil || math.IsNaN(result.F) {
		return fit, fmt.Errorf("the fit with L2 %g has no finite loss at its start (%v)", o.l2, err)
	}

	pre.toW(parameters, result.X)
	fit.Loss, fit.Iterations, fit.Converged = result.F, result.MajorIterations, stop.met
	return fit, nil
}

// gradientStop ends a minimization by the Euclidean norm of the gradient. A line search that can no longer improve on
// float32 noise ends it as well, with met false.
type gradientStop struct {
	tolerance float64
	accepted  func() // called for each location that becomes the current one
	met       bool
}

func (g *gradientStop) Init(int) {}

func (g *gradientStop) Converged(at *optimize.Location) optimize.Status {
	g.accepted()
	if floats.Norm(at.Gradient, 2) <= g.tolerance {
		g.met = true
		return optimize.GradientThreshold
	}
	return optimize.NotTerminated
}

const (
	sufficientDecrease = 1e-4
	curvatureShare     = 0.9
	// valueNoise is the relative error allowed for in values that were computed in float32.
	valueNoise    = 1e-7
	maxLineTrials = 20
)

// convexSearch is a line search for a smooth convex function whose derivatives are more exact than its values, as they
// are near the optimum in float32. The sign of the derivative brackets the minimizer and the secant of two derivatives
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

	// The sign of the slope says on which side the minimizer is.
	previous, previousSlope := s.low, s.lowSlope
	if slope < 0 {
		s.low, s.lowSlope = s.step, slope
	} else {
		s.high, s.highSlope = s.step, slope // also when the slope is not a number: the step was too long
	}

	if math.IsInf(s.high, 1) { // no bracket yet: go further, but not too far
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
