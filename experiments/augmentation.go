package experiments

import (
	"fmt"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// augmentation is misconception 3.2 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var augmentation = Claim{
	ID:         "augmentation",
	Belief:     "Strong, slow augmentations are required.",
	Prediction: "The full set of augmentations beats crops with grayscale, which are cheap, by more than the margin.",
	Decision: "SimCLR: accuracy with the full set less that with crops and grayscale, paired over seeds. Every subset is measured with " +
		"three methods on every task: which task loses by which augmentation is the rest of the answer.",
	Limits: []string{
		"No arm is tuned, while the paper's point is that properly tuned arms differ little. Crops with grayscale need a gray " +
			"probability, crop scale, temperature and learning rate of their own.",
	},
	Plan: planAugmentation,
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

func planAugmentation(s Scale) Plan {
	methods := pick(s, []string{"simclr"}, []string{"simclr", "vicreg", "barlow"}, []string{"simclr", "vicreg", "barlow"},
		[]string{"simclr", "vicreg", "barlow"})
	var arms []Arm
	var comparisons []Comparison
	for _, method := range methods {
		name := func(subset string) string { return fmt.Sprintf("%s %s", method, subset) }
		for _, subset := range subsets {
			if s == Smoke && subset.name != "crop+gray" && subset.name != "full" {
				continue
			}
			c := with(s.method(method), func(c *sslx.Config) {
				if s == Paper && subset.name == "full" {
					return // blur and solarize too, as in the paper
				}
				c.Views = augment.Views{subset.view, subset.view}
			})
			arms = append(arms, Arm{Name: name(subset.name), Candidates: []Candidate{{"base", c}},
				Floors: method == "simclr" && subset.name == "full"})
		}
		comparisons = append(comparisons, Comparison{method + ", full over crop+gray", name("full"), name("crop+gray")})
		for _, subset := range []string{"noise", "crop", "crop+jitter"} {
			if s != Smoke {
				comparisons = append(comparisons, Comparison{method + ", full over " + subset, name("full"), name(subset)})
			}
		}
	}
	return s.plan(arms, comparisons...)
}

// method returns the base configuration of a method.
func (s Scale) method(name string) sslx.Config {
	return with(s.base(), func(c *sslx.Config) {
		switch name {
		case "barlow":
			c.Objective = barlow()
		case "vicreg":
			c.Objective = objective.Config{Name: "vicreg"}
		}
		if name != "simclr" && s == CPU {
			c.Projector = []int{512, 512}
		}
	})
}

// barlow is Barlow Twins as solo-learn scales it.
func barlow() objective.Config { return objective.Config{Name: "barlow", Scale: 0.1} }
