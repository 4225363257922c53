package experiments

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

// AccuracyAxis is the title of an axis of accuracies.
const AccuracyAxis = "accuracy on test (%)"

// Figure draws what the records say of a claim at a scale: of all its runs, or of those that were made so far. It is
// nil where they are too few to draw anything. It costs as much as [Judge].
func Figure(c Claim, s Scale, r Records) (*plots.Figure, error) {
	if c.Figure != nil {
		return c.Figure(c.Plan(s).Remembering(), r)
	}
	return drawDifferences(c, c.Plan(s).Remembering(), r)
}

// Accuracies are test accuracies in percent, one for each seed that was run, by arm or baseline, and by column.
type Accuracies map[string]map[Column][]float64

// Accuracies returns the accuracies of the arms and the baselines, and the columns that were measured, the one that
// decides first. There are no columns while that one is not measured.
func (p Plan) Accuracies(r Records) (all Accuracies, columns []Column) {
	// Baselines are measured with the runs of an arm, and have no seeds of their own.
	names := []string{record.ModelPixels, record.ModelUntrained}
	for _, arm := range p.Arms {
		names = append(names, arm.Name)
	}

	all = Accuracies{}
	for _, name := range names {
		all[name] = map[Column][]float64{}
		for _, seed := range p.Seeds {
			for _, x := range p.Results(r, name, seed) {
				at := columnOf(x)
				all[name][at] = append(all[name][at], 100*x.Value)
				if !slices.Contains(columns, at) {
					columns = append(columns, at)
				}
			}
		}
	}

	// The column that decides goes first: figures draw it alone, or begin with it.
	i := slices.IndexFunc(columns, func(at Column) bool { return p.Decides(at.Task, at.Protocol) })
	if i < 0 {
		return all, nil
	}
	first := columns[i]
	return all, slices.Insert(slices.Delete(columns, i, i+1), 0, first)
}

// Point returns the mean accuracy of an arm or a baseline in a column, as a point of a plot at x, with its interval
// over seeds where there are two or more. The mean is NaN where nothing was measured.
func (all Accuracies) Point(x float64, name string, at Column) plots.Point {
	return pointAt(x, all[name][at])
}

// Half returns half the width of the interval over seeds of an arm or a baseline in a column; NaN where there is none.
func (all Accuracies) Half(name string, at Column) float64 {
	values := all[name][at]
	if len(values) < 2 {
		return math.NaN()
	}
	i, err := statistics.Paired(values, Level)
	if err != nil {
		return math.NaN()
	}
	return i.High - i.Mean
}

// floorKinds are what the floors are drawn as.
var floorKinds = map[string]plots.Kind{record.ModelPixels: plots.Pixels, record.ModelUntrained: plots.Untrained}

// Floors returns the baselines that were measured, for plots that draw them as lines.
func (all Accuracies) Floors(at Column) (floors []plots.Floor) {
	for _, name := range []string{record.ModelPixels, record.ModelUntrained} {
		if values := all[name][at]; len(values) > 0 {
			floors = append(floors, plots.Floor{Name: name, Value: stat.Mean(values, nil), Kind: floorKinds[name]})
		}
	}
	return floors
}

// pointAt returns the mean of accuracies in percent with its interval over seeds, as far as there is one.
func pointAt(x float64, values []float64) plots.Point {
	none := math.NaN()
	switch len(values) {
	case 0:
		return plots.Point{X: x, Mean: none, Low: none, High: none}
	case 1:
		return plots.Point{X: x, Mean: values[0], Low: none, High: none}
	}
	i, err := statistics.Paired(values, Level)
	if err != nil {
		return plots.Point{X: x, Mean: none, Low: none, High: none}
	}
	return plots.Point{X: x, Mean: i.Mean, Low: max(0, i.Low), High: min(100, i.High)}
}

// Title says what a figure of one column is of.
func (p Plan) Title(at Column) string {
	return fmt.Sprintf("%s by %s, scale %s", at.Task, at.Protocol, p.Scale)
}

// drawDifferences draws the plan's comparisons on the task and by the protocol that decide. A comparison with a
// baseline has no verdict: it tells whether an arm learns, not what is believed.
func drawDifferences(c Claim, p Plan, r Records) (*plots.Figure, error) {
	all, err := estimates(c, p, r)
	if err != nil {
		return nil, err
	}

	// A comparison that was not measured yet keeps its line in the plot, without a point.
	var at Column
	known := 0
	f := plots.Forest{Margin: p.Margin,
		Verdicts: texts(statistics.Equivalent, statistics.Upheld, statistics.NotSettled, statistics.Reversed,
			statistics.Debunked)}
	for _, comparison := range p.Comparisons {
		d := plots.Difference{Label: comparison.Factor, Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
		for _, e := range all {
			if e.Factor == comparison.Factor && p.Decides(e.Task, e.Protocol) {
				d.Mean, d.Low, d.High, d.Verdict = e.Mean, e.Low, e.High, string(e.Verdict)
				at = Column{e.Task, e.Protocol}
				known++
			}
		}
		f.Differences = append(f.Differences, d)
	}
	if known == 0 {
		return nil, nil
	}
	f.Title = p.Title(at)
	return f.Figure()
}

// texts returns verdicts as a plot takes them.
func texts(verdicts ...statistics.Verdict) (text []string) {
	for _, v := range verdicts {
		text = append(text, string(v))
	}
	return text
}
