package objective_test

import "testing"

// The comparisons with the oracles must notice each mistake, in the value or the gradient, at one of the temperatures,
// on one of two batches that are not special in any way.
func TestOracle_TheComparisonNoticesEveryMistake(t *testing.T) {
	t.Parallel()
	largest := map[string]map[string]float64{} // errors by subject and mistake
	methods, choices := goProgram(t, everyMethod()), goProgram(t, everyChoice())
	for _, b := range []batch{randomBatch(33, 64, 2, common, length), threeViews()} {
		results := methods.computeAll(t, b)
		if b.views == 3 {
			results = append(results, choices.computeAll(t, b)...)
		}
		for _, r := range results {
			name, mistakes := mistakesOf(r.of)
			if largest[name] == nil {
				largest[name] = map[string]float64{}
			}
			for _, wrong := range append(mistakes, "") {
				answer := ask(r.of, b, wrong)
				e := max(r.valueError(b, answer), r.gradientError(b, answer))
				largest[name][wrong] = max(largest[name][wrong], e)
			}
		}
	}

	for name, errors := range largest {
		for wrong, e := range errors {
			if wrong != "" && !(e >= 10*tolerance) {
				t.Errorf("%s: that %s makes a difference of %.1e only", name, wrong, e)
			}
		}
		if e := errors[""]; !(e <= tolerance) { // or the table would be worthless
			t.Errorf("%s: the right loss is off by %.1e", name, e)
		}
	}
}
