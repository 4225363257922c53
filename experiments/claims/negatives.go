package claims

import (
	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// negatives is misconception 3.4 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986): Instance SimCLR.
var negatives = experiments.Claim{
	ID:     "negatives",
	Belief: "Negatives must be many other images, and positives need semantic augmentations.",
	Prediction: "SimCLR with other images as negatives and the full set of augmentations beats, by more than the " +
		"margin, SimCLR whose negatives are parts of the anchor's own image and whose positives differ by Gaussian " +
		"noise alone.",
	Decision: "Accuracy of SimCLR with the batch as negatives and full views, minus the accuracy with patches of the " +
		"same image as negatives and views of noise (settings chosen on validation images), paired over seeds. Each " +
		"variant minus the untrained encoder tells whether it learns at all. The paper does not give sigma, patch " +
		"size or the number of negatives: ours are swept.",
	Withdrawn: "Its arms with negatives of the anchor's own image are decided by how they are built, not by what " +
		"they learn. In `patch-same, noise` and `patch-fixed, noise` only the anchor has noise: telling noisy images " +
		"from clean ones solves the task. In `crop-same, noise` nothing is cropped, so the negative is the whole " +
		"image again, like the positive. In `crop-same, full` positive and negative are drawn in the same way, so no " +
		"encoder can tell them apart. The rule announced the best of these arms; the program compares with " +
		"`patch-same, noise`, the worst. And the paper claims that such training learns useful features, which a " +
		"comparison with the untrained encoder tests, not that it equals SimCLR.",
	Limits: []string{
		"One other image as the only negative, the third way to read the paper's \"single image patch\", is not " +
			"among the arms.",
		"The untrained encoder is measured with batch-norm statistics of mean 0 and variance 1; with those of the " +
			"data it is weaker.",
	},
	Plan: planNegatives,
}

func planNegatives(s experiments.Scale) experiments.Plan {
	// instance is SimCLR with other negatives, and with views of noise alone where noise is not 0.
	instance := func(label, kind string, noise, temperature float64, k int) experiments.Candidate {
		return experiments.Candidate{Label: label, Config: experiments.With(experiments.Base(s), func(c *sslx.Config) {
			c.Objective = objective.SimCLR{Temperature: temperature, Negatives: objective.Negatives{Kind: kind, K: k}}
			if noise > 0 {
				view := augment.Config{Noise: noise}
				c.Views = augment.Views{view, view}
			}
		})}
	}
	arm := func(name string, candidates ...experiments.Candidate) experiments.Arm {
		return experiments.Arm{Name: name, Candidates: candidates}
	}

	usual := experiments.NewArm("batch, full", experiments.Base(s))
	usual.Floors = true
	if s == experiments.Smoke {
		fixed := arm("patch-fixed, noise", instance("sigma 0.1", "patch-fixed", 0.1, 0.2, 0))
		return experiments.NewPlan(s, []experiments.Arm{usual, fixed}, over(usual.Name, fixed.Name))
	}

	arms := []experiments.Arm{
		usual,
		arm("batch, noise",
			instance("sigma 0.05", "", 0.05, 0.2, 0),
			instance("sigma 0.2", "", 0.2, 0.2, 0),
			instance("sigma 0.5", "", 0.5, 0.2, 0)),
		arm("crop-same, full",
			instance("k 1", "crop-same", 0, 0.2, 1),
			instance("k 4", "crop-same", 0, 0.2, 4)),
		arm("crop-same, noise",
			instance("sigma 0.1", "crop-same", 0.1, 0.2, 2),
			instance("sigma 0.5", "crop-same", 0.5, 0.2, 2)),
		arm("patch-same, noise",
			instance("sigma 0.1", "patch-same", 0.1, 0.2, 1),
			instance("sigma 0.5", "patch-same", 0.5, 0.2, 1),
			instance("sigma 0.5, temperature 1", "patch-same", 0.5, 1, 1)),
		arm("patch-fixed, noise",
			instance("sigma 0.1", "patch-fixed", 0.1, 0.2, 0),
			instance("sigma 0.5", "patch-fixed", 0.5, 0.2, 0),
			instance("sigma 0.5, temperature 1", "patch-fixed", 0.5, 1, 0)),
	}

	// Each variant against SimCLR as usual, and against the untrained encoder: does it learn at all?
	var comparisons []experiments.Comparison
	variants := []string{"patch-same, noise", "patch-fixed, noise", "crop-same, noise", "crop-same, full",
		"batch, noise"}
	for _, name := range variants {
		comparisons = append(comparisons, over(usual.Name, name))
	}
	for _, name := range variants {
		comparisons = append(comparisons, over(name, record.ModelUntrained))
	}
	return experiments.NewPlan(s, arms, comparisons...)
}

// over is the comparison of a with b, named after both.
func over(a, b string) experiments.Comparison {
	return experiments.Comparison{Factor: a + " over " + b, A: a, B: b}
}
