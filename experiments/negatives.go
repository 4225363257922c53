package experiments

import (
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// negatives is misconception 3.4 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986): Instance SimCLR.
var negatives = Claim{
	ID:     "negatives",
	Belief: "Negatives must be many other images, and positives need semantic augmentations.",
	Prediction: "SimCLR with other images as negatives and the full set of augmentations beats, by more than the margin, SimCLR " +
		"whose negatives are parts of the anchor's own image and whose positives differ by Gaussian noise alone.",
	Decision: "Accuracy of SimCLR with the batch as negatives and full views less that of the best instance variant (chosen on " +
		"validation among kinds of negatives, noise and temperature), paired over seeds. The variants less the untrained encoder say " +
		"whether they learn at all. The paper does not give sigma, patch size or the number of negatives: ours are swept.",
	Plan: planNegatives,
}

func planNegatives(s Scale) Plan {
	instance := func(label, kind string, noise, temperature float64, k int) Candidate {
		return Candidate{label, with(s.base(), func(c *sslx.Config) {
			c.Objective = objective.Config{Name: "simclr", Temperature: temperature, Negatives: kind, NegativesK: k}
			if noise > 0 {
				view := augment.Config{Noise: noise}
				c.Views = augment.Views{view, view}
			}
		})}
	}
	arms := []Arm{{Name: "batch, full", Candidates: []Candidate{{"base", s.base()}}, Floors: true}}
	if s == Smoke {
		arms = append(arms, Arm{Name: "patch-fixed, noise", Candidates: []Candidate{instance("sigma 0.1", "patch-fixed", 0.1, 0.2, 0)}})
		return s.plan(arms, Comparison{"batch, full over patch-fixed, noise", "batch, full", "patch-fixed, noise"})
	}
	arms = append(arms,
		Arm{Name: "batch, noise", Candidates: []Candidate{
			instance("sigma 0.05", "", 0.05, 0.2, 0), instance("sigma 0.2", "", 0.2, 0.2, 0), instance("sigma 0.5", "", 0.5, 0.2, 0)}},
		Arm{Name: "crop-same, full", Candidates: []Candidate{
			instance("k 1", "crop-same", 0, 0.2, 1), instance("k 4", "crop-same", 0, 0.2, 4)}},
		Arm{Name: "crop-same, noise", Candidates: []Candidate{
			instance("sigma 0.1", "crop-same", 0.1, 0.2, 2), instance("sigma 0.5", "crop-same", 0.5, 0.2, 2)}},
		Arm{Name: "patch-same, noise", Candidates: []Candidate{
			instance("sigma 0.1", "patch-same", 0.1, 0.2, 1), instance("sigma 0.5", "patch-same", 0.5, 0.2, 1),
			instance("sigma 0.5, temperature 1", "patch-same", 0.5, 1, 1)}},
		Arm{Name: "patch-fixed, noise", Candidates: []Candidate{
			instance("sigma 0.1", "patch-fixed", 0.1, 0.2, 0), instance("sigma 0.5", "patch-fixed", 0.5, 0.2, 0),
			instance("sigma 0.5, temperature 1", "patch-fixed", 0.5, 1, 0)}},
	)
	var comparisons []Comparison
	for _, name := range []string{"patch-same, noise", "patch-fixed, noise", "crop-same, noise", "crop-same, full", "batch, noise"} {
		comparisons = append(comparisons, Comparison{"batch, full over " + name, "batch, full", name})
	}
	for _, name := range []string{"patch-same, noise", "patch-fixed, noise", "crop-same, noise", "crop-same, full", "batch, noise"} {
		comparisons = append(comparisons, Comparison{name + " over untrained", name, FloorUntrained})
	}
	return s.plan(arms, comparisons...)
}
