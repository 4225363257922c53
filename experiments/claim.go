package experiments

import (
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// Claim is a belief about self-supervised learning, as an experiment.
type Claim struct {
	ID         string
	Belief     string // in plain words
	Prediction string // what would be seen if the belief were true
	Decision   string // how it is decided

	// Withdrawn is the reason why no verdict is given although there are records: a fault in the plan or in the rule. It is ""
	// while the verdict stands.
	Withdrawn string

	// Limits are known weaknesses of the test, one sentence or two each, the most important first.
	Limits []string

	// Plan returns what is run at a scale.
	Plan func(Scale) Plan

	// judge computes the estimates, the one that decides first; nil means the comparisons of the plan.
	judge func(Plan, Records) ([]Estimate, error)
}

// Claims returns every claim, in the order of the paper.
func Claims() []Claim { return []Claim{minibatch, augmentation, protocols, negatives, cost} }

// Named returns the claim of an id, or a usage error with the nearest one.
func Named(id string) (Claim, error) {
	var ids []string
	for _, c := range Claims() {
		if c.ID == id {
			return c, nil
		}
		ids = append(ids, c.ID)
	}
	return Claim{}, usage.Unknown("claim", id, ids)
}

// Plan is what a claim runs at a scale, fixed before the final runs.
type Plan struct {
	Scale Scale
	Arms  []Arm

	// TuneSeeds are the seeds of the runs that settle an arm's hyper-parameters on validation images; Seeds, which none
	// of them repeats, those of the runs that are measured on test.
	TuneSeeds, Seeds []uint64

	// Tasks and Protocols are measured, the first of each decides: tuning, and the verdict.
	Tasks, Protocols []string

	Comparisons []Comparison // the first decides

	// Margin is the difference in points of accuracy that matters.
	Margin float64
}

// Arm is a setting that is compared with others.
type Arm struct {
	Name string

	// Candidates are the configurations that validation chooses from; a single one is used as it is.
	Candidates []Candidate

	// After is the arm whose chosen configuration From changes, for arms without candidates.
	After string
	From  func(sslx.Config) sslx.Config

	// Floors also measures raw pixels and the untrained encoder.
	Floors bool
}

// Candidate is a configuration with a word on what is special about it.
type Candidate struct {
	Label  string
	Config sslx.Config
}

// Comparison is the difference of the accuracies of A and B, which the belief predicts to be above the margin. Each is an arm,
// or one of the floors "untrained" and "pixels": against a floor, the belief predicts nothing, and there is no verdict.
type Comparison struct{ Factor, A, B string }

func (c Comparison) withFloor() bool { return c.B == FloorUntrained || c.B == FloorPixels }

// Withdrawn is the verdict of a claim whose [Claim.Withdrawn] gives a reason: its records remain, but decide nothing.
const Withdrawn statistics.Verdict = "withdrawn"

// Level is the coverage of the intervals of estimates.
const Level = 0.95

// Estimate is a difference with its interval, in points of accuracy unless the unit says otherwise.
type Estimate struct {
	Factor   string              `json:"factor"`
	Task     string              `json:"task"`
	Protocol record.Protocol     `json:"protocol"`
	Mean     float64             `json:"difference"`
	Low      float64             `json:"low"`
	High     float64             `json:"high"`
	Seeds    int                 `json:"seeds"`
	Unit     string              `json:"unit"`
	Verdict  statistics.Verdict  `json:"verdict,omitempty"`         // none against a floor
	More     int                 `json:"seeds_to_settle,omitempty"` // seeds in all that would settle it, 0 when it is
	P        *float64            `json:"p_holm,omitempty"`          // of no difference, corrected over tasks and protocols
	Interval statistics.Interval `json:"-"`
}

// Outcome is what the records say of a claim at a scale.
type Outcome struct {
	Claim     string             `json:"claim"`
	Scale     Scale              `json:"scale"`
	Verdict   statistics.Verdict `json:"verdict"`
	Withdrawn string             `json:"withdrawn,omitempty"` // why there is no verdict, see [Claim.Withdrawn]
	Limits    []string           `json:"limits,omitempty"`    // see [Claim.Limits]
	Margin    float64            `json:"margin"`
	Estimates []Estimate         `json:"estimates"` // the one that decides first
	Records   []string           `json:"records"`   // keys of the runs

	// Missing is the number of runs that are not there yet, and Power the smallest true difference, in points, that the
	// seeds of the first comparison find with a probability of 0.8 (0 where that is not known).
	Missing int     `json:"missing"`
	Power   float64 `json:"power,omitempty"`

	// Seconds is the training time of the runs.
	Seconds float64 `json:"seconds"`
}
