package experiments

import (
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// Plan is what a claim runs at a scale, fixed before the final runs.
type Plan struct {
	Scale Scale
	Arms  []Arm

	// TuneSeeds are the seeds of the runs that choose an arm's hyper-parameters on validation images. Seeds are the
	// seeds of the runs that are measured on test; the two have none in common.
	TuneSeeds, Seeds []uint64

	// Tasks and Protocols are measured. The first of each decides: in tuning, and in the verdict.
	Tasks, Protocols []string

	Comparisons []Comparison // the first one decides

	// Margin is the difference that matters, in points of accuracy.
	Margin float64
}

// Arm is a setting that is compared with others.
type Arm struct {
	Name string

	// Candidates are the configurations that validation chooses from. A single one is used as it is.
	Candidates []Candidate

	// After is the arm whose chosen configuration From changes, for an arm without candidates.
	After string
	From  func(sslx.Config) sslx.Config

	// Floors also measures the baselines: raw pixels and the untrained encoder.
	Floors bool
}

// Candidate is a configuration with a few words on what is special about it.
type Candidate struct {
	Label  string
	Config sslx.Config
}

// Comparison is the difference between the accuracies of A and B, which the belief predicts to be above the margin.
// Each is the name of an arm, or of a baseline: [record.ModelUntrained] or [record.ModelPixels]. About a difference
// from a baseline the belief predicts nothing, and there is no verdict.
type Comparison struct{ Factor, A, B string }

// withBaseline reports whether the comparison is with a baseline.
func (c Comparison) withBaseline() bool { return isBaseline(c.B) }

// isBaseline reports whether a side of a comparison is a baseline.
func isBaseline(name string) bool { return name == record.ModelUntrained || name == record.ModelPixels }

// NewPlan returns a plan of arms with the seeds, tasks and protocols of a scale and a margin of 2 points. The first
// comparison decides. The fields of the plan may be changed.
func NewPlan(s Scale, arms []Arm, comparisons ...Comparison) Plan {
	return Plan{Scale: s, Arms: arms, TuneSeeds: s.TuneSeeds(), Seeds: s.Seeds(), Tasks: s.Tasks(),
		Protocols: s.Protocols(), Comparisons: comparisons, Margin: 2}
}

// NewArm returns an arm with a single configuration, which is not tuned.
func NewArm(name string, c sslx.Config) Arm {
	return Arm{Name: name, Candidates: []Candidate{{"base", c}}}
}

// With returns a copy of a configuration after a change, which the original does not see.
func With(c sslx.Config, change func(*sslx.Config)) sslx.Config {
	c.Views, c.Resolutions = slices.Clone(c.Views), slices.Clone(c.Resolutions)
	c.Projector, c.Predictor = slices.Clone(c.Projector), slices.Clone(c.Predictor)
	change(&c)
	return c
}

// arm returns the arm of a name. It panics if there is none.
func (p Plan) arm(name string) Arm {
	return p.Arms[slices.IndexFunc(p.Arms, func(a Arm) bool { return a.Name == name })]
}

// Decides reports whether a task and a protocol of a result are the first ones of the plan. The task must be a label of
// the run's own data, not one of the same name of another data set of the plan.
func (p Plan) Decides(task string, protocol record.Protocol) bool {
	if protocol.Name() != p.Protocols[0] {
		return false
	}
	if task == p.Tasks[0] {
		return true
	}

	// A label of the run's own data; "set/label" of another set of the plan is that set's.
	set, label, ok := strings.Cut(task, "/")
	if !ok || label != p.Tasks[0] {
		return false
	}
	return !slices.ContainsFunc(p.Tasks[1:], func(other string) bool {
		return other == set || strings.HasPrefix(other, set+"/")
	})
}

// decidedBetween reports whether the comparison that decides is between the arm and another one.
func (p Plan) decidedBetween(arm Arm) bool {
	return len(p.Comparisons) > 0 && (arm.Name == p.Comparisons[0].A || arm.Name == p.Comparisons[0].B)
}
