package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
)

// racing is all trainings of a program in a race, one a seed; with several recipes, of sslx, those of one.
type racing struct {
	name string
	runs []bench.RaceRun
}

// racings groups the trainings of a race, in the order of the first of each group.
func racings(r bench.RaceRecord) (groups []racing) {
	for _, run := range r.Runs {
		name := strings.TrimSpace(run.Program + " " + run.Version)
		if run.Recipe != "" {
			name += ", " + run.Recipe
		}
		i := slices.IndexFunc(groups, func(g racing) bool { return g.name == name })
		if i < 0 {
			i, groups = len(groups), append(groups, racing{name: name})
		}
		groups[i].runs = append(groups[i].runs, run)
	}
	return groups
}

// isOurs reports whether it is sslx: only sslx has recipes with names.
func (g racing) isOurs() bool { return g.runs[0].Recipe != "" }

// times returns for each training when it reached an accuracy, and the time of the checkpoint before; for a training
// that did not reach it, NaN and its end.
func (g racing) times(accuracy float64) (at, before []float64) {
	for _, run := range g.runs {
		seconds, last, ok := run.Reached(accuracy)
		if !ok {
			seconds = math.NaN()
		}
		at, before = append(at, seconds), append(before, last)
	}
	return at, before
}

// RaceTimes says after how long each program of a race had reached the accuracies of [bench.RaceThresholds], at a
// checkpoint: the median over seeds and, in parentheses, the soonest and the latest. It ends with the last checkpoint,
// as the mean over seeds with the standard deviation.
func RaceTimes(r bench.RaceRecord) Table {
	t := Table{Align: "lr", Head: []string{"program", "seeds"}}
	for _, threshold := range bench.RaceThresholds {
		t.Head = append(t.Head, fmt.Sprintf("%g %%", 100*threshold))
	}
	t.Head = append(t.Head, "last checkpoint", "trained")

	for _, g := range racings(r) {
		row := []string{g.name, fmt.Sprint(len(g.runs))}
		for _, threshold := range bench.RaceThresholds {
			row = append(row, g.time(threshold))
		}
		t.Rows = append(t.Rows, append(row, g.last(), g.trained()))
	}
	return t
}

// time says when an accuracy was reached.
func (g racing) time(accuracy float64) string {
	at, _ := g.times(accuracy)
	reached := slices.DeleteFunc(slices.Clone(at), math.IsNaN)
	switch {
	case len(reached) == 0:
		return missing
	case len(reached) < len(at):
		return fmt.Sprintf("by %d of %d seeds", len(reached), len(at))
	case len(at) == 1:
		return words.Duration(at[0])
	}
	return fmt.Sprintf("%s (%s to %s)", words.Duration(median(at)), words.Duration(slices.Min(at)),
		words.Duration(slices.Max(at)))
}

// last says what the last checkpoints had.
func (g racing) last() string {
	var accuracies []float64
	for _, run := range g.runs {
		accuracies = append(accuracies, 100*run.Last().Accuracy)
	}
	if len(accuracies) == 1 {
		return fmt.Sprintf("%.1f %%", accuracies[0])
	}
	mean, deviation := stat.MeanStdDev(accuracies, nil)
	return fmt.Sprintf("%.1f ± %.1f %%", mean, deviation)
}

// trained says how much the program trained, and whether it was stopped.
func (g racing) trained() string {
	var epochs, seconds []float64
	finished := true
	for _, run := range g.runs {
		epochs, seconds = append(epochs, run.Last().Epoch), append(seconds, run.Last().Seconds)
		finished = finished && run.Finished
	}

	text := fmt.Sprintf("%s in %s", words.Count(math.Round(10*stat.Mean(epochs, nil))/10, "epoch"),
		words.Duration(stat.Mean(seconds, nil)))
	if !finished {
		text += ", stopped"
	}
	return text
}

// RaceLead says how many times sooner sslx had reached an accuracy than each other program, by medians over seeds. The
// time of sslx is that of the first checkpoint with the accuracy (of the soonest of its recipes), and the time of the
// other one that of the last checkpoint before, and digits are cut off: no rounding favors sslx. A program that did not
// reach an accuracy has a bound, from how long it trained, or nothing where it trained for less time than sslx needed.
// There are no rows without sslx or without others.
func RaceLead(r bench.RaceRecord) Table {
	t := Table{Align: "lr", Head: []string{"sslx is sooner than"}}
	ours := make([]float64, len(bench.RaceThresholds))
	for i, threshold := range bench.RaceThresholds {
		t.Head = append(t.Head, fmt.Sprintf("to %g %%", 100*threshold))
		ours[i] = math.Inf(1)
		for _, g := range racings(r) {
			if at, _ := g.times(threshold); g.isOurs() && !slices.ContainsFunc(at, math.IsNaN) {
				ours[i] = min(ours[i], median(at))
			}
		}
	}

	for _, g := range racings(r) {
		if g.isOurs() || math.IsInf(slices.Min(ours), 1) {
			continue
		}
		row := []string{g.name}
		for i, threshold := range bench.RaceThresholds {
			at, before := g.times(threshold)
			times := math.Floor(10*median(before)/ours[i]) / 10
			cell := fmt.Sprintf("%.1fx", times)
			isBound := slices.ContainsFunc(at, math.IsNaN)
			switch {
			case math.IsInf(ours[i], 1) || isBound && times < 1:
				cell = missing
			case isBound:
				cell = "over " + cell
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// RaceFigure draws the accuracy of each program of a race against the time, in minutes on a logarithmic axis: the mean
// over seeds, checkpoint by checkpoint, and the range. A race without trainings is a usage error.
func RaceFigure(r bench.RaceRecord) (*plots.Figure, error) {
	if len(r.Runs) == 0 {
		return nil, usage.Errorf("there is no race to draw: no program has trained yet")
	}
	plot := plots.SeriesPlot{X: "minutes, compilation and reading included", Log2: true, Band: true,
		Y: fmt.Sprintf("accuracy on the test images of %s (%%)", r.Data), Interval: "range over seeds"}
	for _, g := range racings(r) {
		plot.Series = append(plot.Series, plots.Series{Name: g.name, Points: g.points()})
	}
	return plot.Figure()
}

// points are the checkpoints that all seeds have.
func (g racing) points() (points []plots.Point) {
	for i := 0; ; i++ {
		var minutes, accuracies []float64
		for _, run := range g.runs {
			if i < len(run.Checkpoints) {
				c := run.Checkpoints[i]
				minutes, accuracies = append(minutes, c.Seconds/60), append(accuracies, 100*c.Accuracy)
			}
		}
		if len(minutes) < len(g.runs) {
			return points
		}

		p := plots.Point{X: stat.Mean(minutes, nil), Mean: stat.Mean(accuracies, nil), Low: math.NaN(),
			High: math.NaN()}
		if len(g.runs) > 1 {
			p.Low, p.High = slices.Min(accuracies), slices.Max(accuracies)
		}
		points = append(points, p)
	}
}

// median returns the middle of values, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
