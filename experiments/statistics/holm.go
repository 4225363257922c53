package statistics

import (
	"cmp"
	"math"
	"slices"
)

// Holm returns the adjusted p-values of a family of tests, in the order of p: rejecting those at or below alpha keeps
// the probability of any false rejection at or below alpha, whatever the dependence between the tests. The k-th
// smallest of m p-values becomes the largest of (m-j+1) p_j over j <= k, at most 1 (Holm, "A Simple Sequentially
// Rejective Multiple Test Procedure", 1979, https://www.jstor.org/stable/4615733).
//
// A NaN, a test that could not be made, stays NaN and does not count in m. The p-values must be in [0, 1].
func Holm(p []float64) []float64 {
	adjusted := slices.Repeat([]float64{math.NaN()}, len(p))
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}

	// From the smallest p-value on, each is multiplied by the number of tests that are left.
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })

	// A running maximum: a larger p-value is never adjusted to a smaller one.
	var largest float64
	for rank, i := range order {
		largest = max(largest, min(1, float64(len(order)-rank)*p[i]))
		adjusted[i] = largest
	}
	return adjusted
}
