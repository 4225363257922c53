package claims

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/evaluate"
)

// protocols is misconception 3.3 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var protocols = experiments.Claim{
	ID:     "protocol",
	Belief: "One linear probe on one data set ranks methods.",
	Prediction: "The ranking of encoders by one protocol on the data that they were trained on is that of every " +
		"other task and protocol, as far as the noise of the seeds allows: their relative agreement is 0.8 or more.",
	Decision: "Kendall's tau between two rankings of the encoders of the other claims: by the reference on the " +
		"first task, and by another task or protocol, each over other seeds. It is divided by the tau that " +
		"the two rankings have with themselves over other seeds (their geometric mean), so that 1 is as alike " +
		"as noise allows. The median over all other tasks and protocols decides, once with the linear probe " +
		"as the reference, which the belief names, and once with kNN. Debunked where the intervals of both, a " +
		"bootstrap over encoders, lie below 0.8; upheld where both lie above. Fewer than 8 encoders settle " +
		"nothing. Encoders that are decided by their construction are left out.",
	Limits: []string{
		"The encoders differ by what they were taught to forget: views, negatives, batch and resolution. Methods " +
			"that are trained alike may be ranked more alike.",
		"The bootstrap draws from few encoders, and its intervals cover less than 95 %.",
	},
	Plan:   planProtocols,
	Judge:  judgeProtocols,
	Figure: drawAgreement,
}

// agreement is the relative agreement at which two rankings are said to be the same.
const agreement = 0.8

// minEncoders is the number of encoders from which rankings give a verdict. The bootstrap resamples encoders: of few
// that two protocols put in one order, every resample agrees too, and the interval has no width.
const minEncoders = 8

const (
	resamples     = 1000
	resamplesSeed = 0
)

// planProtocols has the arms of the other claims: their encoders are ranked. At smoke it has a few of them.
func planProtocols(s experiments.Scale) experiments.Plan {
	arms := slices.Concat(planAugmentation(s).Arms, planNegatives(s).Arms)
	if s != experiments.Smoke {
		arms = slices.Concat(arms, planMinibatch(s).Arms, planCost(s).Arms)
	}
	p := experiments.NewPlan(s, arms)
	p.Margin = agreement
	return p
}

// scores has the accuracies of encoders on a task by a protocol.
type scores struct {
	experiments.Column
	bySeed [][]float64 // of each arm, in the order of the plan's seeds; nil where not all of them are measured

	// halves are the rankings of chosen arms by both halves of the seeds, in each way to halve them.
	halves [][2]statistics.Ranking
}

// known reports whether an arm is measured with all seeds.
func (s scores) known(arm int) bool { return s.bySeed[arm] != nil }

// mean returns the mean accuracy of an arm over the seeds.
func (s scores) mean(arm int) float64 { return stat.Mean(s.bySeed[arm], nil) }

// judgeProtocols returns, for each reference, the median of its relative agreement with every other task and protocol,
// which decides, and those agreements.
func judgeProtocols(p experiments.Plan, r experiments.Records) (estimates []experiments.Estimate, err error) {
	all := common(scoresOf(p, r))
	for _, protocol := range []string{evaluate.ProtocolLinear, evaluate.ProtocolKNN} {
		reference := slices.IndexFunc(all, func(s scores) bool {
			return s.Protocol.Name() == protocol && p.DecidesTask(s.Task)
		})
		if reference < 0 {
			continue
		}
		found, err := agreements(p, all[reference], slices.Delete(slices.Clone(all), reference, reference+1))
		if err != nil {
			return nil, err
		}
		estimates = append(estimates, found...)
	}
	return estimates, nil
}

