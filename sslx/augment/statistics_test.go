package augment

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// significance is the probability with which each test below would fail for another seed although all is well.
const significance = 1e-3

// ksCritical is the limit of √n·D of Kolmogorov and Smirnov at that significance (Smirnov 1948: √(-ln(p/2)/2)).
var ksCritical = math.Sqrt(-math.Log(significance/2) / 2)

// mustFollow fails unless the values may come from the distribution function.
func mustFollow(t *testing.T, what string, values []float32, distribution func(x float64) float64) {
	t.Helper()
	sorted := float64s(values)
	slices.Sort(sorted)
	n, largest := float64(len(sorted)), 0.0
	for i, x := range sorted {
		f := distribution(x)
		largest = max(largest, f-float64(i)/n, float64(i+1)/n-f)
	}

	if !(math.Sqrt(n)*largest < ksCritical) {
		t.Errorf("%s: √n·D is %.2f, above %.2f", what, math.Sqrt(n)*largest, ksCritical)
	}
}

// mustBeUniform fails unless the values may be uniform between low and high.
func mustBeUniform(t *testing.T, what string, values []float32, low, high float64) {
	t.Helper()
	mustFollow(t, what, values, func(x float64) float64 { return min(1, max(0, (x-low)/(high-low))) })
}

// mustMatch fails unless both samples may come from one distribution.
func mustMatch(t *testing.T, what string, a, b []float64) {
	t.Helper()
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	d := stat.KolmogorovSmirnov(a, nil, b, nil)
	n := float64(len(a)*len(b)) / float64(len(a)+len(b))
	if !(math.Sqrt(n)*d < ksCritical) {
		t.Errorf("%s: √n·D is %.2f, above %.2f", what, math.Sqrt(n)*d, ksCritical)
	}
}

// mustBeEven fails unless the values may be uniform over the whole numbers 0 … last.
func mustBeEven(t *testing.T, what string, values []float32, last int) {
	t.Helper()
	counts := make([]float64, last+1)
	for _, v := range values {
		if v != float32(int(v)) || v < 0 || int(v) > last {
			t.Fatalf("%s: %g is not one of 0 … %d", what, v, last)
		}
		counts[int(v)]++
	}

	expected := make([]float64, len(counts))
	for i := range expected {
		expected[i] = float64(len(values)) / float64(len(counts))
	}

	chi := stat.ChiSquare(counts, expected)
	if limit := (distuv.ChiSquared{K: float64(last)}).Quantile(1 - significance); chi > limit {
		t.Errorf("%s: χ² is %.1f, above %.1f", what, chi, limit)
	}
}

// mustBeFrequent fails unless the share of values below the probability may be that probability.
func mustBeFrequent(t *testing.T, what string, values []float32, probability float64) {
	t.Helper()
	count := 0
	for _, v := range values {
		if float64(v) < probability {
			count++
		}
	}

	n := float64(len(values))
	z := (float64(count) - n*probability) / math.Sqrt(n*probability*(1-probability))
	if limit := distuv.UnitNormal.Quantile(1 - significance/2); math.Abs(z) > limit {
		t.Errorf("%s: %d of %g, %.1f standard deviations from %g", what, count, n, z, probability)
	}
}

func float64s(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}
