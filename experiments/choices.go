package experiments

import (
	"math"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// Choice is a configuration that an arm may take, with what validation says of it.
type Choice struct {
	Arm    string
	Label  string // what is special about it
	Config sslx.Config

	// Tuned says that validation chooses among several configurations of the arm.
	Tuned bool

	// Validation is the mean accuracy on validation images in percent, over the seeds of tuning; NaN where it was not
	// measured.
	Validation float64

	// Chosen says that the final runs use it: all candidates of the arm were measured, and it is the best.
	Chosen bool
}

// Choices returns the configurations of every arm, arm by arm. An arm that changes another one's choice has one.
func (p Plan) Choices(r Records) (choices []Choice) {
	for _, arm := range p.Arms {
		choices = append(choices, p.choices(r, arm)...)
	}
	return choices
}

func (p Plan) choices(r Records, arm Arm) (choices []Choice) {
	if arm.After != "" {
		return []Choice{{Arm: arm.Name, Label: "as " + arm.After, Config: p.setting(r, arm), Validation: math.NaN()}}
	}

	tuned := len(arm.Candidates) > 1
	settled, best := tuned, 0
	for i, candidate := range arm.Candidates {
		c := Choice{Arm: arm.Name, Label: candidate.Label, Config: candidate.Config, Tuned: tuned, Validation: math.NaN()}
		if tuned {
			c.Validation = p.validation(r, candidate)
		}
		choices = append(choices, c)

		settled = settled && !math.IsNaN(c.Validation)
		if c.Validation > choices[best].Validation {
			best = i
		}
	}
	choices[best].Chosen = settled
	return choices
}

// validation returns the mean accuracy of a candidate on validation images in percent, over the seeds of tuning; NaN when
// a seed is missing.
func (p Plan) validation(r Records, c Candidate) (mean float64) {
	for _, seed := range p.TuneSeeds {
		known, ok := r.of(p.tune(c.Config, seed))
		if !ok || len(known.Results) == 0 {
			return math.NaN()
		}
		mean += 100 * known.Results[0].Value / float64(len(p.TuneSeeds))
	}
	return mean
}

// of returns the record of a run.
func (r Records) of(run Run) (Record, bool) {
	print, _ := r.fingerprint(run.Config)
	known, ok := r[run.Key(print)]
	return known, ok
}

// Made is a run of a plan that the records hold. A run that two arms share is one of both.
type Made struct {
	Arm   string
	Label string // of the candidate, for a run of tuning
	Seed  uint64

	// Split is where Accuracy, in [0, 1], was measured: by the task and protocol that decide. It is NaN without them.
	Split    string
	Accuracy float64

	Record Record
}

// Made returns the runs of the plan that the records hold, those of tuning first.
func (p Plan) Made(r Records) (runs []Made) {
	for _, arm := range p.Arms {
		if len(arm.Candidates) < 2 {
			continue
		}
		for _, candidate := range arm.Candidates {
			for _, seed := range p.TuneSeeds {
				if known, ok := r.of(p.tune(candidate.Config, seed)); ok {
					runs = append(runs, p.made(arm.Name, candidate.Label, seed, known))
				}
			}
		}
	}

	for _, arm := range p.Arms {
		for _, seed := range p.Seeds {
			if known, ok := p.record(r, arm, seed); ok {
				runs = append(runs, p.made(arm.Name, "", seed, known))
			}
		}
	}
	return runs
}

func (p Plan) made(arm, label string, seed uint64, known Record) Made {
	m := Made{Arm: arm, Label: label, Seed: seed, Split: record.SplitTest, Accuracy: math.NaN(), Record: known}
	if known.Validation {
		m.Split = record.SplitValidation
	}
	for _, x := range known.Results {
		if x.Model == known.Config.Objective.Name && x.Split == m.Split && p.decides(x.Task, x.Protocol) {
			m.Accuracy = x.Value
		}
	}
	return m
}

// Tuned returns the number of runs that choose hyper-parameters.
func (p Plan) Tuned() int { return len(tuning(p, p.Arms)) }

// Lacking returns the runs of plans that the records lack, as far as they are known: those that follow tuning are known
// when it is done. fingerprint returns the fingerprint of a configuration's data.
func Lacking(r Records, fingerprint func(sslx.Config) (string, error), plans ...Plan) ([]Run, error) {
	q := queue{records: r, fingerprint: fingerprint}
	err := q.fill(plans)
	return q.runs, err
}

// Deciding returns the estimate that decides, if there is one.
func (o Outcome) Deciding() (Estimate, bool) {
	if len(o.Estimates) == 0 {
		return Estimate{}, false
	}
	return o.Estimates[0], true
}
