package claims

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
)

// minibatch is misconception 3.1 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var minibatch = experiments.Claim{
	ID:     "minibatch",
	Belief: "SimCLR and Barlow Twins need very large mini-batches.",
	Prediction: "For the same number of images seen, the largest batch beats a small one by more than the margin, " +
		"also when the learning rate, the temperature and the depth of the projector are tuned at each batch size.",
	Decision: "Tuned SimCLR: accuracy at the largest batch minus accuracy at the small one, paired over seeds. The " +
		"untuned gap (everything of the largest batch, its learning rate scaled linearly) is reported with it: the " +
		"paper's point is the difference between the two.",
	Limits: []string{
		"The untuned arms scale AdamW's learning rate linearly, where its square root is right: that rule alone " +
			"makes the untuned gap.",
		"Barlow Twins at batch 1024 is not fully tuned: its best values lie at the edge of their grids.",
		"At the cpu scale, two epochs are only 96 steps of 1024 images.",
	},
	Plan:   planMinibatch,
	Figure: drawBatches,
}

func planMinibatch(s experiments.Scale) experiments.Plan {
	batches := experiments.Pick(s, []int{64, 256}, []int{16, 64, 256, 1024}, []int{64, 256, 1024}, []int{256, 2048})
	one, both := []string{"simclr"}, []string{"simclr", "barlow"}
	methods := experiments.Pick(s, one, both, both, one)
	largest := batches[len(batches)-1]
	small := batches[max(0, len(batches)-3)] // what the largest is compared with
	name := func(method string, batch int) string { return fmt.Sprintf("%s %d", method, batch) }

	var arms []experiments.Arm
	var comparisons []experiments.Comparison
	for _, method := range methods {
		for _, batch := range batches {
			arms = append(arms, experiments.Arm{Name: name(method, batch), Candidates: tuning(s, method, batch),
				Floors: method == "simclr" && batch == largest})
		}

		// The gap to the largest batch: with each batch tuned, and with what is best for the largest.
		for _, batch := range batches[:len(batches)-1] {
			untuned := name(method, batch) + " untuned"
			arms = append(arms, experiments.Arm{Name: untuned, After: name(method, largest),
				From: scaledLinearly(batch, largest)})

			over := fmt.Sprintf("%s, batch %d over %d, ", method, largest, batch)
			tuned := experiments.Comparison{Factor: over + "tuned", A: name(method, largest), B: name(method, batch)}
			if batch == small && method == "simclr" { // decides
				comparisons = slices.Insert(comparisons, 0, tuned)
			} else {
				comparisons = append(comparisons, tuned)
			}
			comparisons = append(comparisons, experiments.Comparison{
				Factor: over + "untuned", A: name(method, largest), B: untuned})
		}
	}
	return experiments.NewPlan(s, arms, comparisons...)
}

// scaledLinearly changes the configuration of the largest batch into one of another batch, its learning rate scaled
// linearly. Where the optimizer scales it by itself, nothing is left to do.
func scaledLinearly(batch, largest int) func(sslx.Config) sslx.Config {
	return func(c sslx.Config) sslx.Config {
		return experiments.With(c, func(c *sslx.Config) {
			c.Batch = batch
			if c.Optimizer.Scale == "none" {
				c.Optimizer.LR *= float64(batch) / float64(largest)
			}
		})
	}
}

// atBatch changes the batch size of a setting, and the learning rate with it where the optimizer does not scale it.
func atBatch(s experiments.Scale, c sslx.Config, batch int) sslx.Config {
	return experiments.With(c, func(c *sslx.Config) {
		c.Batch = batch
		if s == experiments.Smoke || s == experiments.CPU {
			c.Optimizer = experiments.AdamW(batch)
		}
	})
}

// tuning returns the candidates of a method at a batch size: the base, and one thing changed at a time.
func tuning(s experiments.Scale, method string, batch int) (candidates []experiments.Candidate) {
	base := experiments.With(atBatch(s, experiments.Base(s), batch), func(c *sslx.Config) {
		if method == "barlow" {
			c.Objective, c.Projector = barlow(), []int{512, 512}
		}
	})
	add := func(label string, change func(*sslx.Config)) {
		candidates = append(candidates, experiments.Candidate{Label: label, Config: experiments.With(base, change)})
	}

	add("base", func(*sslx.Config) {})
	add("half the learning rate", func(c *sslx.Config) { c.Optimizer.LR /= 2 })
	if s == experiments.Smoke {
		return candidates
	}
	add("twice the learning rate", func(c *sslx.Config) { c.Optimizer.LR *= 2 })
	if method == "barlow" {
		add("lambda 0.02", func(c *sslx.Config) { c.Objective = objective.Barlow{Lambda: 0.02, Scale: 0.1} })
	} else {
		add("temperature 0.1", func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: 0.1} })
		add("temperature 0.5", func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: 0.5} })
	}
	add("one more layer in the projector", func(c *sslx.Config) {
		c.Projector = append([]int{c.Projector[0]}, c.Projector...)
	})
	return candidates
}

// drawBatches draws accuracy against the batch size, a line for each method tuned and untuned.
func drawBatches(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	largest := map[string]bool{} // the arms whose setting the untuned lines keep
	for _, arm := range p.Arms {
		largest[arm.After] = true
	}
	return drawByBatch(p, r, func(arm experiments.Arm) []string {
		method := objective.NameOf(p.Setting(r, arm).Objective)
		switch {
		case arm.After != "":
			return []string{method + ", untuned"}
		case largest[arm.Name]: // where the untuned line ends
			return []string{method + ", tuned", method + ", untuned"}
		}
		return []string{method + ", tuned"}
	})
}

// drawByBatch draws accuracy against the batch size. An arm is a point of each of its lines.
func drawByBatch(p experiments.Plan, r experiments.Records, lines func(experiments.Arm) []string) (*plots.Figure,
	error) {
	all, columns := p.Accuracies(r)
	if len(columns) == 0 {
		return nil, nil
	}
	at := columns[0]
	plot := plots.SeriesPlot{Title: p.Title(at), X: "batch size", Y: experiments.AccuracyAxis, Log2: true,
		Floors: all.Floors(at)}

	for _, arm := range p.Arms {
		point := all.Point(float64(p.Setting(r, arm).Batch), arm.Name, at)
		for _, line := range lines(arm) {
			i := slices.IndexFunc(plot.Series, func(s plots.Series) bool { return s.Name == line })
			if i < 0 {
				plot.Series, i = append(plot.Series, plots.Series{Name: line}), len(plot.Series)
			}
			plot.Series[i].Points = append(plot.Series[i].Points, point)
		}
	}

	for _, s := range plot.Series {
		slices.SortFunc(s.Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	}
	return drawSeries(plot)
}

// drawSeries draws a plot, unless no point of it was measured.
func drawSeries(plot plots.SeriesPlot) (*plots.Figure, error) {
	for _, s := range plot.Series {
		if slices.ContainsFunc(s.Points, func(p plots.Point) bool { return !math.IsNaN(p.Mean) }) {
			return plot.Figure()
		}
	}
	return nil, nil
}
