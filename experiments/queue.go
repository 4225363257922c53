package experiments

import (
	"fmt"
	"slices"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Missing returns how many trials of plans the records lack, those that follow tuning among them. The data are taken to
// come from the latest records.
func Missing(r Records, plans ...Plan) (int, error) {
	q, err := newQueue(r, r.fingerprint, plans)
	return len(q.trials) + len(q.unsettled), err
}

// Gap is the trials of an arm that the records lack.
type Gap struct {
	Arm    string   `json:"arm"`
	Tuning int      `json:"tuning,omitempty"` // trials that choose its hyper-parameters, as far as they are known
	Seeds  []uint64 `json:"seeds,omitempty"`  // of its final runs
}

// Gaps returns which trials of a plan Missing counts, arm by arm. A trial that several arms share counts for the first.
func Gaps(r Records, p Plan) ([]Gap, error) {
	q, err := newQueue(r, r.fingerprint, []Plan{p})
	return q.gaps, err
}

// Pending returns the trials of plans that the records lack and that can be made now, those of the deciding comparisons
// first. What follows them, the final runs of an arm that is still being tuned, becomes known when they are made.
func Pending(r Records, plans ...Plan) ([]Trial, error) {
	q, err := newQueue(r, r.fingerprint, plans)
	return q.trials, err
}

// fingerprinter returns the fingerprint of the data of a configuration.
type fingerprinter func(sslx.Config) (string, error)

// queue is what a sweep has to do.
type queue struct {
	records     Records
	fingerprint fingerprinter

	trials    []Trial         // that the records lack, as far as they are known
	seen      map[string]bool // by the key of each trial that is known: is it in trials?
	unsettled map[string]bool // final runs whose arm is still being tuned
	gaps      []Gap           // trials and unsettled, by arm
}

// newQueue returns the trials of plans. The parts that decide come first for all plans, and within each the trials go
// seed by seed: a sweep that is stopped has verdicts, and whole pairs.
func newQueue(r Records, fingerprint fingerprinter, plans []Plan) (queue, error) {
	q := queue{records: r, fingerprint: fingerprint, seen: map[string]bool{}, unsettled: map[string]bool{}}
	for _, decides := range []bool{true, false} {
		for _, p := range plans {
			p = p.Remembering()
			arms := slices.DeleteFunc(slices.Clone(p.Arms), func(a Arm) bool { return p.decidedBetween(a) != decides })
			if err := q.take(p, arms); err != nil {
				return q, err
			}
		}
	}
	return q, nil
}

// total counts all trials, also those that are made and those that are not yet known.
func (q *queue) total() int { return len(q.seen) + len(q.unsettled) }

// take adds the trials of some arms of a plan: tuning, then the final ones.
func (q *queue) take(p Plan, arms []Arm) error {
	for _, arm := range arms {
		trials, err := p.tuningTrials(q.records, []Arm{arm}, q.fingerprint)
		if err != nil {
			return err
		}
		for _, t := range trials {
			lacks, err := q.add(t)
			if err != nil {
				return err
			}
			if lacks {
				q.gap(arm).Tuning++
			}
		}
	}

	// Seed by seed: a sweep that is stopped has whole pairs.
	for _, seed := range p.Seeds {
		for _, arm := range arms {
			t, ok, err := p.final(q.records, arm, seed, q.fingerprint)
			if err != nil {
				return err
			}
			lacks := false
			if ok {
				if lacks, err = q.add(t); err != nil {
					return err
				}
			} else if key := fmt.Sprint(arm.Name, seed); !q.unsettled[key] {
				q.unsettled[key], lacks = true, true
			}
			if lacks {
				gap := q.gap(arm)
				gap.Seeds = append(gap.Seeds, seed)
			}
		}
	}
	return nil
}

// gap returns the gap of an arm, a new one for an arm that had none.
func (q *queue) gap(arm Arm) *Gap {
	i := slices.IndexFunc(q.gaps, func(g Gap) bool { return g.Arm == arm.Name })
	if i < 0 {
		i = len(q.gaps)
		q.gaps = append(q.gaps, Gap{Arm: arm.Name})
	}
	return &q.gaps[i]
}

// add adds a trial, and reports whether it is a new one that the records lack.
func (q *queue) add(t Trial) (isNew bool, err error) {
	fingerprint, err := q.fingerprint(t.Config)
	if err != nil {
		return false, err
	}

	// Two arms may share a trial; it is made once.
	key := t.Key(fingerprint)
	queued, lacks := q.seen[key], !t.in(q.records, fingerprint)
	isNew = lacks && !queued
	if isNew {
		q.trials = append(q.trials, t)
	}
	q.seen[key] = queued || lacks
	return isNew, nil
}

// tuningTrials returns the trials that choose the hyper-parameters of arms on validation images, as far as they are
// known: a search asks for more as its first trials are made.
func (p Plan) tuningTrials(r Records, arms []Arm, fingerprint fingerprinter) (trials []Trial, err error) {
	for _, arm := range arms {
		if !arm.tuned() {
			continue
		}
		candidates, _, err := p.tried(r, arm, fingerprint)
		if err != nil {
			return nil, err
		}
		for _, candidate := range candidates {
			for _, seed := range p.TuneSeeds {
				trials = append(trials, p.TuningTrial(candidate, seed))
			}
		}
	}
	return trials, nil
}

// TuningTrial returns the trial of a candidate with a seed: it is measured on validation images, on the task that
// decides and by the measure that tuning chooses by. What learns from labels does not see those of validation images.
func (p Plan) TuningTrial(c Candidate, seed uint64) Trial {
	c.Config.Seed = seed
	if pretrain.LearnsFromLabels(c.Config) {
		c.Config.HoldOut = true
	}
	// The first task decides.
	t := Trial{Scale: p.Scale, Config: c.Config, Tasks: p.Tasks[:min(1, len(p.Tasks))], Validation: true,
		Until: c.Until, Label: c.Label}
	if protocol := p.measure().Protocol; protocol != "" {
		t.Protocols = []string{protocol}
	}
	return t
}

// final returns the trial of an arm with a seed that is measured on test, once its hyper-parameters are settled.
func (p Plan) final(r Records, arm Arm, seed uint64, fingerprint fingerprinter) (t Trial, ok bool, err error) {
	c, ok, err := p.chosen(r, arm, fingerprint)
	if !ok || err != nil {
		return t, false, err
	}
	c.Seed = seed
	return Trial{Scale: p.Scale, Config: c, Tasks: p.Tasks, Protocols: p.Protocols, Also: p.Also,
		Floors: arm.Floors}, true, nil
}

// chosen returns the configuration of an arm: its only candidate, the best on validation (the first of equal ones), or
// what it makes of another arm's. It is not ok while tuning is not done.
func (p Plan) chosen(r Records, arm Arm, fingerprint fingerprinter) (c sslx.Config, ok bool, err error) {
	if known, ok := p.memory[arm.Name]; ok {
		return known.config, known.ok, nil
	}
	defer func() {
		if p.memory != nil && err == nil {
			p.memory[arm.Name] = choice{c, ok}
		}
	}()

	if arm.After != "" {
		c, ok, err = p.chosen(r, p.arm(arm.After), fingerprint)
		if ok {
			c = arm.From(c)
		}
		return c, ok, err
	}
	candidates, chosen, err := p.tried(r, arm, fingerprint)
	if err != nil || chosen < 0 {
		return c, false, err
	}
	return candidates[chosen].Config, true, nil
}

// choice is what was chosen for an arm, if its tuning is done.
type choice struct {
	config sslx.Config
	ok     bool
}

// Remembering returns the plan with a memory of what is chosen for each arm, for a caller whose records do not change:
// otherwise each seed of an arm repeats its search.
func (p Plan) Remembering() Plan {
	p.memory = map[string]choice{}
	return p
}

// Chosen returns the configuration of an arm as validation has chosen it. It is not ok while tuning is not done.
func (p Plan) Chosen(r Records, arm Arm) (c sslx.Config, ok bool) {
	c, ok, err := p.chosen(r, arm, r.fingerprint)
	return c, ok && err == nil
}

// Setting returns the configuration of an arm, or its first candidate while its hyper-parameters are not settled.
func (p Plan) Setting(r Records, arm Arm) sslx.Config {
	if c, ok := p.Chosen(r, arm); ok {
		return c
	}
	if arm.After == "" {
		return arm.Candidates[0].Config
	}
	return arm.From(p.Setting(r, p.arm(arm.After)))
}

// Record returns the record of an arm with a seed on test.
func (p Plan) Record(r Records, arm Arm, seed uint64) (Record, bool) {
	t, ok, err := p.final(r, arm, seed, r.fingerprint)
	if !ok || err != nil {
		return Record{}, false
	}
	return r.Of(t)
}

// Validation returns the mean accuracy of a candidate on validation images in percent, over the seeds of tuning.
func (p Plan) Validation(r Records, c Candidate) (mean float64, ok bool) {
	mean, ok, err := p.validation(r, c, r.fingerprint)
	return mean, ok && err == nil
}

// Keys returns the keys of the plan's trials that the records hold.
func (p Plan) Keys(r Records) (keys []string) {
	trials, _ := p.tuningTrials(r, p.Arms, r.fingerprint) // which does not fail with the records' own fingerprints
	for _, t := range trials {
		if known, ok := r.Of(t); ok {
			keys = append(keys, known.Key)
		}
	}
	for _, arm := range p.Arms {
		for _, seed := range p.Seeds {
			if known, ok := p.Record(r, arm, seed); ok {
				keys = append(keys, known.Key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
