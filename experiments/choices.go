package experiments

import (
	"math"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
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
		return []Choice{{Arm: arm.Name, Label: "as " + arm.After, Config: p.Setting(r, arm), Validation: math.NaN()}}
	}

	candidates, chosen, _ := p.tried(r, arm, r.fingerprint) // which does not fail with the records' own fingerprints
	for i, candidate := range candidates {
		c := Choice{Arm: arm.Name, Label: candidate.Label, Config: candidate.Config, Tuned: arm.tuned(),
			Validation: math.NaN(), Chosen: arm.tuned() && i == chosen}
		if arm.tuned() {
			if mean, ok := p.Validation(r, candidate); ok {
				c.Validation = mean
			}
		}
		choices = append(choices, c)
	}
	return choices
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

// Made returns the runs of the plan that the records hold, tuning first.
func (p Plan) Made(r Records) (runs []Made) {
	// The trials of tuning, which arms with a single candidate have none of.
	for _, arm := range p.Arms {
		if !arm.tuned() {
			continue
		}
		candidates, _, _ := p.tried(r, arm, r.fingerprint)
		for _, candidate := range candidates {
			for _, seed := range p.TuneSeeds {
				if known, ok := r.Of(p.TuningTrial(candidate, seed)); ok {
					runs = append(runs, p.made(arm.Name, candidate.Label, seed, known))
				}
			}
		}
	}

	// The final ones.
	for _, arm := range p.Arms {
		for _, seed := range p.Seeds {
			if known, ok := p.Record(r, arm, seed); ok {
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
		decides := x.Metric == record.MetricAccuracy && p.Decides(x.Task, x.Protocol)
		if x.Model == objective.NameOf(known.Config.Objective) && x.Split == m.Split && decides {
			m.Accuracy = x.Value
		}
	}
	return m
}

// Tuned returns the number of runs that choose hyper-parameters, at least: a search may ask for more.
func (p Plan) Tuned() int {
	trials, _ := p.tuningTrials(Records{}, p.Arms, Records{}.fingerprint)
	return len(trials)
}
