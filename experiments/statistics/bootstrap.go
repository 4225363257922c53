package statistics

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/internal/usage"
)

// mostUndefined bounds how many draws in a row may leave a statistic undefined.
const mostUndefined = 10_000

// Bootstrap returns the percentile bootstrap interval of a statistic of n items: items are drawn with replacement, the
// statistic is computed from each of resamples draws, and low and high are the empirical quantiles of these at
// (1-level)/2 and (1+level)/2 (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The statistic
// is given the indices of the items, and returns NaN for a draw from which it is not defined, which is drawn again.
// Draws come from a PCG generator, so that a seed always gives the same interval.
//
// Read it with care below some ten items: the interval covers the true value less often than level says. Cost:
// resamples times that of the statistic.
//
// Bootstrap returns a usage error for no items, for a level outside (0, 1), for fewer than 2/(1-level) resamples, with
// which not one would lie in each tail, and for a statistic that 10,000 draws in a row leave undefined.
func Bootstrap(n int, level float64, resamples int, seed uint64, statistic func(items []int) float64) (low,
	high float64, err error) {
	if n < 1 {
		return 0, 0, usage.Errorf("an interval over items needs one of them or more")
	}
	if err := checkLevel(level); err != nil {
		return 0, 0, err
	}
	if least := math.Ceil(2/(1-level) - 1e-9); float64(resamples) < least { // 1-0.9 is a little less than 0.1
		return 0, 0, usage.Errorf("an interval at level %g needs at least %g resamples, got %d", level, least,
			resamples)
	}

	random := rand.New(rand.NewPCG(seed, 0))
	items := make([]int, n)
	values := make([]float64, 0, resamples)
	for undefined := 0; len(values) < resamples; {
		for i := range items {
			items[i] = random.IntN(n)
		}
		v := statistic(items)
		if !math.IsNaN(v) {
			values, undefined = append(values, v), 0
			continue
		}
		if undefined++; undefined == mostUndefined {
			return 0, 0, usage.Errorf("the statistic is not defined for %d draws of %d items", mostUndefined, n)
		}
	}

	slices.Sort(values) // Quantile takes sorted values
	low = stat.Quantile((1-level)/2, stat.Empirical, values, nil)
	high = stat.Quantile((1+level)/2, stat.Empirical, values, nil)
	return low, high, nil
}
