package experiments

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/words"
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

	// Also are protocols by which the final runs are measured on the first task alone. They decide nothing, and no
	// verdict waits for them.
	Also []string

	// Measure is what tuning chooses by. The zero value is the accuracy on the first task by the first protocol.
	Measure Measure

	// Comparisons are the differences that are reported. The first Deciding of them give the verdict, on the task and
	// by the protocol that decide; 0 is 1.
	Comparisons []Comparison
	Deciding    int

	// Margin is the difference that matters, in points of accuracy.
	Margin float64

	memory map[string]choice // by arm, see Remembering; nil for none
}

// Arm is a setting that is compared with others.
type Arm struct {
	Name string

	// Candidates are the configurations that validation chooses from. A single one is used as it is, unless there are
	// Axes.
	Candidates []Candidate

	// Axes are what validation tunes of the only candidate, step by step until its choice is inside of what was tried.
	Axes []Axis

	// Halving, if set, measures the candidates after a part of their training, and trains only the best further.
	Halving *Halving

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

	// Until is the share of its training after which the candidate is measured, in (0, 1); 0 is all of it.
	Until float64
}

// Comparison is the difference between the accuracies of A and B. Each is the name of an arm, or of a baseline:
// [record.ModelUntrained], which is the stronger of both untrained encoders, or [record.ModelPixels]. The belief
// predicts that it is above the margin, unless B is a baseline: about a difference from a baseline it predicts nothing,
// and there is no verdict, unless Useless says so.
type Comparison struct {
	Factor, A, B string

	// Useless says that the belief predicts that A beats B, a baseline or an arm, by no more than the margin.
	Useless bool

	// Longer is the factor of the comparison that this one repeats with another number of epochs, "" for none.
	Longer string
}

// silent reports whether the belief predicts nothing.
func (c Comparison) silent() bool { return isBaseline(c.B) && !c.Useless }

// isBaseline reports whether a side of a comparison is a baseline.
func isBaseline(name string) bool { return record.IsBaseline(name) }

// NewPlan returns a plan of arms with the seeds, tasks and protocols of a scale and a margin of 2 points. The first
// comparison decides. The fields of the plan may be changed.
func NewPlan(s Scale, arms []Arm, comparisons ...Comparison) Plan {
	return Plan{Scale: s, Arms: arms, TuneSeeds: s.TuneSeeds(), Seeds: s.Seeds(), Tasks: s.Tasks(),
		Protocols: s.Protocols(), Comparisons: comparisons, Margin: 2}
}

// NewArm returns an arm with a single configuration, which is not tuned.
func NewArm(name string, c sslx.Config) Arm {
	return Arm{Name: name, Candidates: []Candidate{{Label: "base", Config: c}}}
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
	return protocol.Name() == p.Protocols[0] && p.DecidesTask(task)
}

// DecidesTask reports whether a task of a result is the first one of the plan. A plan without tasks measures all labels
// of the data, and each may decide.
func (p Plan) DecidesTask(task string) bool {
	if len(p.Tasks) == 0 || task == p.Tasks[0] {
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

// deciding returns the comparisons that give the verdict.
func (p Plan) deciding() []Comparison {
	return p.Comparisons[:min(max(1, p.Deciding), len(p.Comparisons))]
}

// decidedBetween reports whether a comparison that decides is of the arm, or of a baseline that is measured with it.
func (p Plan) decidedBetween(arm Arm) bool {
	return slices.ContainsFunc(p.deciding(), func(c Comparison) bool {
		return arm.Name == c.A || arm.Name == c.B || arm.Floors && isBaseline(c.B)
	})
}

// Rule says how the plan decides, in words made from what [Plan.Compare] applies.
func (p Plan) Rule() string {
	var b strings.Builder
	task, protocol := p.Tasks[0], p.Protocols[0]
	fmt.Fprintf(&b, "Accuracy on %s by %s, paired over %s; margin %g points. ", task, protocol,
		words.Count(len(p.Seeds), "seed"), p.Margin)

	var useless, above []string
	for _, c := range p.deciding() {
		if c.Useless {
			useless = append(useless, fmt.Sprintf("%q", c.Factor))
		} else {
			above = append(above, fmt.Sprintf("%q", c.Factor))
		}
	}
	interval := fmt.Sprintf("the %g %% t interval of", 100*Level)
	if len(above) > 0 {
		fmt.Fprintf(&b, "Upheld where %s %s lies above +%g, equivalent where it lies within ±%g, reversed where it "+
			"lies below -%g, not settled otherwise. ", interval, words.Or(above), p.Margin, p.Margin, p.Margin)
	}
	if len(useless) > 0 {
		fmt.Fprintf(&b, "Reversed where %s %s lies above +%g; upheld where all lie below. ", interval,
			words.Or(useless), p.Margin)
	}
	if len(p.deciding()) > 1 {
		b.WriteString("The p-values of the comparisons that decide are corrected together (Holm). ")
	}
	b.WriteString("An arm whose negatives are told from its anchors by simple statistics of pixels in more than " +
		fmt.Sprintf("%g %% of the cases, or whose first loss is below half its chance level, is decided by its "+
			"construction and gives no verdict.", 100*MaxCue))
	return b.String()
}
