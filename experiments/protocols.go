package experiments

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx/record"
)

// protocols is misconception 3.3 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var protocols = Claim{
	ID:     "protocol",
	Belief: "One linear probe on one data set ranks methods.",
	Prediction: "The ranking of encoders by one protocol on the data that they were trained on is that of every other task and " +
		"protocol: Kendall's tau is 0.8 or more.",
	Decision: "Kendall's tau between the ranking of the encoders of the other claims (means over seeds) by the first protocol on the first " +
		"task and that by each other task and protocol; the median over other tasks decides. Debunked where the interval, a bootstrap " +
		"over encoders, lies below 0.8; upheld where it lies above. Fewer than 8 encoders settle nothing.",
	Limits: []string{
		"At the cpu scale the reference is kNN, but the belief is about the linear probe; with the linear probe as the reference, the " +
			"same records settle nothing.",
		"The same task and protocol, measured with other seeds, agree with themselves by less than 0.8 too, so the threshold leans " +
			"towards a verdict against the belief.",
		"The interval is that of the column that happens to be the median, not of the median.",
		"Four of the ranked encoders come from the arms for which the verdict of `negatives` is withdrawn.",
	},
	Plan:  planProtocols,
	judge: judgeProtocols,
}

// agreement is the tau at which two rankings are said to be the same.
const agreement = 0.8

// minEncoders is the number of encoders from which rankings give a verdict. The bootstrap resamples encoders: of few that two
// protocols put in one order, every resample agrees too, and the interval has no width.
const minEncoders = 8

const (
	resamples     = 2000
	resamplesSeed = 0
)

// planProtocols is the arms of the other claims: their encoders are ranked. At smoke it is a few of them.
func planProtocols(s Scale) Plan {
	arms := slices.Concat(planAugmentation(s).Arms, planNegatives(s).Arms[1:]) // whose first is one of the other's
	if s != Smoke {
		arms = slices.Concat(arms, planMinibatch(s).Arms, planCost(s).Arms)
	}
	p := s.plan(arms)
	p.Margin = agreement
	return p
}

// ranked is the mean accuracy of each encoder in a column of the table of tasks and protocols.
type ranked struct {
	task     string
	protocol record.Protocol
	values   []float64 // by encoder, NaN where it was not measured
}

func judgeProtocols(p Plan, r Records) (estimates []Estimate, err error) {
	columns := p.columns(r)
	if len(columns) == 0 {
		return nil, nil
	}
	reference := columns[0]
	for _, c := range columns[1:] {
		a, b := both(reference.values, c.values)
		if len(a) < 3 {
			continue
		}
		tau, err := statistics.KendallTau(a, b)
		if err != nil {
			continue // all equal: no ranking
		}
		e := Estimate{Factor: fmt.Sprintf("agreement with %s of %s", reference.protocol, reference.task), Task: c.task,
			Protocol: c.protocol, Mean: tau, Low: math.NaN(), High: math.NaN(), Seeds: len(p.Seeds), Unit: "tau"}
		if e.Low, e.High, err = statistics.KendallInterval(a, b, Level, resamples, resamplesSeed); err != nil {
			return nil, err
		}
		switch {
		case len(a) < minEncoders:
			e.Verdict = statistics.NotSettled
		case e.High < agreement:
			e.Verdict = statistics.Debunked
		case e.Low > agreement:
			e.Verdict = statistics.Upheld
		default:
			e.Verdict = statistics.NotSettled
		}
		estimates = append(estimates, e)
	}
	slices.SortStableFunc(estimates, func(a, b Estimate) int { return int(math.Copysign(1, a.Mean-b.Mean)) })
	if n := len(estimates); n > 0 { // the median decides, so it goes first
		median := estimates[n/2]
		estimates = append([]Estimate{median}, slices.Delete(estimates, n/2, n/2+1)...)
	}
	return estimates, nil
}

// columns returns the means over seeds of the accuracies of the arms, one column for each task and protocol on test, the
// deciding one first.
func (p Plan) columns(r Records) (columns []ranked) {
	byColumn := map[cell][]float64{}
	var order []cell
	seen := map[string]bool{}
	for i, arm := range p.Arms {
		if first, ok := p.record(r, arm, p.Seeds[0]); ok && seen[first.Key] {
			continue // one encoder, under the names of two claims
		} else if ok {
			seen[first.Key] = true
		}
		sums, counts := map[cell]float64{}, map[cell]float64{}
		for _, seed := range p.Seeds {
			for _, result := range p.testResults(r, arm, seed) {
				key := cell{result.Task, result.Protocol}
				sums[key] += result.Value
				counts[key]++
			}
		}
		for _, key := range slices.SortedFunc(maps.Keys(sums), cell.compare) {
			if byColumn[key] == nil {
				byColumn[key] = slices.Repeat([]float64{math.NaN()}, len(p.Arms))
				order = append(order, key)
			}
			if counts[key] == float64(len(p.Seeds)) {
				byColumn[key][i] = sums[key] / counts[key]
			}
		}
	}
	for _, key := range order {
		c := ranked{key.task, key.protocol, byColumn[key]}
		if p.decides(key.task, key.protocol) {
			columns = append([]ranked{c}, columns...)
		} else {
			columns = append(columns, c)
		}
	}
	if len(columns) > 0 && !p.decides(columns[0].task, columns[0].protocol) {
		return nil
	}
	return columns
}

// both returns the elements of a and b that neither lacks.
func both(a, b []float64) (x, y []float64) {
	for i := range a {
		if !math.IsNaN(a[i]) && !math.IsNaN(b[i]) {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	return x, y
}
