package pages

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/claims"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
)

// selection says how well measures without labels choose among the encoders of the claim negatives.
func (g generator) selection() (Block, error) {
	c, err := experiments.Named("negatives")
	if err != nil {
		return Block{}, err
	}
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}
	s, err := claims.Select(c.Plan(experiments.CPU), r)
	if err != nil || len(s.Criteria) == 0 {
		return Block{Text: "Not measured yet: the records have no measures without labels. The command under " +
			"[Repeat it](#repeat-it) takes them."}, err
	}

	figure, err := s.Figure()
	if err != nil {
		return Block{}, err
	}
	b := Block{Text: selectionAnswer(s) + "\n" + selectionTable(s).Markdown()}
	if figure != nil {
		const name = "selection.svg"
		b.Text += fmt.Sprintf("\n![%s](figures/%s)\n", figure.Alt, name)
		b.Figures = map[string]*plots.Figure{filepath.Join(figuresFolder, name): figure}
	}

	// Each task by each protocol, folded.
	b.Text += "\n" + report.Folded("Kendall's tau in each column, with its 95 % interval", byColumn(s, tauText)) +
		"\n" + report.Folded("Points lost in each column", byColumn(s, regretText))
	return b, nil
}

// selectionAnswer is the answer in a few sentences.
func selectionAnswer(s claims.Selection) string {
	measures, labels := s.Criteria[:len(s.Criteria)-1], s.Criteria[len(s.Criteria)-1]
	best := slices.MaxFunc(measures, func(a, b claims.Criterion) int { return cmp.Compare(a.Mean.Tau, b.Mean.Tau) })
	text := fmt.Sprintf("%s (%s), %s on test. ", words.Count(s.Encoders, "encoder"), words.Count(s.Runs, "run"),
		words.Count(len(s.Columns), "column"))
	few := math.IsNaN(best.Mean.Low)
	if few {
		text += "**These are too few encoders for an answer**, and for intervals. In them the measure that ranks " +
			"best is " + best.Label()
	} else {
		text += "The best measure without labels is **" + best.Label() + "**"
	}
	text += fmt.Sprintf(": its mean tau is %s, and choosing by it loses %s points on average. %s: mean tau %s, %s "+
		"points. An encoder drawn at random loses %.1f points.", tauText(best.Mean), regretText(best.Mean), labels.Name,
		tauText(labels.Mean), regretText(labels.Mean), s.Random)
	if few {
		return text + "\n"
	}

	// An interval above 0 is what chance rarely gives.
	var useful []string
	for _, c := range measures {
		if c.Mean.Low > 0 {
			useful = append(useful, c.Name)
		}
	}
	if len(useful) == 0 {
		return text + " No interval of a measure without labels lies above 0: none is shown to rank better than " +
			"chance.\n"
	}
	return text + fmt.Sprintf(" Of the measures without labels, these have an interval above 0: %s.\n",
		strings.Join(useful, ", "))
}

// selectionTable has a line for each criterion, with means over columns.
func selectionTable(s claims.Selection) report.Table {
	t := report.Table{Align: "lrrrrr", Head: []string{"criterion", "encoders", "mean tau", "columns above 0",
		"mean tau of runs", "points lost, mean"}}
	for _, c := range s.Criteria {
		above, known := 0, 0
		for _, x := range c.Columns {
			if !math.IsNaN(x.Low) {
				known++
			}
			if x.Low > 0 {
				above++
			}
		}
		share := "–" // no column has an interval
		if known > 0 {
			share = fmt.Sprintf("%d of %d", above, len(s.Columns))
		}
		t.Rows = append(t.Rows, []string{c.Label(), fmt.Sprint(c.Encoders), tauText(c.Mean), share,
			tauText(claims.Prediction{Tau: c.Mean.Runs, Low: math.NaN()}), regretText(c.Mean)})
	}
	t.Rows = append(t.Rows, []string{"an encoder drawn at random", fmt.Sprint(s.Encoders), "", "", "",
		fmt.Sprintf("%.1f", s.Random)})
	return t
}

// byColumn is a table with a line for each column of the selection, and a number for each criterion.
func byColumn(s claims.Selection, text func(claims.Prediction) string) string {
	t := report.Table{Align: "llr", Head: []string{"task", "protocol"}}
	for _, c := range s.Criteria {
		t.Head = append(t.Head, c.Label())
	}
	for k, at := range s.Columns {
		row := []string{at.Task, at.Protocol.Name()}
		for _, c := range s.Criteria {
			row = append(row, text(c.Columns[k]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t.Markdown()
}

// tauText writes a tau with its interval, where there is one.
func tauText(x claims.Prediction) string {
	switch {
	case math.IsNaN(x.Tau):
		return ""
	case math.IsNaN(x.Low):
		return fmt.Sprintf("%+.2f", x.Tau)
	}
	return fmt.Sprintf("%+.2f (%+.2f to %+.2f)", x.Tau, x.Low, x.High)
}

// regretText writes how many points are lost.
func regretText(x claims.Prediction) string {
	if math.IsNaN(x.Regret) {
		return ""
	}
	return fmt.Sprintf("%.1f", x.Regret)
}
