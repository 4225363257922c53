package experiments

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
)

// Figure draws what the records say of a claim at a scale: of all its runs, or of those that were made so far. It is nil
// where they are too few to draw anything. The cost is that of a Judge.
func Figure(c Claim, s Scale, r Records) (*plots.Figure, error) {
	p := c.Plan(s)
	switch c.ID {
	case minibatch.ID:
		return p.drawBatches(r)
	case augmentation.ID:
		return p.drawTasks(r)
	case protocols.ID:
		return p.drawAgreement(r)
	case cost.ID:
		return p.drawCost(r)
	}
	return drawDifferences(c, p, r)
}

// readings are test accuracies in percent, one a seed that was run, by arm (or floor), task and protocol.
type readings map[string]map[cell][]float64

// readings returns the accuracies of the arms and the floors, and what was measured, the deciding task and protocol
// first; nothing where these were not measured.
func (p Plan) readings(r Records) (all readings, cells []cell) {
	all = readings{}
	names := []string{FloorPixels, FloorUntrained}
	for _, arm := range p.Arms {
		names = append(names, arm.Name)
	}
	for _, name := range names {
		all[name] = map[cell][]float64{}
		for _, seed := range p.Seeds {
			for _, x := range p.side(r, name, seed) {
				at := cell{x.Task, x.Protocol.WithoutLayer()}
				all[name][at] = append(all[name][at], 100*x.Value)
				if !slices.Contains(cells, at) {
					cells = append(cells, at)
				}
			}
		}
	}
	i := slices.IndexFunc(cells, func(at cell) bool { return p.decides(at.task, at.protocol) })
	if i < 0 {
		return all, nil
	}
	first := cells[i]
	return all, slices.Insert(slices.Delete(cells, i, i+1), 0, first)
}

// title says what a figure of one task and protocol is of.
func (p Plan) title(at cell) string {
	return fmt.Sprintf("%s by %s, scale %s", at.task, at.protocol, p.Scale)
}

const accuracyAxis = "accuracy on test (%)"

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

// floors returns the accuracies of the floors that were measured.
func (all readings) floors(at cell) (floors []plots.Floor) {
	for _, name := range []string{FloorPixels, FloorUntrained} {
		if values := all[name][at]; len(values) > 0 {
			floors = append(floors, plots.Floor{Name: name, Value: stat.Mean(values, nil)})
		}
	}
	return floors
}

// setting returns the configuration of an arm, or what is known of it before its hyper-parameters are settled.
func (p Plan) setting(r Records, arm Arm) sslx.Config {
	if c, ok, err := p.chosen(r, arm, r.fingerprint); ok && err == nil {
		return c
	}
	if arm.After == "" {
		return arm.Candidates[0].Config
	}
	return arm.From(p.setting(r, p.arm(arm.After)))
}

// arm returns the arm of a name.
func (p Plan) arm(name string) Arm {
	return p.Arms[slices.IndexFunc(p.Arms, func(a Arm) bool { return a.Name == name })]
}

