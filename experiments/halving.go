package experiments

import (
	"cmp"
	"math"
	"slices"
)

// Halving is successive halving (Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943). All candidates train
// for a part of their training and are measured, the best train further, and so on up to a whole training. The learning
// rate follows the schedule of the whole training from the start, so that a candidate that is kept resumes where it
// paused, and ends with the bits of a training that never paused.
type Halving struct {
	Eta   int // one candidate in so many is kept at each rung, and trains so many times longer; 2 or more
	Rungs int // how often the candidates that are left are measured, the last time after a whole training; 2 or more
}

// Until returns the share of the training that is done at a rung, counted from 0; it is 0 for all of it.
func (h Halving) Until(rung int) float64 {
	if rung == h.Rungs-1 {
		return 0
	}
	return math.Pow(float64(h.Eta), float64(rung+1-h.Rungs))
}

// kept returns how many of n candidates a rung keeps.
func (h Halving) kept(n int) int { return max(1, n/h.Eta) }

// cost returns what n candidates cost at most, in whole trainings.
func (h Halving) cost(n int) (sum float64) {
	before := 0.0
	for rung := range h.Rungs {
		share := cmp.Or(h.Until(rung), 1)
		sum += float64(n) * (share - before)
		before, n = share, h.kept(n)
	}
	return sum
}

// search returns what is measured of candidates, rung by rung as far as the rungs are known, the best of the rung
// before first; and which of these is chosen, -1 while some are not measured.
func (h Halving) search(group []Candidate, measure measurer) (asked []Candidate, chosen int, err error) {
	for rung := range h.Rungs {
		// All of a rung are asked for before any is compared, so that they can be measured side by side.
		group = slices.Clone(group)
		for i := range group {
			group[i].Until = h.Until(rung)
		}
		begin := len(asked)
		asked = append(asked, group...)
		scores, ok, err := measured(group, measure)
		if err != nil || !ok {
			return asked, -1, err
		}
		first := best(scores)
		if first < 0 {
			return asked, -1, nil // all diverged
		}
		if rung == h.Rungs-1 {
			return asked, begin + first, nil
		}

		// Stable: of equal ones, the first is kept. One that diverged is never trained further.
		order := make([]int, len(group))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		var next []Candidate
		for _, i := range order[:h.kept(len(group))] {
			if !math.IsInf(scores[i], -1) {
				next = append(next, group[i])
			}
		}
		group = next
	}
	return asked, -1, nil
}
