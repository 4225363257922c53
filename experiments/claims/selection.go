package claims

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// Selection is how well criteria choose among encoders: how they rank them, and what is lost by following them.
type Selection struct {
	Encoders, Runs int // measured without labels; an encoder has a run for each seed

	// Columns are the tasks and protocols, on test, that all of these runs are measured by.
	Columns []experiments.Column

	// Criteria are the measures without labels and then, for comparison, [LabeledKNN].
	Criteria []Criterion

	// Random is the mean regret over columns of an encoder that is drawn at random; see [Prediction].
	Random float64
}

// Criterion is a number that one can choose encoders by.
type Criterion struct {
	// Name is a metric, such as [record.MetricRankMe], or [LabeledKNN].
	Name string

	// Encoders counts those that have the number: alpha-ReQ is not defined for features of few directions.
	Encoders int

	// Mean has the means over columns, and the interval of the mean tau.
	Mean Prediction

	// Columns has a prediction for each column of the selection.
	Columns []Prediction
}

// Prediction is how well a criterion predicts accuracies. A number that is not defined is NaN.
type Prediction struct {
	// Tau is Kendall's tau-b of criterion and accuracy over encoders, both means over seeds: 1 where the criterion
	// ranks the encoders as the accuracy does. Low and High are its bootstrap interval over encoders, of 8 or more.
	Tau, Low, High float64

	// Runs is the tau over all runs. It has no interval: the runs of an encoder are no independent sample.
	Runs float64

	// Regret is the accuracy of the best encoder minus that of the one that the criterion chooses, in points.
	Regret float64
}

// LabeledKNN is the criterion that needs labels: the accuracy by kNN on the task that decides.
const LabeledKNN = "kNN with labels"

// unlabeled are the criteria that need no labels.
var unlabeled = []string{record.MetricRankMe, record.MetricAlphaReQ, record.MetricLiDAR, record.MetricAlignment,
	record.MetricUniformity, record.MetricStd}

// turned returns the value of a measure without labels such that higher is better, and says where it is best: alpha-ReQ
// near 1 (Agrawal et al. 2022, https://arxiv.org/abs/2202.05808), the others at one end.
func turned(metric string, value float64) (better float64, best string) {
	if metric == record.MetricAlphaReQ {
		return -math.Abs(value - 1), "nearest to 1"
	}
	if m, err := experiments.MeasureNamed(metric); err == nil && m.Lowest {
		return -value, "lowest"
	}
	return value, "highest"
}

// Label names the criterion, and says which value of it is chosen.
func (c Criterion) Label() string {
	if c.Name == LabeledKNN {
		return c.Name
	}
	_, best := turned(c.Name, 0)
	return c.Name + ", " + best
}

// Select returns how well measures without labels choose among the arms of a plan, from those final runs that are
// measured by [evaluate.ProtocolLabelFree]. While there are none, the selection has no encoders.
func Select(p experiments.Plan, r experiments.Records) (s Selection, err error) {
	encoders, runs := pointsOf(p.Remembering(), r)
	s.Encoders, s.Runs, s.Columns = len(encoders), len(runs), sharedColumns(runs)
	if len(s.Columns) == 0 {
		return s, nil
	}

	for _, name := range append(slices.Clone(unlabeled), LabeledKNN) {
		c, err := criterion(name, p, s.Columns, encoders, runs)
		if err != nil {
			return s, err
		}
		s.Criteria = append(s.Criteria, c)
	}
	for _, at := range s.Columns {
		accuracies := values(encoders, accuracy(at))
		s.Random += (floats.Max(accuracies) - stat.Mean(accuracies, nil)) / float64(len(s.Columns))
	}
	return s, nil
}

// point is an encoder with what it is chosen by and what is predicted: a run, or the mean of an arm's runs.
type point struct {
	criteria   map[string]float64             // by name; higher is better
	accuracies map[experiments.Column]float64 // in points
}

// pointsOf returns the arms of a plan and their final runs, as far as they are measured without labels. Two arms of one
// setting are one encoder.
func pointsOf(p experiments.Plan, r experiments.Records) (encoders, runs []point) {
	seen := map[string]bool{}
	for _, arm := range p.Arms {
		first := len(runs)
		for _, seed := range p.Seeds {
			known, ok := p.Record(r, arm, seed)
			if !ok || seen[known.Key] {
				continue
			}
			seen[known.Key] = true
			if run, ok := pointOf(p, known); ok {
				runs = append(runs, run)
			}
		}

		if own := runs[first:]; len(own) > 0 {
			encoders = append(encoders, point{
				criteria:   means(own, func(run point) map[string]float64 { return run.criteria }),
				accuracies: means(own, func(run point) map[experiments.Column]float64 { return run.accuracies }),
			})
		}
	}
	return encoders, runs
}

// pointOf returns the numbers of a run. It is not ok without measures that need no labels.
func pointOf(p experiments.Plan, known experiments.Record) (run point, ok bool) {
	run = point{map[string]float64{}, map[experiments.Column]float64{}}
	method := objective.NameOf(known.Config.Objective)

	// Measures without labels, on test images of the data that the encoder was trained on.
	for _, x := range known.Results {
		own := x.Model == method && x.Split == record.SplitTest && x.Task == known.Environment.Data
		if own && slices.Contains(unlabeled, x.Metric) {
			run.criteria[x.Metric], _ = turned(x.Metric, x.Value)
		}
	}
	if len(run.criteria) == 0 {
		return run, false
	}

	// Accuracies by the protocols of the plan.
	for _, x := range known.Accuracies(method) {
		if !slices.Contains(p.Protocols, x.Protocol.Name()) {
			continue
		}
		at := experiments.Column{Task: x.Task, Protocol: x.Protocol}
		run.accuracies[at] = 100 * x.Value
		if labeled(p, at) {
			run.criteria[LabeledKNN] = 100 * x.Value
		}
	}
	return run, true
}

