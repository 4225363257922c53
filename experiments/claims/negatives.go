package claims

import (
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

// negatives is misconception 3.4 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986): Instance SimCLR.
var negatives = experiments.Claim{
	ID:     "negatives",
	Belief: "Negatives must be many other images, and positives need semantic augmentations.",
	Prediction: "SimCLR whose only negative is one patch of the same image, or one other image, and whose positives " +
		"differ by Gaussian noise alone, learns nothing useful: it beats the untrained encoder by no more than the " +
		"margin.",
	Decision: "Accuracy of SimCLR with a single negative and noise alone, minus that of the stronger untrained " +
		"encoder, paired over seeds. The negative is another patch of the same image in one arm, and one other " +
		"image in the second: the paper's \"single image patch\" can be read in both ways. What the paper does not " +
		"give (sigma, region, temperature, number of negatives) is tuned on validation images, arm by arm. The " +
		"ladder from SimCLR as usual down to these arms tells what each step costs.",
	Limits: []string{
		"The arms with a patch of the same image are trained on parts of images and measured on whole images.",
		"Settings are tuned for two epochs, and the arms of more epochs keep them.",
		"One fixed patch can always be recognized by its pixels, so its arms tell what a constant negative does, not " +
			"what a patch does.",
	},
	Plan: planNegatives,
}

// Arms of the claim that more than one place names.
const (
	usualNegatives = "batch, full"
	ownPatchNoise  = "own patch, noise"
	oneImageNoise  = "one image, noise"
)

// longer is how many epochs the arms that decide are also trained for at scale cpu, where all others have two.
var longer = []int{8, 20}

func planNegatives(s experiments.Scale) experiments.Plan {
	usual := experiments.Arm{Name: usualNegatives, Floors: true,
		Candidates: instance(s, objective.Negatives{}, fullViews(s)...),
		Axes:       []experiments.Axis{temperature, learningRate}}
	patch := objective.Negatives{Kind: "crop-same", K: 1}
	own := experiments.Arm{Name: ownPatchNoise,
		Candidates: instance(s, patch, sameRegion(augment.Config{Noise: sigma})...),
		Axes:       []experiments.Axis{temperature, noise, region, count, learningRate}}
	if s == experiments.Smoke {
		usual.Axes, own.Axes = nil, nil
		return experiments.NewPlan(s, []experiments.Arm{usual, own}, useful(own.Name), over(usual.Name, own.Name))
	}

	// From the usual negatives down to one that never changes, each with all augmentations and with noise alone. The
	// operations on color are as usual where the region is the same.
	color := fullViews(s)[0]
	color.CropScale, color.CropScaleMax = 0, 0
	whole := augment.Config{Noise: sigma}
	one := objective.Negatives{Kind: "random-k", K: 1}
	fixed := objective.Negatives{Kind: "patch-fixed", Alike: true}
	arms := []experiments.Arm{
		usual,
		{Name: "batch, noise", Candidates: instance(s, objective.Negatives{}, whole, whole),
			Axes: []experiments.Axis{temperature, noise, learningRate}},
		{Name: "one image, full", Candidates: instance(s, one, fullViews(s)...),
			Axes: []experiments.Axis{temperature, learningRate}},
		{Name: oneImageNoise, Candidates: instance(s, one, whole, whole),
			Axes: []experiments.Axis{temperature, noise, learningRate}},
		{Name: "own patch, full", Candidates: instance(s, patch, sameRegion(color)...),
			Axes: []experiments.Axis{temperature, region, count, learningRate}},
		own,
		{Name: "fixed patch, full", Candidates: instance(s, fixed, fullViews(s)...),
			Axes: []experiments.Axis{temperature, learningRate}},
		{Name: "fixed patch, noise", Candidates: instance(s, fixed, whole, whole),
			Axes: []experiments.Axis{temperature, noise, learningRate}},
	}

	// Does it learn at all? Two readings of the paper decide; then the other arms, and all against SimCLR as usual.
	comparisons := []experiments.Comparison{useful(ownPatchNoise), useful(oneImageNoise)}
	for _, arm := range arms {
		if arm.Name != ownPatchNoise && arm.Name != oneImageNoise {
			comparisons = append(comparisons, over(arm.Name, record.ModelUntrained))
		}
	}
	for _, arm := range arms[1:] {
		comparisons = append(comparisons, over(usualNegatives, arm.Name))
	}

	// More training changes what is learned, or it does not.
	if s == experiments.CPU {
		for _, epochs := range longer {
			for _, name := range []string{usualNegatives, ownPatchNoise, oneImageNoise} {
				arm := trainedLonger(name, epochs)
				arms = append(arms, arm)
				comparisons = append(comparisons, longerThan(over(name, record.ModelUntrained),
					over(arm.Name, record.ModelUntrained)))
			}
		}
	}

	p := experiments.NewPlan(s, arms, comparisons...)
	p.Deciding = 2
	p.Also = []string{evaluate.ProtocolLabelFree} // for Select
	return p
}

// sigma is the standard deviation of the noise that tuning starts from; pixels are in [0, 1].
const sigma = 0.2

// instance returns the setting that tuning starts from: SimCLR with the given negatives and views.
func instance(s experiments.Scale, n objective.Negatives, views ...augment.Config) []experiments.Candidate {
	return []experiments.Candidate{{Label: "base", Config: experiments.With(experiments.Base(s), func(c *sslx.Config) {
		ownNorm(c) // negatives by their own statistics
		c.Objective = objective.SimCLR{Temperature: 0.1, Negatives: n}
		c.Views = views
		if s == experiments.CPU {
			c.Batch, c.Optimizer = 128, sgd
		}
	})}}
}

// sgd learns more in two epochs of scale cpu than the AdamW of the claims that were planned before.
var sgd = optimizer.Config{Rule: optimizer.SGD{Momentum: 0.9}, LR: 0.6, Scale: "linear", WeightDecay: 5e-4,
	WarmupEpochs: 0.5}

// fullViews returns the two views of SimCLR as usual at a scale.
func fullViews(s experiments.Scale) augment.Views { return slices.Clone(experiments.Base(s).Views) }

// sameRegion returns two views of one random part of the image, which differ by the operations of view alone.
func sameRegion(view augment.Config) augment.Views {
	view.CropScale, view.CropScaleMax = regions[startRegion].low, regions[startRegion].high
	second := view
	second.SameRegion = true
	return augment.Views{view, second}
}

// trainedLonger is an arm with the setting of another one and more epochs.
func trainedLonger(name string, epochs int) experiments.Arm {
	return experiments.Arm{Name: fmt.Sprintf("%s, %d epochs", name, epochs), After: name,
		From: func(c sslx.Config) sslx.Config {
			return experiments.With(c, func(c *sslx.Config) { c.Epochs = epochs })
		}}
}

// trainedLongerBoth repeats a comparison of two arms with more epochs: it returns the comparison and its arms.
func trainedLongerBoth(c experiments.Comparison, epochs int) (experiments.Comparison, []experiments.Arm) {
	a, b := trainedLonger(c.A, epochs), trainedLonger(c.B, epochs)
	return longerThan(c, over(a.Name, b.Name)), []experiments.Arm{a, b}
}

// longerThan marks a comparison as that of another one's arms after more training. The belief says the same of both.
func longerThan(short, long experiments.Comparison) experiments.Comparison {
	long.Longer, long.Useless = short.Factor, short.Useless
	return long
}

// over is the comparison of a with b, named after both.
func over(a, b string) experiments.Comparison {
	return experiments.Comparison{Factor: a + " over " + b, A: a, B: b}
}

// useful is the comparison of an arm that the belief calls useless with the untrained encoder.
func useful(arm string) experiments.Comparison {
	c := over(arm, record.ModelUntrained)
	c.Useless = true
	return c
}

// doubling is the axis of a number of an objective, in factors of two.
func doubling[O objective.Objective](name string, number func(*O) *float64) experiments.Axis {
	return experiments.Axis{Name: name,
		Step: func(c *sslx.Config, steps int) bool {
			o := c.Objective.(O)
			*number(&o) *= math.Pow(2, float64(steps))
			c.Objective = o
			return true
		},
		Value: func(c sslx.Config) float64 {
			o := c.Objective.(O)
			return *number(&o)
		}}
}

// What tuning moves along.
var (
	temperature = doubling("temperature", func(o *objective.SimCLR) *float64 { return &o.Temperature })

	learningRate = experiments.Axis{Name: "rate",
		Step: func(c *sslx.Config, steps int) bool {
			c.Optimizer.LR *= math.Pow(2, float64(steps))
			return true
		},
		Value: func(c sslx.Config) float64 { return c.Optimizer.LR }}

	noise = experiments.Axis{Name: "sigma",
		Step: func(c *sslx.Config, steps int) bool {
			for i := range c.Views {
				c.Views[i].Noise *= math.Pow(1.5, float64(steps))
			}
			return true
		},
		Value: func(c sslx.Config) float64 { return c.Views[0].Noise }}

	count = experiments.Axis{Name: "negatives",
		Step: func(c *sslx.Config, steps int) bool {
			o := c.Objective.(objective.SimCLR)
			o.Negatives.K <<= max(0, steps)
			c.Objective = o
			return steps >= 0 // one is the fewest
		},
		Value: func(c sslx.Config) float64 { return float64(c.Objective.(objective.SimCLR).Negatives.K) }}

	region = experiments.Axis{Name: "area up to",
		Step: func(c *sslx.Config, steps int) bool {
			at := startRegion + steps
			if at < 0 || at >= len(regions) {
				return false
			}
			for i := range c.Views {
				c.Views[i].CropScale, c.Views[i].CropScaleMax = regions[at].low, regions[at].high
			}
			return true
		},
		Value: func(c sslx.Config) float64 { return c.Views[0].CropScaleMax }}
)

// regions are the shares of an image's area between which a region is drawn. The first is a square of 3 to 7 of 32
// pixels; in the last, every two regions overlap.
var regions = []struct{ low, high float64 }{{0.01, 0.05}, {0.03, 0.1}, {0.06, 0.2}, {0.1, 0.35}, {0.2, 0.5},
	{0.35, 0.7}, {0.5, 0.85}}

// startRegion is the index of the region that tuning starts from.
const startRegion = 4
