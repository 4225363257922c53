package objective_test

import (
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/sslx/objective"
)

func TestLosses_AreStableAtASmallTemperatureAndExtremeLengths(t *testing.T) {
	t.Parallel()
	p := goProgram(t, everyMethod())
	for _, length := range []float64{1e-8, 1, 1e8} {
		b := randomBatch(4, 64, 2, 0, length) // of unrelated views, where contrastive losses are large
		results := append(p.compute(t, b, 0.01), p.computeAll(t, b)...)
		for _, r := range results {
			if length > 1 && subjectOf(r.of).short {
				continue
			}
			r.mustMatch(t, b)
		}
	}
}

func TestLosses_OfZeroAndOfTinyEmbeddingsAreFinite(t *testing.T) {
	t.Parallel()
	zero := randomBatch(4, 64, 2, 0, 0).fill(func(int) []float64 { return make([]float64, 64) })
	p := goProgram(t, everyMethod())
	for _, b := range []batch{zero, equal(4, 64), randomBatch(4, 64, 2, 0, 1e-30)} {
		for _, r := range p.computeAll(t, b) {
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
	swapped.queue, swapped.queues = b.queues[0], []matrix{b.queue}
	for _, views := range []*[]matrix{&swapped.embeddings, &swapped.predictions, &swapped.targets, &swapped.logits} {
		*views = []matrix{(*views)[1], (*views)[0]}
	}
	p := goProgram(t, everyMethod())
	other := p.computeAll(t, swapped)
	for i, r := range p.computeAll(t, b) {
		if subjectOf(r.of).by != nil && subjectOf(r.of).by[0] == "queue" {
			continue // one queue is of no view
		}
		back := other[i].answer
		back.gradient = swapViews(r.of, back.gradient, b)
		if e := max(r.valueError(b, back), r.gradientError(b, back)); e > 2e-6 {
			t.Errorf("%s: swapped, it differs by %.1e", r, e)
		}
	}
}

// swapViews swaps the parts of a gradient that are of the two views.
func swapViews(o objective.Objective, gradient []float64, b batch) (swapped []float64) {
	by := subjectOf(o).by
	if len(by) == 0 {
		by = []string{"views"}
	}
	for _, name := range by {
		rows := map[string]int{"queues": queueRows, "prototypes": prototypeRows}[name] * b.dim // of one view
		switch name {
		case "prototypes":
			swapped = append(swapped, gradient[:rows]...)
			gradient = gradient[rows:]
			continue
		case "logits":
			rows = b.n * classes
		case "views", "predictions", "targets":
			rows = b.n * b.dim
		}
		swapped = slices.Concat(swapped, gradient[rows:2*rows], gradient[:rows])
		gradient = gradient[2*rows:]
	}
	return swapped
}

func TestLosses_TheTermsAddUp(t *testing.T) {
	t.Parallel()
	b := randomBatch(4, 64, 2, common, length)
	for _, r := range goProgram(t, everyMethod()).computeAll(t, b) {
		sum, largest := 0.0, 0.0
		for _, part := range r.parts {
			sum, largest = sum+part, max(largest, math.Abs(part))
		}
		if len(r.parts) > 0 && math.Abs(sum-r.loss) > 1e-6*largest {
			t.Errorf("%s: %v do not add up to %g", r, r.parts, r.loss)
		}
	}
}
