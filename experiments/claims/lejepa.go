package claims

import (
	"fmt"
	"math"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// lejepa is about the method of Balestriero and LeCun 2025 (https://arxiv.org/abs/2511.08544), not about the paper that
// the other claims come from.
var lejepa = experiments.Claim{
	ID:     "lejepa",
	Belief: "LeJEPA needs no tuning across batch sizes.",
	Prediction: "With the lambda that is best at batch 256, LeJEPA at batch 64 and at batch 1024 is below LeJEPA " +
		"with a lambda tuned there by no more than the margin.",
	Decision: "Accuracy with lambda tuned at the batch size, minus accuracy with the lambda that was tuned at 256, " +
		"paired over seeds, at the smallest and at the largest batch. The loss is that of the authors' code, whose " +
		"statistic grows with the batch. Two other weightings in use are reported with it: without that factor, and " +
		"with all views as one sample.",
	Limits: []string{
		"Only lambda is tuned. The learning rate follows AdamW's square-root rule.",
		"At the cpu scale, two epochs are only 96 steps of 1024 images.",
		"Accuracy is measured on three image sets, not on the five of the other claims.",
	},
	Plan:   planLeJEPA,
	Figure: drawWeightings,
}

// weighting is a way to weigh the statistic of LeJEPA that is in use.
type weighting struct {
	name          string
	times, pooled bool // multiplied by the samples; all views are one sample
}

var (
	timesN    = weighting{name: "times n", times: true}
	withoutN  = weighting{name: "without n"}
	oneSample = weighting{name: "one sample", times: true, pooled: true}
)

func planLeJEPA(s experiments.Scale) experiments.Plan {
	full := []int{64, 256, 1024}
	batches := experiments.Pick(s, []int{32, 64}, full, full, full)
	reference := experiments.Pick(s, 64, 256, 256, 256)
	start := experiments.With(experiments.Base(s), func(c *sslx.Config) {
		ownNorm(c)
		c.Objective, _ = objective.Named("lejepa")
	})

	// Lambda is tuned at each batch size.
	var arms []experiments.Arm
	var comparisons []experiments.Comparison
	for _, batch := range batches {
		arm := experiments.NewArm(tunedAt(batch), atBatch(s, start, batch))
		arm.Axes, arm.Floors = []experiments.Axis{lambda}, batch == reference
		if s == experiments.Smoke {
			arm.Axes = nil
		}
		arms = append(arms, arm)
	}

	// At the other sizes it is also kept, by each weighting. All agree at the reference, but for the statistic of one
	// sample, whose views are not normalized apart.
	weightings := []weighting{timesN, withoutN, oneSample}
	if s == experiments.Smoke {
		weightings = weightings[:1]
	}
	for _, w := range weightings {
		for _, batch := range batches {
			if batch == reference && !w.pooled {
				continue
			}
			kept := experiments.Arm{Name: fmt.Sprintf("batch %d, lambda of %d, %s", batch, reference, w.name),
				After: tunedAt(reference), From: w.kept(s, batch, reference)}
			arms = append(arms, kept)
			c := over(tunedAt(batch), kept.Name)
			c.Useless = true
			comparisons = append(comparisons, c)
		}
	}
	deciding := len(batches) - 1 // the authors' weighting
	comparisons = append(comparisons, over(tunedAt(reference), record.ModelUntrained))

	// More training changes the difference, or it does not.
	if s == experiments.CPU {
		for _, c := range comparisons[:deciding] {
			again, both := trainedLongerBoth(c, longer[0])
			arms, comparisons = append(arms, both...), append(comparisons, again)
		}
	}

	p := experiments.NewPlan(s, arms, comparisons...)
	p.Deciding = deciding
	if s == experiments.CPU || s == experiments.GPU {
		p.Tasks = []string{"class", "cifar100s/coarse", "eurosat5k"}
	}
	return p
}

func tunedAt(batch int) string { return fmt.Sprintf("batch %d, tuned", batch) }

// atBatch changes the batch size of a setting, and the learning rate with it where the optimizer does not scale it.
func atBatch(s experiments.Scale, c sslx.Config, batch int) sslx.Config {
	return experiments.With(c, func(c *sslx.Config) {
		c.Batch = batch
		if s == experiments.Smoke || s == experiments.CPU {
			c.Optimizer = experiments.AdamW(batch)
		}
	})
}

// kept changes the setting of the reference into one of another batch size: its lambda says the same where the batch
// has the size of the reference, and has the meaning of the weighting elsewhere.
func (w weighting) kept(s experiments.Scale, batch, reference int) func(sslx.Config) sslx.Config {
	return func(c sslx.Config) sslx.Config {
		return experiments.With(atBatch(s, c, batch), func(c *sslx.Config) {
			o := c.Objective.(objective.LeJEPA)
			weight := o.Lambda / (1 - o.Lambda)
			if !w.times {
				weight *= float64(reference)
			}
			if w.pooled {
				weight /= float64(len(c.Views)) // n is the number of embeddings of all views
			}
			o.Lambda, o.TimesSamples, o.Pooled = weight/(1+weight), w.times, w.pooled
			c.Objective = o
		})
	}
}

// lambda is tuned in factors of two of lambda / (1 - lambda), the weight of the statistic next to the distance.
var lambda = experiments.Axis{Name: "lambda",
	Step: func(c *sslx.Config, steps int) bool {
		o := c.Objective.(objective.LeJEPA)
		weight := o.Lambda / (1 - o.Lambda) * math.Pow(2, float64(steps))
		o.Lambda = weight / (1 + weight)
		c.Objective = o
		return true
	},
	Value: func(c sslx.Config) float64 { return c.Objective.(objective.LeJEPA).Lambda }}

// drawWeightings draws accuracy against the batch size, a line for lambda tuned at each and for each weighting.
func drawWeightings(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	var base sslx.Config // at the batch size whose lambda is kept
	for _, arm := range p.Arms {
		if arm.Floors {
			base = p.Setting(r, arm)
		}
	}
	reference := base.Batch

	return drawByBatch(p, r, func(arm experiments.Arm) (lines []string) {
		c := p.Setting(r, arm)
		if c.Epochs != base.Epochs {
			return nil // the figure of budgets has it
		}

		o := c.Objective.(objective.LeJEPA)
		of := weighting{times: o.TimesSamples, pooled: o.Pooled}
		if arm.After == "" {
			lines = append(lines, "lambda tuned")
		}
		for _, w := range []weighting{timesN, withoutN, oneSample} {
			same := w.times == of.times && w.pooled == of.pooled

			// By the first two, the reference is the tuned arm.
			if arm.After != "" && same || arm.After == "" && c.Batch == reference && !w.pooled {
				lines = append(lines, fmt.Sprintf("lambda of %d, %s", reference, w.name))
			}
		}
		return lines
	})
}
