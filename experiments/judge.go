package experiments

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// Level is the coverage of the intervals of estimates.
const Level = 0.95

// Withdrawn is the verdict of a claim whose [Claim.Withdrawn] gives a reason: its records remain, but decide nothing.
const Withdrawn statistics.Verdict = "withdrawn"

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
	Decides  bool                `json:"decides,omitempty"`         // gives the claim its verdict, alone or with others
	Verdict  statistics.Verdict  `json:"verdict,omitempty"`         // none where the belief predicts nothing
	More     int                 `json:"seeds_to_settle,omitempty"` // seeds in all that would settle it, 0 when it is
	P        *float64            `json:"p_holm,omitempty"`          // see [Plan.Compare]
	Interval statistics.Interval `json:"-"`

	// Construction names the arms of the comparison that are decided by their construction: there is no verdict then.
	Construction []string `json:"decided_by_construction,omitempty"`
}

// Outcome is what the records say of a claim at a scale.
type Outcome struct {
	Claim     string             `json:"claim"`
	Scale     Scale              `json:"scale"`
	Verdict   statistics.Verdict `json:"verdict"`
	Withdrawn string             `json:"withdrawn,omitempty"` // why there is no verdict, see [Claim.Withdrawn]
	Limits    []string           `json:"limits,omitempty"`    // see [Claim.Limits]
	Margin    float64            `json:"margin"`
	Estimates []Estimate         `json:"estimates"` // those that decide first, as far as they are there
	Records   []string           `json:"records"`   // keys of the runs

	// Missing is the number of runs that are still missing, and Gaps says which. Power is the smallest true difference,
	// in points, that the seeds of the deciding estimate find with a probability of 0.8; 0 where that is not known.
	Missing int     `json:"missing"`
	Gaps    []Gap   `json:"gaps,omitempty"`
	Power   float64 `json:"power,omitempty"`

	// Seconds is the training time of the runs.
	Seconds float64 `json:"seconds"`
}

// Deciding returns the first estimate that gives the claim its verdict. It is not ok while no such estimate is there,
// whatever else is.
func (o Outcome) Deciding() (Estimate, bool) {
	i := slices.IndexFunc(o.Estimates, func(e Estimate) bool { return e.Decides })
	if i < 0 {
		return Estimate{}, false
	}
	return o.Estimates[i], true
}

// Judge computes what the records say of a claim at a scale, from them alone.
func Judge(c Claim, s Scale, r Records) (Outcome, error) {
	p := c.Plan(s).Remembering()
	o := Outcome{Claim: c.ID, Scale: s, Verdict: statistics.NotSettled, Withdrawn: c.Withdrawn, Limits: c.Limits,
		Margin: p.Margin, Records: p.Keys(r)}
	for _, key := range o.Records {
		o.Seconds += r[key].Seconds
	}

	// What is missing is counted on the data of the latest records. A run that lacks only what decides nothing is not.
	var err error
	decisive := p
	decisive.Also = nil
	if o.Gaps, err = Gaps(r, decisive); err != nil {
		return o, err
	}
	for _, g := range o.Gaps {
		o.Missing += g.Tuning + len(g.Seeds)
	}

	if o.Estimates, err = estimates(c, p, r); err != nil {
		return o, err
	}
	if c.Withdrawn != "" && len(o.Records) > 0 {
		o.Verdict = Withdrawn
	}

	// Without the estimates that decide there is no verdict, whatever other estimates say.
	first, ok := o.Deciding()
	if !ok {
		return o, nil
	}
	if c.Withdrawn == "" {
		o.Verdict = p.verdict(o.Estimates)
	}

	if first.Interval.N > 1 && first.Interval.SD > 0 {
		o.Power, err = statistics.SmallestEffect(first.Interval.SD, first.Interval.N, Level, 0.8)
	}
	return o, err
}

// verdict returns what the estimates that decide say together: what all of them say, or [statistics.Reversed] where the
// belief calls something useless that is not.
func (p Plan) verdict(all []Estimate) (v statistics.Verdict) {
	found, useful := 0, false
	for _, e := range all {
		if !e.Decides {
			continue
		}

		// Nor is there one before every planned seed is there: to look early and stop once it is settled errs more
		// often than 1-Level.
		if e.Seeds < len(p.Seeds) || len(e.Construction) > 0 {
			return statistics.NotSettled
		}
		useful = useful || e.Verdict == statistics.Reversed && p.calledUseless(e.Factor)
		if found == 0 {
			v = e.Verdict
		} else if v != e.Verdict {
			v = statistics.NotSettled
		}
		found++
	}

	switch {
	case found < len(p.deciding()):
		return statistics.NotSettled
	case useful:
		return statistics.Reversed
	}
	return v
}

// calledUseless reports whether the comparison of a factor is one about which the belief says so.
func (p Plan) calledUseless(factor string) bool {
	return slices.ContainsFunc(p.Comparisons, func(c Comparison) bool { return c.Factor == factor && c.Useless })
}

