package objective_test

import (
	"math"
	"slices"
	"testing"
)

func TestLosses_AreStableAtASmallTemperatureAndExtremeLengths(t *testing.T) {
	t.Parallel()
	for _, length := range []float64{1e-8, 1, 1e8} {
		b := randomBatch(4, 64, 2, 0, length) // of unrelated views, where contrastive losses are large
		results := append(methodsProgram().compute(t, b, 0.01), methodsProgram().computeAll(t, b)...)
		for _, r := range results {
			r.mustMatch(t, b)
		}
	}
}

func TestLosses_OfZeroAndOfTinyEmbeddingsAreFinite(t *testing.T) {
	t.Parallel()
	zero := randomBatch(4, 64, 2, 0, 0).fill(func(int) []float64 { return make([]float64, 64) })
	for _, b := range []batch{zero, equal(4, 64), randomBatch(4, 64, 2, 0, 1e-30)} {
		for _, r := range methodsProgram().computeAll(t, b) {
			for _, v := range append(r.gradient, r.loss) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: loss %v, gradient %v", r, r.loss, r.gradient)
				}
			}
		}
	}
}

func TestLosses_SwappingTheViewsSwapsTheGradients(t *testing.T) {
	t.Parallel()
	b := randomBatch(4, 64, 2, common, length)
	swapped := b
	for _, views := range []*[]matrix{&swapped.embeddings, &swapped.predictions, &swapped.targets, &swapped.logits} {
		*views = []matrix{(*views)[1], (*views)[0]}
	}
	other := methodsProgram().computeAll(t, swapped)
	for i, r := range methodsProgram().computeAll(t, b) {
		back := other[i].answer
		back.gradient = swapHalves(back.gradient, r.of.Needs().Queue > 0, len(subjectOf(r.of).by) > 1)
		if e := max(r.valueError(b, back), r.gradientError(b, back)); e > 2e-6 {
			t.Errorf("%s: swapped, it differs by %.1e", r, e)
		}
	}
}

// swapHalves swaps the parts of a gradient that are of the two views, after the queue's where there is one; with pairs,
// there are two kinds of views.
func swapHalves(gradient []float64, queue, pairs bool) []float64 {
	var head []float64
	if queue {
		head, gradient = gradient[:queueRows*64], gradient[queueRows*64:]
	}
	if pairs {
		half := len(gradient) / 2
		return slices.Concat(head, swapHalves(gradient[:half], false, false), swapHalves(gradient[half:], false, false))
	}
	half := len(gradient) / 2
	return slices.Concat(head, gradient[half:], gradient[:half])
}

func TestLosses_TheTermsAddUp(t *testing.T) {
	t.Parallel()
	b := randomBatch(4, 64, 2, common, length)
	for _, r := range methodsProgram().computeAll(t, b) {
		sum, largest := 0.0, 0.0
		for _, part := range r.parts {
			sum, largest = sum+part, max(largest, math.Abs(part))
		}
		if len(r.parts) > 0 && math.Abs(sum-r.loss) > 1e-6*largest {
			t.Errorf("%s: %v do not add up to %g", r, r.parts, r.loss)
		}
	}
}
