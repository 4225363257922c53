package claims

import (
	"fmt"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// augmentation is misconception 3.2 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var augmentation = experiments.Claim{
	ID:         "augmentation",
	Belief:     "Strong, slow augmentations are required.",
	Prediction: "The full set of augmentations beats crops with grayscale, which are cheap, by more than the margin.",
	Decision: "SimCLR: accuracy with the full set minus accuracy with crops and grayscale, paired over seeds. Every " +
		"subset is measured with three methods on every task: which task loses by which augmentation is the rest of " +
		"the answer.",
	Limits: []string{
		"No arm is tuned, while the paper's point is that properly tuned arms differ little. Crops with grayscale " +
			"need a gray probability, crop scale, temperature and learning rate of their own.",
	},
	Plan:   planAugmentation,
	Figure: drawTasks,
}

// subsets are the views of the claim, from pixel noise alone to the full set; a flip goes with every crop.
var subsets = []struct {
	name string
	view augment.Config
}{
	{"noise", augment.Config{Noise: 0.1}},
	{"crop", augment.Config{CropScale: 0.2, Flip: 0.5}},
	{"crop+gray", augment.Config{CropScale: 0.2, Flip: 0.5, Gray: 0.2}},
	{"crop+jitter", augment.Config{CropScale: 0.2, Flip: 0.5, Jitter: 0.5}},
	{"full", augment.MustPreset("cifar")[0]},
}

func planAugmentation(s experiments.Scale) experiments.Plan {
	all := []string{"simclr", "vicreg", "barlow"}
	methods := experiments.Pick(s, []string{"simclr"}, all, all, all)

	var arms []experiments.Arm
	var comparisons []experiments.Comparison
	for _, method := range methods {
		name := func(subset string) string { return fmt.Sprintf("%s %s", method, subset) }
		for _, subset := range subsets {
			if s == experiments.Smoke && subset.name != "crop+gray" && subset.name != "full" {
				continue
			}
			c := experiments.With(baseOf(s, method), func(c *sslx.Config) {
				if s == experiments.Paper && subset.name == "full" {
					return // blur and solarize too, as in the paper
				}
				c.Views = augment.Views{subset.view, subset.view}
			})
			arm := experiments.NewArm(name(subset.name), c)
			arm.Floors = method == "simclr" && subset.name == "full"
			arms = append(arms, arm)
		}

		// The full set over each other one; crops with grayscale are what the claim is about.
		over := func(subset string) {
			comparisons = append(comparisons, experiments.Comparison{
				Factor: method + ", full over " + subset, A: name("full"), B: name(subset)})
		}
		over("crop+gray")
		if s != experiments.Smoke {
			over("noise")
			over("crop")
			over("crop+jitter")
		}
	}
	return experiments.NewPlan(s, arms, comparisons...)
}

// baseOf returns the base configuration of a method at a scale.
func baseOf(s experiments.Scale, method string) sslx.Config {
	return experiments.With(experiments.Base(s), func(c *sslx.Config) {
		switch method {
		case "barlow":
			c.Objective = barlow()
		case "vicreg":
			c.Objective = objective.VICReg{Similarity: 25, Variance: 25, Covariance: 1}
		}
		if method != "simclr" && s == experiments.CPU {
			c.Projector = []int{512, 512}
		}
	})
}

// barlow is Barlow Twins as solo-learn scales it.
func barlow() objective.Barlow { return objective.Barlow{Lambda: 0.0051, Scale: 0.1} }

// drawTasks draws the accuracy of every arm on every task by the protocol that decides.
func drawTasks(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	all, columns := p.Accuracies(r)
	if len(columns) == 0 {
		return nil, nil
	}
	protocol := columns[0].Protocol
	m := plots.HeatMap{Title: fmt.Sprintf("by %s, scale %s", protocol, p.Scale), Unit: experiments.AccuracyAxis,
		PerRow: true}
	for _, arm := range p.Arms {
		m.Columns = append(m.Columns, strings.ReplaceAll(strings.Replace(arm.Name, " ", ": ", 1), "+", " + "))
	}

	// A row for each task, a cell for each arm.
	for _, at := range columns {
		if at.Protocol != protocol {
			continue
		}
		var values, halves []float64
		for _, arm := range p.Arms {
			values = append(values, all.Point(0, arm.Name, at).Mean)
			halves = append(halves, all.Half(arm.Name, at))
		}
		m.Rows, m.Values = append(m.Rows, at.Task), append(m.Values, values)
		m.Halves, m.Floors = append(m.Halves, halves), append(m.Floors, all.Point(0, record.ModelUntrained, at).Mean)
	}
	return m.Figure()
}
