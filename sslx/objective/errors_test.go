package objective_test

import (
	"fmt"
	"math"
	"testing"
)

// tolerance is the largest error of values and gradients, as a share of their scale.
const tolerance = 1e-5

func (r result) String() string {
	if !hasTemperature(r.of) {
		return title(r.of)
	}
	return fmt.Sprintf("%s τ %g", title(r.of), temperature(r.of))
}

// valueError returns the largest error of the loss and its terms as a share of their magnitude; that of a term smaller
// than the loss is a share of the loss.
func (r result) valueError(b batch, want answer) float64 {
	worst := share(r.loss, want.loss, r.leastValue(b))
	for name, part := range r.parts {
		worst = max(worst, share(part, want.parts[name], max(math.Abs(want.loss), r.leastValue(b))))
	}
	return worst
}

// gradientError returns the largest error of a gradient as a share of its largest magnitude.
func (r result) gradientError(b batch, want answer) float64 {
	scale, worst := r.leastGradient(b), 0.0
	for _, w := range want.gradient {
		scale = max(scale, math.Abs(w))
	}
	for i, w := range want.gradient {
		worst = max(worst, share(r.gradient[i], w, scale))
	}
	return worst
}

// share returns the error of a number as a share of its magnitude or of a scale, if that is larger.
func share(got, want, scale float64) float64 {
	if e := math.Abs(got-want) / max(math.Abs(want), scale); !math.IsNaN(e) {
		return e
	}
	return math.Inf(1)
}

// leastValue is the smallest scale of a value: the terms of a loss are of size 1/τ, or 1, and in one dimension, where
// cosines are 1 and -1, or with one image they may be 0 or cancel.
func (r result) leastValue(b batch) float64 {
	switch {
	case b.n > 1 && b.dim > 1:
		return 0
	case hasTemperature(r.of):
		return 1 / temperature(r.of)
	}
	return 1
}

// leastGradient is the smallest scale of a gradient, of size 1/(N·τ) over the length of the shortest vector: it is 0 by
// definition in one dimension and where one image has no negatives.
func (r result) leastGradient(b batch) float64 {
	if own := subjectOf(r.of).leastGradient; own != nil {
		return own(r.of, b)
	}
	if b.n == 1 || b.dim == 1 {
		return r.leastValue(b) / (float64(2*b.n) * b.shortest(matrix.rows))
	}
	return 0
}

func (r result) mustMatch(t *testing.T, b batch) {
	t.Helper()
	want := ask(r.of, b, "")
	value, gradient := r.valueError(b, want), r.gradientError(b, want)
	t.Logf("%s: error of the value %.1e, of the gradient %.1e", r, value, gradient)
	if !(value <= tolerance && gradient <= tolerance) {
		t.Errorf("%s: above %.1e: loss %g, want %g", r, tolerance, r.loss, want.loss)
	}
}
