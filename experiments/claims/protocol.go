package claims

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/plots"
)

// protocols is misconception 3.3 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var protocols = experiments.Claim{
	ID:     "protocol",
	Belief: "One linear probe on one data set ranks methods.",
	Prediction: "The ranking of encoders by one protocol on the data that they were trained on is that of every " +
		"other task and protocol: Kendall's tau is 0.8 or more.",
	Decision: "Kendall's tau between the ranking of the encoders of the other claims (means over seeds) by the first " +
		"protocol on the first task and that by each other task and protocol; the median over other tasks decides. " +
		"Debunked where the interval, a bootstrap over encoders, lies below 0.8; upheld where it lies above. Fewer " +
		"than 8 encoders settle nothing.",
	Limits: []string{
		"At the cpu scale the reference is kNN, but the belief is about the linear probe; with the linear probe as " +
			"the reference, the same records settle nothing.",
		"The same task and protocol, measured with other seeds, agree with themselves by less than 0.8 too, so the " +
			"threshold leans towards a verdict against the belief.",
		"The interval is that of the column that happens to be the median, not of the median.",
		"Four of the ranked encoders come from the arms for which the verdict of `negatives` is withdrawn.",
	},
	Plan:   planProtocols,
	Judge:  judgeProtocols,
	Figure: drawAgreement,
}

// agreement is the tau at which two rankings are said to be the same.
const agreement = 0.8

// minEncoders is the number of encoders from which rankings give a verdict. The bootstrap resamples encoders: of few
// that two protocols put in one order, every resample agrees too, and the interval has no width.
const minEncoders = 8

const (
	resamples     = 2000
	resamplesSeed = 0
)

// planProtocols has the arms of the other claims: their encoders are ranked. At smoke it has a few of them.
func planProtocols(s experiments.Scale) experiments.Plan {
	// The first arm of negatives is one of augmentation, too.
	arms := slices.Concat(planAugmentation(s).Arms, planNegatives(s).Arms[1:])
	if s != experiments.Smoke {
		arms = slices.Concat(arms, planMinibatch(s).Arms, planCost(s).Arms)
	}
	p := experiments.NewPlan(s, arms)
	p.Margin = agreement
	return p
}

// ranking has the mean accuracy of each encoder on a task by a protocol.
type ranking struct {
	experiments.Column
	values []float64 // by arm, NaN where it was not measured
}

func judgeProtocols(p experiments.Plan, r experiments.Records) (estimates []experiments.Estimate, err error) {
	rankings := rankingsOf(p, r)
	if len(rankings) == 0 {
		return nil, nil
	}

	// The ranking that decides against each of the others.
	reference := rankings[0]
	for _, other := range rankings[1:] {
		e, ok, err := agreementOf(reference, other)
		if err != nil {
			return nil, err
		}
		if ok {
			e.Seeds = len(p.Seeds)
			estimates = append(estimates, e)
		}
	}

	// The median decides.
	slices.SortStableFunc(estimates, func(a, b experiments.Estimate) int { return cmp.Compare(a.Mean, b.Mean) })
	if n := len(estimates); n > 0 {
		estimates[n/2].Decides = true
	}
	return estimates, nil
}

// agreementOf returns Kendall's tau between two rankings. It is not ok where there are too few encoders, or where all
// are equal, for a ranking.
func agreementOf(reference, other ranking) (e experiments.Estimate, ok bool, err error) {
	a, b := both(reference.values, other.values)
	if len(a) < 3 {
		return e, false, nil
	}
	tau, err := statistics.KendallTau(a, b)
	if err != nil {
		return e, false, nil
	}
	e = experiments.Estimate{Factor: fmt.Sprintf("agreement with %s of %s", reference.Protocol, reference.Task),
		Task: other.Task, Protocol: other.Protocol, Mean: tau, Unit: "tau", Verdict: statistics.NotSettled}
	if e.Low, e.High, err = statistics.KendallInterval(a, b, experiments.Level, resamples, resamplesSeed); err != nil {
		return e, false, err
	}

	// A tau has a threshold, not a margin on two sides.
	switch {
	case len(a) < minEncoders:
	case e.High < agreement:
		e.Verdict = statistics.Debunked
	case e.Low > agreement:
		e.Verdict = statistics.Upheld
	}
	return e, true, nil
}

// rankingsOf returns the means over seeds of the accuracies of the arms, one ranking for each task and protocol on
// test, the deciding one first. It is empty while that one is not measured.
func rankingsOf(p experiments.Plan, r experiments.Records) (rankings []ranking) {
	values := map[experiments.Column][]float64{}
	var order []experiments.Column
	seen := map[string]bool{}
	for i, arm := range p.Arms {
		// One encoder may stand under the names of two claims: it counts once.
		first, ok := p.Record(r, arm, p.Seeds[0])
		if ok && seen[first.Key] {
			continue
		}
		seen[first.Key] = ok

		sums, counts := map[experiments.Column]float64{}, map[experiments.Column]int{}
		for _, seed := range p.Seeds {
			for _, x := range p.Results(r, arm.Name, seed) {
				at := experiments.Column{Task: x.Task, Protocol: x.Protocol}
				sums[at] += x.Value
				counts[at]++
			}
		}
		for _, at := range slices.SortedFunc(maps.Keys(sums), experiments.Column.Compare) {
			if values[at] == nil {
				values[at] = slices.Repeat([]float64{math.NaN()}, len(p.Arms))
				order = append(order, at)
			}
			if counts[at] == len(p.Seeds) {
				values[at][i] = sums[at] / float64(counts[at])
			}
		}
	}

	// The one that decides goes first.
	decides := func(at experiments.Column) bool { return p.Decides(at.Task, at.Protocol) }
	for _, at := range order {
		if x := (ranking{at, values[at]}); decides(at) {
			rankings = slices.Insert(rankings, 0, x)
		} else {
			rankings = append(rankings, x)
		}
	}
	if len(rankings) > 0 && !decides(rankings[0].Column) {
		return nil
	}
	return rankings
}

// both returns the elements that are known in a and in b.
func both(a, b []float64) (x, y []float64) {
	for i := range a {
		if !math.IsNaN(a[i]) && !math.IsNaN(b[i]) {
			x, y = append(x, a[i]), append(y, b[i])
		}
	}
	return x, y
}

// drawAgreement draws Kendall's tau between the rankings by each two of the tasks and protocols.
func drawAgreement(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	rankings := rankingsOf(p, r)
	encoders := 0
	m := plots.HeatMap{Unit: "Kendall's tau between two rankings", Diverging: true}
	for _, a := range rankings {
		name := a.Task + ", " + a.Protocol.Name()
		m.Rows, m.Columns = append(m.Rows, name), append(m.Columns, name)

		var taus []float64
		for _, b := range rankings {
			x, y := both(a.values, b.values)
			encoders = max(encoders, len(x))
			tau, err := statistics.KendallTau(x, y)
			if err != nil || len(x) < 3 {
				tau = math.NaN() // no ranking
			}
			taus = append(taus, tau)
		}
		m.Values = append(m.Values, taus)
	}

	if encoders < 3 || len(rankings) < 2 {
		return nil, nil
	}
	m.Title = fmt.Sprintf("agreement of rankings of %d encoders, scale %s", encoders, p.Scale)
	return m.Figure()
}
