package statistics

import (
	"cmp"
	"math"

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
	items := make([]int, len(a))
	for i := range items {
		items[i] = i
	}
	tau := Rank(a).Tau(Rank(b), items)
	if math.IsNaN(tau) {
		return 0, usage.Errorf("Kendall's tau is not defined: all %d items are tied in one of the scores", len(a))
	}
	return tau, nil
}

// KendallInterval returns the [Bootstrap] interval of [KendallTau] over items; 2000 resamples are usual. A draw in
// which all items are tied in one of the scores, for example the same item throughout, has no tau-b and is drawn again.
// Cost: resamples * N*N/2 comparisons.
//
// KendallInterval returns the usage errors of [KendallTau] and of [Bootstrap].
func KendallInterval(a, b []float64, level float64, resamples int, seed uint64) (low, high float64, err error) {
	if _, err := KendallTau(a, b); err != nil {
		return 0, 0, err
	}
	first, second := Rank(a), Rank(b)
	return Bootstrap(len(a), level, resamples, seed, func(items []int) float64 { return first.Tau(second, items) })
}

// Ranking is how scores order every two of some items. Where many draws of the same items are compared, it saves
// comparing their scores each time.
type Ranking struct {
	n     int
	signs []int8 // [n, n]: 1 where the first item has the higher score, -1 where the second has, 0 of a tie
}

// Rank returns the ranking of items by their scores, none of which may be NaN. Cost: N*N comparisons and bytes.
func Rank(scores []float64) Ranking {
	r := Ranking{n: len(scores)}
	for _, a := range scores {
		for _, b := range scores {
			r.signs = append(r.signs, int8(cmp.Compare(a, b)))
		}
	}
	return r
}

// Tau returns tau-b of two rankings of the same items, computed from the items at the given indices, which may repeat.
// It is NaN where all of these are tied in one of the rankings. See [KendallTau].
func (r Ranking) Tau(other Ranking, items []int) float64 {
	var agreement, untied, otherUntied int
	for i, item := range items {
		own, others := r.signs[item*r.n:], other.signs[item*r.n:]
		for _, second := range items[:i] {
			a, b := int(own[second]), int(others[second])
			agreement += a * b
			untied += a * a
			otherUntied += b * b
		}
	}
	return float64(agreement) / math.Sqrt(float64(untied)*float64(otherUntied))
}
