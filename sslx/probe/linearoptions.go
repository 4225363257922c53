package probe

import (
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
)

// LinearOptions configures [Linear.Probe]. The zero value means the defaults.
type LinearOptions struct {
	// L2 are the penalties to choose from on validation, above 0; nil means [DefaultL2]. A single one is used as it is,
	// without a validation split. The objective is mean cross-entropy + L2/2 |W|^2, so that L2 = 1/(C*N) in terms of
	// scikit-learn's C; the bias is not penalised.
	L2 []float64
	// Tolerance ends the final fit when the Euclidean norm of the preconditioned gradient is at most this; 0 means
	// 1e-4. The objective is then above its minimum by about the square of the norm, 1e-8. The fits that only serve the
	// choice of L2 stop at ten times the tolerance.
	Tolerance float64
	// MaxIterations bounds the L-BFGS iterations of each fit; 0 means 500.
	MaxIterations int
}

// DefaultL2 returns the penalties of the protocol: ten values from 10 to 1e-5, equally spaced in their logarithm.
func DefaultL2() []float64 {
	grid := make([]float64, 10)
	for i := range grid {
		grid[i] = math.Pow(10, 1-float64(i)*6/9)
	}
	return grid
}

func (o LinearOptions) withDefaults() LinearOptions {
	if o.L2 == nil {
		o.L2 = DefaultL2()
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-4
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 500
	}
	o.L2 = slices.Clone(o.L2)
	slices.Sort(o.L2)
	slices.Reverse(o.L2)
	return o
}

// String returns the name of the protocol without its layer, "linear/lbfgs/l2-val" by default. What differs from the defaults is
// part of it: another grid, as in "linear/lbfgs/l2-val[0.001..1,4]", a single penalty ("l2=0.001"), another
// tolerance ("tol1e-06") or iteration limit ("iter50").
func (o LinearOptions) String() string {
	o = o.withDefaults()
	penalty := "l2-val"
	switch {
	case len(o.L2) == 1:
		penalty = fmt.Sprintf("l2=%g", o.L2[0])
	case len(o.L2) > 1 && !slices.Equal(o.L2, DefaultL2()):
		penalty = fmt.Sprintf("l2-val[%g..%g,%d]", o.L2[len(o.L2)-1], o.L2[0], len(o.L2))
	}
	name := "linear/lbfgs/" + penalty
	if o.Tolerance != (LinearOptions{}).withDefaults().Tolerance {
		name += fmt.Sprintf("/tol%g", o.Tolerance)
	}
	if o.MaxIterations != (LinearOptions{}).withDefaults().MaxIterations {
		name += fmt.Sprintf("/iter%d", o.MaxIterations)
	}
	return name
}

func (o LinearOptions) check() error {
	if len(o.L2) == 0 {
		return usage.Errorf("the linear probe has no L2 penalty to choose from: give one or nil for the default")
	}
	for _, l2 := range o.L2 {
		if !(l2 > 0) || math.IsInf(l2, 0) {
			return usage.Errorf("an L2 penalty of the linear probe must be above 0, got %g", l2)
		}
	}
	if !(o.Tolerance > 0) || o.MaxIterations < 1 {
		return usage.Errorf("the linear probe needs a tolerance above 0 and at least one iteration, got %g and %d",
			o.Tolerance, o.MaxIterations)
	}
	return nil
}
