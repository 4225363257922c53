package experiments

import (
	"cmp"
	"slices"

	"github.com/sslx-go/lab/plots"
)

// BudgetFigure draws the differences that decide claims at a scale against the epochs of training, a line for each that
// was measured with two numbers of epochs or more. It is nil where there is none, and costs as much as [Judge] for
// each claim.
func BudgetFigure(claims []Claim, s Scale, r Records) (*plots.Figure, error) {
	plot := plots.SeriesPlot{Title: "What decides, after more training", X: "epochs", Y: "difference (points)",
		Log2: true}
	for _, c := range claims {
		p := c.Plan(s).Remembering()
		o, err := Judge(c, s, r)
		if err != nil {
			return nil, err
		}
		for _, main := range p.deciding() {
			if line := p.againstEpochs(r, o, main); len(line) > 1 {
				plot.Series = append(plot.Series, plots.Series{Name: c.ID + ": " + main.Factor, Points: line})
			}
		}
	}
	if len(plot.Series) == 0 {
		return nil, nil
	}
	return plot.Figure()
}

// againstEpochs returns the estimates of a comparison and of those that repeat it with more training, on what decides.
func (p Plan) againstEpochs(r Records, o Outcome, main Comparison) (line []plots.Point) {
	for _, c := range p.Comparisons {
		if c.Factor != main.Factor && c.Longer != main.Factor {
			continue
		}
		i := slices.IndexFunc(o.Estimates, func(e Estimate) bool {
			return e.Factor == c.Factor && p.Decides(e.Task, e.Protocol)
		})
		if i < 0 {
			continue
		}
		e := o.Estimates[i]
		line = append(line, plots.Point{X: float64(p.Setting(r, p.arm(c.A)).Epochs), Mean: e.Mean, Low: e.Low,
			High: e.High})
	}
	slices.SortFunc(line, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	return line
}