// agreements returns the median of the relative agreements of a reference with other rankings, and each of them.
func agreements(p experiments.Plan, reference scores, others []scores) (estimates []experiments.Estimate, err error) {
	// The encoders that every ranking has: the median is then of one set of encoders.
	var arms []int
	for arm := range reference.bySeed {
		if reference.known(arm) && !slices.ContainsFunc(others, func(o scores) bool { return !o.known(arm) }) {
			arms = append(arms, arm)
		}
	}
	if len(arms) < 3 || len(others) == 0 || len(p.Seeds) < 2 {
		return nil, nil
	}
	reference = reference.ranked(arms)
	items := upTo(len(arms))
	for i, other := range others {
		others[i] = other.ranked(arms)
	}
	found := relatives(reference, others, items)
	if math.IsNaN(median(found)) {
		return nil, nil // all encoders are equal
	}

	// One bootstrap gives the intervals of the median and of each agreement.
	draws := make([][]float64, len(others)) // of each other ranking
	low, high, err := statistics.Bootstrap(len(arms), experiments.Level, resamples, resamplesSeed,
		func(items []int) float64 {
			drawn := relatives(reference, others, items)
			for i, v := range drawn {
				draws[i] = append(draws[i], v)
			}
			return median(drawn)
		})
	if err != nil {
		return nil, err
	}

	add := func(at experiments.Column, mean, low, high float64) {
		estimates = append(estimates, experiments.Estimate{
			Factor: fmt.Sprintf("agreement with %s of %s", reference.Protocol, reference.Task), Task: at.Task,
			Protocol: at.Protocol, Mean: mean, Low: low, High: high, Unit: "tau", Seeds: len(p.Seeds),
			Verdict: verdictOf(low, high, len(arms))})
	}
	whole := experiments.Column{Task: fmt.Sprintf("median of %d other tasks and protocols", len(others))}
	add(whole, median(found), low, high)
	estimates[0].Decides = true
	for i, other := range others {
		if !math.IsNaN(found[i]) {
			drawn := defined(draws[i])
			add(other.Column, found[i], stat.Quantile((1-experiments.Level)/2, stat.Empirical, drawn, nil),
				stat.Quantile((1+experiments.Level)/2, stat.Empirical, drawn, nil))
		}
	}
	slices.SortStableFunc(estimates[1:], func(a, b experiments.Estimate) int { return cmp.Compare(a.Mean, b.Mean) })
	return estimates, nil
}

// verdictOf returns what an interval says: an agreement has a threshold, not a margin on two sides.
func verdictOf(low, high float64, encoders int) statistics.Verdict {
	switch {
	case encoders < minEncoders:
	case high < agreement:
		return statistics.Debunked
	case low > agreement:
		return statistics.Upheld
	}
	return statistics.NotSettled
}

// median returns the median of the values that are defined, NaN for none.
func median(values []float64) float64 {
	values = defined(values)
	if len(values) == 0 {
		return math.NaN()
	}
	return stat.Quantile(0.5, stat.Empirical, values, nil)
}

// defined returns the values that are not NaN, sorted.
func defined(values []float64) []float64 {
	return slices.Sorted(func(yield func(float64) bool) {
		for _, v := range values {
			if !math.IsNaN(v) && !yield(v) {
				return
			}
		}
	})
}

// ranked returns the scores with the rankings of some arms by halves of the seeds: in a circle, half of the seeds that
// follow one, and as many that follow these; so there are as many ways to halve them as there are seeds.
func (s scores) ranked(arms []int) scores {
	s.halves = nil
	seeds := len(s.bySeed[arms[0]])
	for first := range seeds {
		var both [2]statistics.Ranking
		for half := range both {
			means := make([]float64, len(arms))
			for i, arm := range arms {
				for k := range seeds / 2 {
					means[i] += s.bySeed[arm][(first+half*(seeds/2)+k)%seeds]
				}
			}
			both[half] = statistics.Rank(means)
		}
		s.halves = append(s.halves, both)
	}
	return s
}

