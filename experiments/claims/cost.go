package claims

import (
	"fmt"
	"slices"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// cost is misconception 3.5 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986): section FFCV-SSL and figure 1.
var cost = experiments.Claim{
	ID:     "cost",
	Belief: "It takes a cluster, and full-resolution training from the first step to the last.",
	Prediction: "Training that grows from small views to full ones loses, after as many images, more than the margin " +
		"to training at full resolution, whose steps cost more.",
	Decision: "Accuracy at full resolution minus accuracy at growing resolution, paired over seeds, after the same " +
		"number of images, each with a learning rate and a temperature of its own. The seconds of training are " +
		"reported with it; the speed against PyTorch pipelines is in docs/performance.md.",
	Limits: []string{
		"The views of the cpu scale have 16 to 32 pixels. Large images, whose views grow from 160 to 224 pixels in " +
			"the paper, are not tested.",
		"The cluster in the belief enters no number: only the resolution is tested.",
	},
	Plan:   planCost,
	Figure: drawCost,
}

func planCost(s experiments.Scale) experiments.Plan {
	full := experiments.Pick(s, 16, 32, 32, 224)
	small := experiments.Pick(s, 8, 16, 16, 160)
	epochs := experiments.Pick(s, 2, 2, 200, 100)

	base := experiments.With(experiments.Base(s), ownNorm)
	arm := func(name string, batch int, sizes ...pretrain.Resolution) experiments.Arm {
		a := experiments.NewArm(name, experiments.With(base, func(c *sslx.Config) {
			c.Epochs, c.Resolutions = epochs, sizes
			if batch != c.Batch && (s == experiments.Smoke || s == experiments.CPU) {
				c.Optimizer = experiments.AdamW(batch)
			}
			c.Batch = batch
		}))
		if s == experiments.CPU || s == experiments.GPU {
			a.Axes = tunedAxes("simclr")
		}
		return a
	}
	constant := arm(fmt.Sprintf("constant %d", full), base.Batch, pretrain.Resolution{Size: full})
	constant.Floors = true
	growing := arm(fmt.Sprintf("growing %d to %d", small, full), base.Batch, grow(small, full, epochs)...)
	arms := []experiments.Arm{constant, growing}
	comparisons := []experiments.Comparison{
		{Factor: "constant over growing resolution", A: constant.Name, B: growing.Name},
	}

	// Small views throughout, and a large batch, show what the budget is worth.
	if s == experiments.CPU || s == experiments.GPU {
		low := arm(fmt.Sprintf("constant %d", small), base.Batch, pretrain.Resolution{Size: small})
		large := arm(fmt.Sprintf("constant %d, batch 1024", full), 1024, pretrain.Resolution{Size: full})
		arms = append(arms, low, large)
		comparisons = append(comparisons,
			experiments.Comparison{Factor: "full over low resolution", A: constant.Name, B: low.Name},
			experiments.Comparison{Factor: "large over small batch", A: large.Name, B: constant.Name})
	}

	// More training changes the difference, or it does not.
	if s == experiments.CPU {
		for _, epochs := range longer {
			constant, growing := trainedLonger(constant.Name, epochs), trainedLonger(growing.Name, epochs)
			growing.From = func(c sslx.Config) sslx.Config {
				return experiments.With(c, func(c *sslx.Config) {
					c.Epochs, c.Resolutions = epochs, grow(small, full, epochs)
				})
			}
			arms = append(arms, constant, growing)
			comparisons = append(comparisons, longerThan(comparisons[0], over(constant.Name, growing.Name)))
		}
	}
	return experiments.NewPlan(s, arms, comparisons...)
}

// grow returns three sizes of views, each for a third of the epochs; two sizes for two epochs.
func grow(small, full, epochs int) []pretrain.Resolution {
	if epochs == 2 {
		return []pretrain.Resolution{{Size: small}, {Epoch: 1, Size: full}}
	}
	return []pretrain.Resolution{
		{Size: small},
		{Epoch: epochs / 3, Size: (full + small) / 2},
		{Epoch: epochs - (epochs+2)/3, Size: full},
	}
}

// drawCost draws accuracy against the time of training, a point for each arm. Accuracies are means over all seeds,
// times are medians over those whose runs can be compared: other work slows single runs.
func drawCost(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	all, columns := p.Accuracies(r)
	arms, seeds := timed(p, r)
	if len(columns) == 0 || len(seeds) == 0 {
		return nil, nil
	}

	plot := plots.SeriesPlot{Title: p.Title(columns[0]), Y: experiments.AccuracyAxis,
		X: fmt.Sprintf("training (s), median over %d seeds", len(seeds)), Floors: all.Floors(columns[0])}
	for _, arm := range arms {
		var seconds []float64
		for _, seed := range seeds {
			known, _ := p.Record(r, arm, seed)
			seconds = append(seconds, known.Seconds)
		}
		plot.Series = append(plot.Series, plots.Series{Name: arm.Name,
			Points: []plots.Point{all.Point(median(seconds), arm.Name, columns[0])}})
	}
	return drawSeries(plot)
}

// timed returns the arms that were run from the same revision of the code as the first one, and the seeds with which
// all of them were: the seconds of other code cannot be compared.
func timed(p experiments.Plan, r experiments.Records) (arms []experiments.Arm, seeds []uint64) {
	comparable := func(arm experiments.Arm, seed uint64) bool {
		first, ok := p.Record(r, p.Arms[0], seed)
		other, made := p.Record(r, arm, seed)
		return ok && made && other.Environment.Revision == first.Environment.Revision
	}

	for _, arm := range p.Arms {
		if slices.ContainsFunc(p.Seeds, func(seed uint64) bool { return comparable(arm, seed) }) {
			arms = append(arms, arm)
		}
	}
	for _, seed := range p.Seeds {
		if !slices.ContainsFunc(arms, func(arm experiments.Arm) bool { return !comparable(arm, seed) }) {
			seeds = append(seeds, seed)
		}
	}
	return arms, seeds
}