// estimates returns the estimates of a claim, those that decide first. Neither a smoke run nor a withdrawn claim has
// verdicts; their differences are reported all the same.
func estimates(c Claim, p Plan, r Records) ([]Estimate, error) {
	judge := c.Judge
	if judge == nil {
		judge = Plan.Compare
	}
	found, err := judge(p, r)
	if err != nil {
		return nil, err
	}

	for i := range found {
		e := &found[i]
		switch {
		case c.Withdrawn != "":
			e.Verdict, e.More = "", 0
		case p.Scale == Smoke && e.Verdict != "":
			e.Verdict, e.More = statistics.NotSettled, 0
		}
	}
	rank := func(e Estimate) int {
		if e.Decides {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b Estimate) int { return cmp.Compare(rank(a), rank(b)) })
	return append([]Estimate{}, found...), nil // never null in JSON
}

// Column is a task and a protocol that accuracies are compared on, without the layer: baselines have layers of their
// own.
type Column struct {
	Task     string
	Protocol record.Protocol
}

// Compare orders columns by task, and by protocol within a task.
func (c Column) Compare(other Column) int {
	return cmp.Or(strings.Compare(c.Task, other.Task), strings.Compare(c.Protocol.String(), other.Protocol.String()))
}

// columnOf returns the column of a result.
func columnOf(x record.Result) Column { return Column{x.Task, x.Protocol.WithoutLayer()} }

// Results returns the test accuracies of an arm with a seed, or of a baseline that was measured with such a run. It is
// empty where nothing was measured yet.
func (p Plan) Results(r Records, name string, seed uint64) []record.Result {
	for _, arm := range p.Arms {
		switch {
		case arm.Name == name:
			known, _ := p.Record(r, arm, seed)
			return known.Accuracies(objective.NameOf(known.Config.Objective))
		case arm.Floors && isBaseline(name):
			known, _ := p.Record(r, arm, seed)
			if results := known.Accuracies(name); len(results) > 0 {
				return results
			}
		}
	}
	return nil
}

// Compare returns the estimates of the plan's comparisons on every task and by every protocol that both sides have two
// seeds of: differences in points of accuracy, paired over seeds.
//
// P is the p-value of the verdict ([statistics.VerdictP]) or, where there is none, of no difference. The estimates that
// decide are one family, and so are the others of each comparison: their p-values are corrected (Holm), and those that
// are above 1-[Level] settle nothing. A comparison of an arm that is decided by its construction has no verdict.
func (p Plan) Compare(r Records) (all []Estimate, err error) {
	construction := p.ByConstruction(r)
	for _, c := range p.Comparisons {
		differences, order := p.differences(r, c)
		for _, at := range order {
			if len(differences[at]) < 2 {
				continue
			}
			e, err := p.estimate(c, at, differences[at])
			if err != nil {
				return nil, err
			}
			for _, arm := range construction {
				if arm == c.A || arm == c.B {
					e.Construction, e.Verdict, e.More = append(e.Construction, arm), "", 0
				}
			}
			all = append(all, e)
		}
	}
	p.correct(all)
	return all, nil
}

// differences returns the differences of a comparison in points, one for each seed that both sides have, and the
// columns in the order in which they were measured.
func (p Plan) differences(r Records, c Comparison) (differences map[Column][]float64, order []Column) {
	differences = map[Column][]float64{}
	for _, seed := range p.Seeds {
		// Pair the results of the seed by column.
		of := map[Column]float64{}
		for _, y := range p.Results(r, c.B, seed) {
			of[columnOf(y)] = y.Value
		}
		for _, x := range p.Results(r, c.A, seed) {
			at := columnOf(x)
			b, ok := of[at]
			if !ok {
				continue
			}
			if differences[at] == nil {
				order = append(order, at)
			}
			differences[at] = append(differences[at], 100*(x.Value-b))
		}
	}
	return differences, order
}

// estimate returns the estimate of a comparison in a column.
func (p Plan) estimate(c Comparison, at Column, differences []float64) (e Estimate, err error) {
	i, err := statistics.Paired(differences, Level)
	e = Estimate{Factor: c.Factor, Task: at.Task, Protocol: at.Protocol, Mean: i.Mean, Low: i.Low, High: i.High,
		Seeds: len(differences), Unit: "points", Interval: i,
		Decides: p.Decides(at.Task, at.Protocol) && slices.Contains(p.deciding(), c)}

	// Where the belief predicts nothing, the p-value is of no difference at all.
	value := i.P()
	switch {
	case c.Useless:
		e.Verdict, value = statistics.VerdictBelow(i, p.Margin)
	case !c.silent():
		e.Verdict, e.More = statistics.VerdictOf(i, p.Margin), statistics.SeedsToSettle(i, p.Margin)
		value = statistics.VerdictP(i, p.Margin)
	}
	if !math.IsNaN(value) {
		e.P = &value
	}
	return e, err
}

// correct corrects the p-values of the estimates that decide together, and those of each comparison over its other
// tasks and protocols.
func (p Plan) correct(all []Estimate) {
	families := map[string][]*Estimate{}
	for i := range all {
		e := &all[i]
		switch {
		case e.P == nil:
		case e.Decides:
			families[""] = append(families[""], e)
		default:
			families[e.Factor] = append(families[e.Factor], e)
		}
	}

	for _, family := range families {
		values := make([]float64, len(family))
		for i, e := range family {
			values[i] = *e.P
		}
		for i, adjusted := range statistics.Holm(values) {
			e := family[i]
			e.P = &adjusted
			if e.Verdict != "" && adjusted > 1-Level {
				e.Verdict = statistics.NotSettled
			}
		}
	}
}
