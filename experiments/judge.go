package experiments

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// The floors that a comparison can name in place of an arm.
const (
	FloorUntrained = record.ModelUntrained
	FloorPixels    = record.ModelPixels
)

// Judge computes what the records say of a claim at a scale, from them alone.
func Judge(c Claim, s Scale, r Records) (Outcome, error) {
	p := c.Plan(s)
	o := Outcome{Claim: c.ID, Scale: s, Verdict: statistics.NotSettled, Withdrawn: c.Withdrawn, Limits: c.Limits, Margin: p.Margin,
		Estimates: []Estimate{}}
	var err error
	if o.Missing, err = Missing(r, p); err != nil {
		return o, err
	}
	judge := c.judge
	if judge == nil {
		judge = paired
	}
	estimates, err := judge(p, r)
	if err != nil {
		return o, err
	}
	o.Estimates = append(o.Estimates, estimates...)
	for key := range p.keys(r) {
		o.Records = append(o.Records, key)
		o.Seconds += r[key].Seconds
	}
	slices.Sort(o.Records)

	// Neither a smoke run nor a withdrawn claim has verdicts; their differences are reported all the same.
	for i := range o.Estimates {
		e := &o.Estimates[i]
		switch {
		case c.Withdrawn != "":
			e.Verdict, e.More = "", 0
		case s == Smoke && e.Verdict != "":
			e.Verdict, e.More = statistics.NotSettled, 0
		}
	}
	if c.Withdrawn != "" && len(o.Records) > 0 {
		o.Verdict = Withdrawn
	}
	if len(estimates) == 0 {
		return o, nil
	}

	first := o.Estimates[0]
	if c.Withdrawn == "" && first.Seeds == len(p.Seeds) {
		o.Verdict = first.Verdict
	}
	if first.Interval.N > 1 && first.Interval.SD > 0 {
		o.Power, err = statistics.SmallestEffect(first.Interval.SD, first.Interval.N, Level, 0.8)
	}
	return o, err
}

// fingerprint returns that of the data of a configuration, as the latest record of such data has it.
func (r Records) fingerprint(c sslx.Config) (print string, err error) {
	var latest Record
	data := dataOf(c)
	for _, known := range r {
		if dataOf(known.Config) == data && (known.Finished.After(latest.Finished) ||
			known.Finished.Equal(latest.Finished) && known.Environment.Fingerprint > latest.Environment.Fingerprint) {
			latest = known
		}
	}
	return latest.Environment.Fingerprint, nil
}

// keys returns those of the plan's runs that the records hold.
func (p Plan) keys(r Records) map[string]bool {
	keys := map[string]bool{}
	add := func(run Run) {
		print, _ := r.fingerprint(run.Config)
		if key := run.Key(print); r[key].Key != "" {
			keys[key] = true
		}
	}
	for _, run := range tuning(p, p.Arms) {
		add(run)
	}
	for _, arm := range p.Arms {
		for _, seed := range p.Seeds {
			if run, ok, _ := p.final(r, arm, seed, r.fingerprint); ok {
				add(run)
			}
		}
	}
	return keys
}

// record returns the record of an arm with a seed on test.
func (p Plan) record(r Records, arm Arm, seed uint64) (Record, bool) {
	run, ok, err := p.final(r, arm, seed, r.fingerprint)
	if !ok || err != nil {
		return Record{}, false
	}
	print, _ := r.fingerprint(run.Config)
	known, ok := r[run.Key(print)]
	return known, ok
}

// testResults returns the test accuracies of the trained encoder of an arm with a seed.
func (p Plan) testResults(r Records, arm Arm, seed uint64) (results []record.Result) {
	known, _ := p.record(r, arm, seed)
	return accuracies(known, known.Config.Objective.Name)
}

// accuracies returns the test accuracies of a model in a record.
func accuracies(r Record, model string) (results []record.Result) {
	for _, x := range r.Results {
		if x.Model == model && x.Metric == record.MetricAccuracy && x.Split == record.SplitTest {
			results = append(results, x)
		}
	}
	return results
}