// drawBatches draws accuracy against the batch size, a line for each method tuned and untuned.
func (p Plan) drawBatches(r Records) (*plots.Figure, error) {
	all, cells := p.readings(r)
	if len(cells) == 0 {
		return nil, nil
	}
	plot := plots.SeriesPlot{Title: p.title(cells[0]), X: "batch size", Y: accuracyAxis, Log2: true, Floors: all.floors(cells[0])}
	point := func(arm Arm) plots.Point {
		return pointAt(float64(p.setting(r, arm).Batch), all[arm.Name][cells[0]])
	}
	add := func(name string, points ...plots.Point) {
		i := slices.IndexFunc(plot.Series, func(s plots.Series) bool { return s.Name == name })
		if i < 0 {
			plot.Series, i = append(plot.Series, plots.Series{Name: name}), len(plot.Series)
		}
		for _, one := range points {
			if !slices.ContainsFunc(plot.Series[i].Points, func(o plots.Point) bool { return o.X == one.X }) {
				plot.Series[i].Points = append(plot.Series[i].Points, one)
			}
		}
	}
	for _, arm := range p.Arms {
		method := p.setting(r, arm).Objective.Name
		if arm.After == "" {
			add(method+", tuned", point(arm))
		} else { // the line ends at the arm whose setting it keeps
			add(method+", untuned", point(p.arm(arm.After)), point(arm))
		}
	}
	for _, s := range plot.Series {
		slices.SortFunc(s.Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	}
	return plotted(plot)
}

// plotted draws a plot, unless no point of it was measured.
func plotted(plot plots.SeriesPlot) (*plots.Figure, error) {
	for _, s := range plot.Series {
		if slices.ContainsFunc(s.Points, func(p plots.Point) bool { return !math.IsNaN(p.Mean) }) {
			return plot.Figure()
		}
	}
	return nil, nil
}

// drawTasks draws the accuracy of every arm on every task by the protocol that decides.
func (p Plan) drawTasks(r Records) (*plots.Figure, error) {
	all, cells := p.readings(r)
	if len(cells) == 0 {
		return nil, nil
	}
	m := plots.HeatMap{Title: "by " + cells[0].protocol.String() + ", scale " + string(p.Scale), Unit: accuracyAxis, PerRow: true}
	for _, arm := range p.Arms {
		m.Columns = append(m.Columns, strings.ReplaceAll(strings.Replace(arm.Name, " ", ": ", 1), "+", " + "))
	}
	for _, at := range cells {
		if at.protocol != cells[0].protocol {
			continue
		}
		var values, halves []float64
		for _, arm := range p.Arms {
			values = append(values, pointAt(0, all[arm.Name][at]).Mean)
			halves = append(halves, halfOf(all[arm.Name][at]))
		}
		floor := pointAt(0, all[FloorUntrained][at]).Mean
		m.Rows, m.Values = append(m.Rows, at.task), append(m.Values, values)
		m.Halves, m.Floors = append(m.Halves, halves), append(m.Floors, floor)
	}
	return m.Figure()
}

// halfOf returns half the width of the interval of a mean over seeds; NaN where there is none.
func halfOf(values []float64) float64 {
	if len(values) < 2 {
		return math.NaN()
	}
	i, err := statistics.Paired(values, Level)
	if err != nil {
		return math.NaN()
	}
	return i.High - i.Mean
}

// drawAgreement draws Kendall's tau between the rankings by each two of the tasks and protocols.
func (p Plan) drawAgreement(r Records) (*plots.Figure, error) {
	columns := p.columns(r)
	encoders := 0
	m := plots.HeatMap{Unit: "Kendall's tau between two rankings", Diverging: true}
	for _, a := range columns {
		name := a.task + ", " + a.protocol.Name()
		m.Rows, m.Columns = append(m.Rows, name), append(m.Columns, name)
		var taus []float64
		for _, b := range columns {
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
	if encoders < 3 || len(columns) < 2 {
		return nil, nil
	}
	m.Title = fmt.Sprintf("agreement of rankings of %d encoders, scale %s", encoders, p.Scale)
	return m.Figure()
}

// drawDifferences draws the plan's comparisons on the task and protocol that decide. One with a floor has no verdict:
// it says whether an arm learns, not what is believed.
func drawDifferences(c Claim, p Plan, r Records) (*plots.Figure, error) {
	o, err := Judge(c, p.Scale, r)
	if err != nil {
		return nil, err
	}
	var at cell
	f := plots.Forest{Margin: p.Margin}
	known := 0
	for _, comparison := range p.Comparisons {
		d := plots.Difference{Label: comparison.Factor, Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
		for _, e := range o.Estimates {
			if e.Factor == comparison.Factor && p.decides(e.Task, e.Protocol) {
				d.Mean, d.Low, d.High, d.Verdict = e.Mean, e.Low, e.High, string(e.Verdict)
				at = cell{e.Task, e.Protocol}
				known++
			}
		}
		f.Differences = append(f.Differences, d)
	}
	if known == 0 {
		return nil, nil
	}
	f.Title = p.title(at)
	return f.Figure()
}

// drawCost draws accuracy against the time of training, a point for each arm. Accuracies are of all seeds, times of those
// whose runs can be compared.
func (p Plan) drawCost(r Records) (*plots.Figure, error) {
	all, cells := p.readings(r)
	seeds := p.timed(r)
	if len(cells) == 0 || len(seeds) == 0 {
		return nil, nil
	}
	plot := plots.SeriesPlot{Title: p.title(cells[0]), X: fmt.Sprintf("training (s), mean over %d seeds", len(seeds)), Y: accuracyAxis,
		Floors: all.floors(cells[0])}
	for _, arm := range p.Arms {
		var seconds []float64
		for _, seed := range seeds {
			known, _ := p.record(r, arm, seed)
			seconds = append(seconds, known.Seconds)
		}
		plot.Series = append(plot.Series, plots.Series{Name: arm.Name,
			Points: []plots.Point{pointAt(stat.Mean(seconds, nil), all[arm.Name][cells[0]])}})
	}
	return plotted(plot)
}

// timed returns the seeds with which every arm was run from one revision of the code.
func (p Plan) timed(r Records) (seeds []uint64) {
	for _, seed := range p.Seeds {
		first, ok := p.record(r, p.Arms[0], seed)
		for _, arm := range p.Arms[1:] {
			other, made := p.record(r, arm, seed)
			ok = ok && made && other.Environment.Revision == first.Environment.Revision
		}
		if ok {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}
