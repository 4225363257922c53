package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// Fit says how the minimisation for one penalty ended.
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
	var failure error
	var norm float64
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

// gradientStop ends a minimisation by the Euclidean norm of the gradient. A line search that can no longer improve on
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