// relatives returns how alike a reference and each of others rank items, relative to how alike each ranks them with
// other seeds: the tau of the two over the geometric mean of the taus that they have with themselves. Each tau is of
// two rankings over disjoint seeds, so that no noise is in both. It is NaN where one is not defined, or where a ranking
// does not agree with itself at all.
func relatives(reference scores, others []scores, items []int) []float64 {
	found := make([]float64, len(others))
	own := acrossSeeds(reference, reference, items)
	for i, other := range others {
		found[i] = math.NaN()
		if noise := own * acrossSeeds(other, other, items); noise > 0 {
			between := acrossSeeds(reference, other, items) + acrossSeeds(other, reference, items)
			found[i] = between / 2 / math.Sqrt(noise)
		}
	}
	return found
}

// acrossSeeds returns the tau between the ranking by a over one half of the seeds and that by b over the other, as a
// mean over the ways to halve them.
func acrossSeeds(a, b scores, items []int) float64 {
	sum := 0.0
	for i := range a.halves {
		sum += a.halves[i][0].Tau(b.halves[i][1], items)
	}
	return sum / float64(len(a.halves))
}

// common returns the scores of at least half as many encoders as the scores of most encoders. Where the definition of a
// protocol changed, a few encoders have been measured by the new one.
func common(all []scores) []scores {
	count := func(s scores) (n int) {
		for arm := range s.bySeed {
			if s.known(arm) {
				n++
			}
		}
		return n
	}

	most := 0
	for _, s := range all {
		most = max(most, count(s))
	}
	return slices.DeleteFunc(all, func(s scores) bool { return 2*count(s) < most })
}

// scoresOf returns the accuracies of the arms on test, one for each task and protocol in the order in which they were
// measured. An encoder that stands under the names of two claims counts once, and one that is decided by its
// construction does not count.
func scoresOf(p experiments.Plan, r experiments.Records) (all []scores) {
	index := map[experiments.Column]int{}
	seen := map[string]bool{}
	construction := p.ByConstruction(r)
	for i, arm := range p.Arms {
		first, ok := p.Record(r, arm, p.Seeds[0])
		if ok && seen[first.Key] || slices.Contains(construction, arm.Name) {
			continue
		}
		seen[first.Key] = ok

		values := map[experiments.Column][]float64{}
		for _, seed := range p.Seeds {
			for _, x := range p.Results(r, arm.Name, seed) {
				at := experiments.Column{Task: x.Task, Protocol: x.Protocol}
				values[at] = append(values[at], x.Value)
			}
		}
		for _, at := range slices.SortedFunc(maps.Keys(values), experiments.Column.Compare) {
			if _, ok := index[at]; !ok {
				index[at] = len(all)
				all = append(all, scores{Column: at, bySeed: make([][]float64, len(p.Arms))})
			}
			if len(values[at]) == len(p.Seeds) {
				all[index[at]].bySeed[i] = values[at]
			}
		}
	}
	return all
}

// drawAgreement draws Kendall's tau between the rankings by each two of the tasks and protocols, over all seeds.
func drawAgreement(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	all := common(scoresOf(p, r))
	encoders := 0
	m := plots.HeatMap{Unit: "Kendall's tau between two rankings", Diverging: true}
	for _, a := range all {
		name := a.Task + ", " + a.Protocol.Name()
		m.Rows, m.Columns = append(m.Rows, name), append(m.Columns, name)

		var taus []float64
		for _, b := range all {
			var x, y []float64
			for arm := range p.Arms {
				if a.known(arm) && b.known(arm) {
					x, y = append(x, a.mean(arm)), append(y, b.mean(arm))
				}
			}
			encoders = max(encoders, len(x))
			tau, err := statistics.KendallTau(x, y)
			if err != nil || len(x) < 3 {
				tau = math.NaN() // no ranking
			}
			taus = append(taus, tau)
		}
		m.Values = append(m.Values, taus)
	}

	if encoders < 3 || len(all) < 2 {
		return nil, nil
	}
	m.Title = fmt.Sprintf("agreement of rankings of %d encoders, scale %s", encoders, p.Scale)
	return m.Figure()
}