// side returns the test accuracies of one side of a comparison with a seed: an arm's, or a floor's.
func (p Plan) side(r Records, name string, seed uint64) []record.Result {
	for _, arm := range p.Arms {
		if arm.Name == name {
			return p.testResults(r, arm, seed)
		}
		if arm.Floors && (name == FloorUntrained || name == FloorPixels) {
			known, _ := p.record(r, arm, seed)
			if floor := accuracies(known, name); len(floor) > 0 {
				return floor
			}
		}
	}
	return nil
}

// decides reports whether a task and protocol of a result are the first of the plan. That task is a label of the run's own data,
// not one of the same name of another set of the plan.
func (p Plan) decides(task string, protocol record.Protocol) bool {
	if protocol.Name() != p.Protocols[0] {
		return false
	}
	set, label, ok := strings.Cut(task, "/")
	return task == p.Tasks[0] || ok && label == p.Tasks[0] && !slices.ContainsFunc(p.Tasks[1:], func(other string) bool {
		return other == set || strings.HasPrefix(other, set+"/")
	})
}

// cell is a task and a protocol, without the layer: floors have others.
type cell struct {
	task     string
	protocol record.Protocol
}

// compare orders cells by task, and by protocol within a task.
func (c cell) compare(other cell) int {
	return cmp.Or(strings.Compare(c.task, other.task), strings.Compare(c.protocol.String(), other.protocol.String()))
}

// paired returns the estimates of the plan's comparisons for each task and protocol, the deciding one first.
func paired(p Plan, r Records) (estimates []Estimate, err error) {
	for _, c := range p.Comparisons {
		differences := map[cell][]float64{}
		var order []cell
		for _, seed := range p.Seeds {
			b := p.side(r, c.B, seed)
			for _, x := range p.side(r, c.A, seed) {
				at := cell{x.Task, x.Protocol.WithoutLayer()}
				for _, y := range b {
					if (cell{y.Task, y.Protocol.WithoutLayer()}) == at {
						if differences[at] == nil {
							order = append(order, at)
						}
						differences[at] = append(differences[at], 100*(x.Value-y.Value))
					}
				}
			}
		}
		for _, at := range order {
			if len(differences[at]) < 2 {
				continue
			}
			e, err := p.estimate(c, at, differences[at])
			if err != nil {
				return nil, err
			}
			estimates = append(estimates, e)
		}
	}
	p.correct(estimates)
	if i := slices.IndexFunc(estimates, p.first); i > 0 {
		first := estimates[i]
		estimates = append([]Estimate{first}, slices.Delete(estimates, i, i+1)...)
	}
	return estimates, nil
}

// first reports whether an estimate is the one that decides.
func (p Plan) first(e Estimate) bool {
	return e.Factor == p.Comparisons[0].Factor && p.decides(e.Task, e.Protocol)
}

func (p Plan) estimate(c Comparison, at cell, differences []float64) (e Estimate, err error) {
	i, err := statistics.Paired(differences, Level)
	e = Estimate{Factor: c.Factor, Task: at.task, Protocol: at.protocol, Mean: i.Mean, Low: i.Low, High: i.High,
		Seeds: len(differences), Unit: "points", Interval: i}
	if !c.withFloor() {
		e.Verdict, e.More = statistics.Judge(i, p.Margin), statistics.SeedsToSettle(i, p.Margin)
	}
	return e, err
}

// correct sets the p-values of each comparison, corrected over its tasks and protocols.
func (p Plan) correct(estimates []Estimate) {
	for _, c := range p.Comparisons {
		var values []float64
		var of []int
		for i, e := range estimates {
			if e.Factor == c.Factor {
				values, of = append(values, e.Interval.P()), append(of, i)
			}
		}
		for j, adjusted := range statistics.Holm(values) {
			if !math.IsNaN(adjusted) {
				estimates[of[j]].P = &adjusted
			}
		}
	}
}
