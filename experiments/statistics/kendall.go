package statistics

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/internal/usage"
)

// KendallTau returns the rank correlation tau-b, in [-1, 1], of two scores of the same items (for example two
// protocols' accuracies of the same methods): the pairs ordered alike less those ordered differently, over the
// geometric mean of the pairs not tied in a and those not tied in b (Kendall, "The Treatment of Ties in Ranking
// Problems", 1945, https://doi.org/10.1093/biomet/33.3.239). 1 is the same order, -1 the reverse. Cost: N*N/2
// comparisons.
//
// KendallTau returns a usage error for lengths that differ, for fewer than two items, for scores that are not finite,
// and for scores that are all tied, for which tau-b is not defined.
func KendallTau(a, b []float64) (float64, error) {
	if len(a) != len(b) || len(a) < 2 {
		return 0, usage.Errorf("Kendall's tau needs two scores of each of at least two items, got %d and %d", len(a),
			len(b))
	}
	if err := checkFinite("first score of item", a); err != nil {
		return 0, err
	}
	if err := checkFinite("second score of item", b); err != nil {
		return 0, err
	}

	// 0/0 where no pair is untied in one of the scores.
	tau := tauB(a, b)
	if math.IsNaN(tau) {
		return 0, usage.Errorf("Kendall's tau is not defined: all %d items are tied in one of the scores", len(a))
	}
	return tau, nil
}

// KendallInterval returns the percentile bootstrap interval of [KendallTau] over items: items are drawn with
// replacement, tau-b is computed from each of resamples draws, and low and high are the empirical quantiles of these at
// (1-level)/2 and (1+level)/2 (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). A draw in
// which all items are tied in one of the scores, for example the same item throughout, has no tau-b and is drawn again.
// Draws come from a PCG generator, so that a seed always gives the same interval.
//
// Read it with care below some ten items: an item drawn twice is tied with itself, and the interval covers the true
// value less often than level says. Cost: resamples * N*N/2 comparisons; 2000 resamples are usual.
//
// KendallInterval returns the usage errors of [KendallTau], and one for a level outside (0, 1) and for fewer than
// 2/(1-level) resamples, with which not one would lie in each tail.
func KendallInterval(a, b []float64, level float64, resamples int, seed uint64) (low, high float64, err error) {
	if _, err := KendallTau(a, b); err != nil {
		return 0, 0, err
	}
	if err := checkLevel(level); err != nil {
		return 0, 0, err
	}
	if least := math.Ceil(2/(1-level) - 1e-9); float64(resamples) < least { // 1-0.9 is a little less than 0.1
		return 0, 0, usage.Errorf("an interval at level %g needs at least %g resamples, got %d", level, least,
			resamples)
	}

	// The percentile bootstrap: the quantiles of tau over draws of the items.
	random := rand.New(rand.NewPCG(seed, 0))
	taus := make([]float64, resamples)
	for i := range taus {
		taus[i] = resampledTau(random, a, b)
	}

	// Quantile takes sorted values.
	slices.Sort(taus)
	low = stat.Quantile((1-level)/2, stat.Empirical, taus, nil)
	high = stat.Quantile((1+level)/2, stat.Empirical, taus, nil)
	return low, high, nil
}

// resampledTau returns tau-b of as many items drawn with replacement, drawing until it is defined. The items themselves
// must not be all tied in either score: then a draw that holds one untied pair for each score is not rare.
func resampledTau(random *rand.Rand, a, b []float64) float64 {
	drawnA, drawnB := make([]float64, len(a)), make([]float64, len(b))
	for {
		for i := range drawnA {
			// An item keeps its two scores together.
			item := random.IntN(len(a))
			drawnA[i], drawnB[i] = a[item], b[item]
		}
		if tau := tauB(drawnA, drawnB); !math.IsNaN(tau) {
			return tau
		}
	}
}

// tauB returns tau-b of finite scores of the same items, NaN when all are tied in one of the scores.
func tauB(a, b []float64) float64 {
	var agreement, untiedA, untiedB int
	// Sums over pairs: +1 in the same order, -1 in another, 0 tied.
	for i := range a {
		for j := range i {
			orderA, orderB := cmp.Compare(a[i], a[j]), cmp.Compare(b[i], b[j])
			agreement += orderA * orderB
			untiedA += orderA * orderA
			untiedB += orderB * orderB
		}
	}
	return float64(agreement) / math.Sqrt(float64(untiedA)*float64(untiedB))
}