// labeled reports whether a column is the one that [LabeledKNN] is.
func labeled(p experiments.Plan, at experiments.Column) bool {
	return at.Protocol.Name() == evaluate.ProtocolKNN && p.DecidesTask(at.Task)
}

// means returns the mean of each number over the points that have it.
func means[K comparable](points []point, of func(point) map[K]float64) map[K]float64 {
	all := map[K][]float64{}
	for _, p := range points {
		for key, v := range of(p) {
			all[key] = append(all[key], v)
		}
	}
	mean := map[K]float64{}
	for key, list := range all {
		mean[key] = stat.Mean(list, nil)
	}
	return mean
}

// sharedColumns returns the columns that all runs are measured by.
func sharedColumns(runs []point) (columns []experiments.Column) {
	count := map[experiments.Column]int{}
	for _, run := range runs {
		for at := range run.accuracies {
			count[at]++
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(count), experiments.Column.Compare) {
		if count[at] == len(runs) {
			columns = append(columns, at)
		}
	}
	return columns
}

// values returns a number of each point.
func values(points []point, of func(point) float64) (list []float64) {
	for _, p := range points {
		list = append(list, of(p))
	}
	return list
}

// accuracy is the number of a column.
func accuracy(at experiments.Column) func(point) float64 {
	return func(p point) float64 { return p.accuracies[at] }
}

// criterion returns how well a criterion predicts the accuracies of encoders, and of runs, in each column.
func criterion(name string, p experiments.Plan, columns []experiments.Column, encoders, runs []point) (c Criterion,
	err error) {
	lacks := func(x point) bool { _, ok := x.criteria[name]; return !ok }
	score := func(x point) float64 { return x.criteria[name] }
	known, knownRuns := slices.DeleteFunc(slices.Clone(encoders), lacks), slices.DeleteFunc(slices.Clone(runs), lacks)
	c = Criterion{Name: name, Encoders: len(known)}
	own, ownRuns := statistics.Rank(values(known, score)), statistics.Rank(values(knownRuns, score))

	var rankings []statistics.Ranking
	var ofRuns, regrets []float64
	for _, at := range columns {
		// What predicts itself says nothing.
		if name == LabeledKNN && labeled(p, at) {
			c.Columns = append(c.Columns, Prediction{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()})
			continue
		}

		ranking := statistics.Rank(values(known, accuracy(at)))
		x, err := predict(own, []statistics.Ranking{ranking}, len(known))
		if err != nil {
			return c, err
		}
		x.Runs = ownRuns.Tau(statistics.Rank(values(knownRuns, accuracy(at))), upTo(len(knownRuns)))
		x.Regret = math.NaN()
		if len(known) > 0 {
			chosen := known[floats.MaxIdx(values(known, score))]
			x.Regret = floats.Max(values(encoders, accuracy(at))) - chosen.accuracies[at]
		}
		c.Columns = append(c.Columns, x)
		rankings, ofRuns, regrets = append(rankings, ranking), append(ofRuns, x.Runs), append(regrets, x.Regret)
	}

	// One bootstrap for all columns: they are of the same encoders.
	c.Mean, err = predict(own, rankings, len(known))
	c.Mean.Runs, c.Mean.Regret = stat.Mean(ofRuns, nil), stat.Mean(regrets, nil)
	return c, err
}

// predict returns the mean tau of a ranking of n encoders with others of the same encoders, and its interval where
// there are enough of them.
func predict(own statistics.Ranking, others []statistics.Ranking, n int) (x Prediction, err error) {
	tau := func(items []int) float64 {
		sum := 0.0
		for _, other := range others {
			sum += own.Tau(other, items)
		}
		return sum / float64(len(others))
	}
	x = Prediction{Tau: tau(upTo(n)), Low: math.NaN(), High: math.NaN()}
	if n >= minEncoders && !math.IsNaN(x.Tau) {
		x.Low, x.High, err = statistics.Bootstrap(n, experiments.Level, resamples, resamplesSeed, tau)
	}
	return x, err
}

// upTo returns the indices below n.
func upTo(n int) []int {
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	return items
}

// Figure draws the tau of each criterion in each column. It returns nil where there are fewer than three encoders.
func (s Selection) Figure() (*plots.Figure, error) {
	if s.Encoders < 3 || len(s.Columns) == 0 {
		return nil, nil
	}
	m := plots.HeatMap{Title: fmt.Sprintf("how criteria rank %d encoders", s.Encoders), Diverging: true,
		Unit: "Kendall's tau of criterion and accuracy"}
	for _, at := range s.Columns {
		m.Columns = append(m.Columns, at.Task+", "+at.Protocol.Name())
	}
	for _, c := range s.Criteria {
		m.Rows = append(m.Rows, c.Label())
		taus := make([]float64, len(c.Columns))
		for k, x := range c.Columns {
			taus[k] = x.Tau
		}
		m.Values = append(m.Values, taus)
	}
	return m.Figure()
}
