package objective

import "testing"

// The comparison of TestNTXentIsThatOfThePaper must notice each wrong loss at one of its temperatures, on a batch that
// is not special in any way.
func TestTheComparisonNoticesEveryWrongLoss(t *testing.T) {
	b := randomBatch(33, 64, 1, 1)
	results := b.compute(t)
	for name, wrong := range map[string]contrast{
		"a negative is dropped":                    {dropNegative: true},
		"the positive is left out":                 {dropPositive: true},
		"the diagonal is not masked":               {keepSelf: true},
		"embeddings are not normalised":            {notNormalised: true},
		"directions are added instead of averaged": {sumOfDirections: true},
	} {
		mustBeNoticed(t, name, b, results, wrong, 1)
	}
	mustBeNoticed(t, "the temperature is doubled", b, results, contrast{}, 2)
	for i, r := range results { // the table above would be worthless if the right loss were noticed too
		if e := r.valueError(b, contrast{temperature: temperatures[i]}); e > tolerance {
			t.Errorf("τ %g: the right loss is off by %.1e", temperatures[i], e)
		}
	}
}

func mustBeNoticed(t *testing.T, name string, b batch, results []result, wrong contrast, factor float64) {
	t.Helper()
	largest := 0.0
	for i, r := range results {
		wrong.temperature = factor * temperatures[i]
		largest = max(largest, r.valueError(b, wrong))
	}
	if largest < 10*tolerance {
		t.Errorf("%s: the values differ by %.1e only", name, largest)
	}
	t.Logf("%s: noticed by an error of %.1e", name, largest)
}
