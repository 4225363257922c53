package experiments

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx"
)

// Axis is a hyper-parameter that tuning moves along in steps, such as the learning rate in factors of two. A search
// along axes continues until the best setting lies inside of what was tried: it has no edge where it stops.
type Axis struct {
	Name string

	// Step moves a configuration by a number of steps, down where it is negative. It reports whether there is such a
	// setting; what it leaves of the configuration does not matter where there is none.
	Step func(c *sslx.Config, steps int) bool

	// Value returns where a configuration is, for labels.
	Value func(c sslx.Config) float64
}

// point is a place on a grid: the steps from the base along each axis.
type point []int

// moved returns the point a step further along an axis.
func (at point) moved(axis, by int) point {
	at = slices.Clone(at)
	at[axis] += by
	return at
}

// measurer returns how good a candidate is on validation images: more is better, and -Inf is a training that diverged.
// It is not ok while that is not measured.
type measurer func(Candidate) (score float64, ok bool, err error)

// search returns the candidates that tuning has to measure, in the order in which they were asked for, and which of
// them is chosen, -1 while some are not measured. From the arm's only candidate it looks one step to either side along
// each axis, moves to the best of them, and continues there until no neighbor is better. Of equal candidates it
// keeps the one that was asked for first.
func (arm Arm) search(measure measurer) (candidates []Candidate, chosen int, err error) {
	base := arm.Candidates[0].Config
	at := make(point, len(arm.Axes))
	index := map[string]int{}

	// try returns the index of the candidate at a point, -1 where there is no such setting.
	try := func(at point) int {
		key := fmt.Sprint(at)
		if i, ok := index[key]; ok {
			return i
		}
		index[key] = -1
		if c, ok := arm.at(base, at); ok {
			index[key] = len(candidates)
			candidates = append(candidates, Candidate{Label: arm.label(c), Config: c})
		}
		return index[key]
	}

	for {
		// The point and its neighbors.
		around := []point{at}
		for axis := range arm.Axes {
			around = append(around, at.moved(axis, -1), at.moved(axis, 1))
		}

		// All are asked for before the first is compared, so that they can be measured side by side.
		best, bestAt, highest, whole := -1, at, 0.0, true
		for _, near := range around {
			i := try(near)
			if i < 0 {
				continue
			}
			accuracy, ok, err := measure(candidates[i])
			if err != nil {
				return nil, -1, err
			}
			whole = whole && ok
			if ok && (best < 0 || accuracy > highest) {
				best, bestAt, highest = i, near, accuracy
			}
		}
		if !whole {
			return candidates, -1, nil
		}

		// Each move is to a better point, so the search ends.
		if slices.Equal(bestAt, at) {
			if math.IsInf(highest, -1) {
				best = -1
			}
			return candidates, best, nil
		}
		at = bestAt
	}
}

// at returns the configuration at a point. It is not ok where an axis has no such setting.
func (arm Arm) at(base sslx.Config, at point) (c sslx.Config, ok bool) {
	ok = true
	c = With(base, func(c *sslx.Config) {
		for i, axis := range arm.Axes {
			ok = axis.Step(c, at[i]) && ok
		}
	})
	return c, ok && c.Check() == nil
}

// label says where a configuration is on each axis.
func (arm Arm) label(c sslx.Config) string {
	parts := make([]string, len(arm.Axes))
	for i, axis := range arm.Axes {
		parts[i] = fmt.Sprintf("%s %.3g", axis.Name, axis.Value(c))
	}
	return strings.Join(parts, ", ")
}

// tuned reports whether validation chooses among several configurations of the arm.
func (arm Arm) tuned() bool { return len(arm.Candidates) > 1 || len(arm.Axes) > 0 }

// tried returns the candidates of an arm that validation compares, as far as they are known, and which of them is
// chosen: the best, of equal ones the first; -1 while tuning is not done, and where all trainings diverged. An arm that
// is not tuned has one, which is chosen.
func (p Plan) tried(r Records, arm Arm, fingerprint fingerprinter) (candidates []Candidate, chosen int, err error) {
	measure := func(c Candidate) (score float64, ok bool, err error) {
		score, ok, err = p.validation(r, c, fingerprint)
		if p.measure().Lowest {
			score = -score
		}
		if math.IsNaN(score) {
			score = math.Inf(-1)
		}
		return score, ok, err
	}
	switch {
	case len(arm.Axes) > 0:
		return arm.search(measure)
	case !arm.tuned():
		return arm.Candidates, 0, nil
	case arm.Halving != nil:
		return arm.Halving.search(arm.Candidates, measure)
	}

	scores, ok, err := measured(arm.Candidates, measure)
	if err != nil || !ok {
		return arm.Candidates, -1, err
	}
	return arm.Candidates, best(scores), nil
}

// measured returns the score of each candidate. It is not ok while one of them is not measured.
func measured(candidates []Candidate, measure measurer) (scores []float64, ok bool, err error) {
	ok = true
	for _, c := range candidates {
		score, known, err := measure(c)
		if err != nil {
			return nil, false, err
		}
		scores, ok = append(scores, score), ok && known
	}
	return scores, ok, nil
}

// best returns the index of the highest score, of equal ones the first, and -1 where all trainings diverged.
func best(scores []float64) int {
	found, highest := -1, math.Inf(-1)
	for i, score := range scores {
		if score > highest {
			found, highest = i, score
		}
	}
	return found
}

// validation returns the mean of the measure of a candidate on validation images, over the seeds of tuning, accuracies
// in percent. It is NaN where a training diverged.
func (p Plan) validation(r Records, c Candidate, fingerprint fingerprinter) (mean float64, ok bool, err error) {
	for _, seed := range p.TuneSeeds {
		t := p.TuningTrial(c, seed)
		print, err := fingerprint(t.Config)
		if err != nil {
			return 0, false, err
		}
		if !t.in(r, print) {
			return 0, false, nil
		}
		known := r[t.Key(print)]
		value, found := p.value(known)
		switch {
		case known.Failed != "":
			value = math.NaN()
		case !found:
			return 0, false, fmt.Errorf("run %s was measured and has no %s: delete its line from the records, or "+
				"choose another measure", known.Key, p.measure().Name)
		}
		mean += value / float64(len(p.TuneSeeds))
	}
	return mean, true, nil
}
