package experiments

import (
	"fmt"

	"github.com/sslx-go/lab/sslx"
)

// minibatch is misconception 3.1 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var minibatch = Claim{
	ID:     "minibatch",
	Belief: "SimCLR and Barlow Twins need very large mini-batches.",
	Prediction: "For the same number of images seen, the largest batch beats a small one by more than the margin, also when the " +
		"learning rate, the temperature and the depth of the projector are tuned at each batch size.",
	Decision: "Tuned SimCLR: accuracy at the largest batch less that at the small one, paired over seeds. The untuned gap " +
		"(everything of the largest batch, its learning rate scaled linearly) is reported beside it: the paper's point is the " +
		"difference between the two.",
	Limits: []string{
		"The untuned arms scale AdamW's learning rate linearly, where its square root is right: that rule alone makes the untuned gap.",
		"Barlow Twins at batch 1024 is not fully tuned: its best values lie at the edge of their grids.",
		"At the cpu scale, two epochs are only 96 steps of 1024 images.",
	},
	Plan: planMinibatch,
}

func planMinibatch(s Scale) Plan {
	batches := pick(s, []int{64, 256}, []int{16, 64, 256, 1024}, []int{64, 256, 1024}, []int{256, 2048})
	methods := pick(s, []string{"simclr"}, []string{"simclr", "barlow"}, []string{"simclr", "barlow"}, []string{"simclr"})
	largest := batches[len(batches)-1]
	var arms []Arm
	var comparisons []Comparison
	name := func(method string, batch int) string { return fmt.Sprintf("%s %d", method, batch) }
	for _, method := range methods {
		for _, batch := range batches {
			arms = append(arms, Arm{Name: name(method, batch), Candidates: s.tuning(method, batch),
				Floors: method == "simclr" && batch == largest})
		}
		small := batches[max(0, len(batches)-3)]
		for _, batch := range batches[:len(batches)-1] {
			untuned := name(method, batch) + " untuned"
			arms = append(arms, Arm{Name: untuned, After: name(method, largest), From: func(c sslx.Config) sslx.Config {
				return with(c, func(c *sslx.Config) {
					c.Batch = batch
					if c.Optimizer.Scale == "none" {
						c.Optimizer.LR *= float64(batch) / float64(largest)
					}
				})
			}})
			gap := Comparison{fmt.Sprintf("%s, batch %d over %d, tuned", method, largest, batch), name(method, largest), name(method, batch)}
			if batch == small && method == "simclr" {
				comparisons = append([]Comparison{gap}, comparisons...)
			} else {
				comparisons = append(comparisons, gap)
			}
			comparisons = append(comparisons, Comparison{fmt.Sprintf("%s, batch %d over %d, untuned", method, largest, batch),
				name(method, largest), untuned})
		}
	}
	return s.plan(arms, comparisons...)
}

// tuning returns the candidates of a method at a batch size: the base, and one thing changed at a time.
func (s Scale) tuning(method string, batch int) (candidates []Candidate) {
	base := with(s.base(), func(c *sslx.Config) {
		c.Batch = batch
		if s == Smoke || s == CPU {
			c.Optimizer = adamw(batch)
		}
		if method == "barlow" {
			c.Objective, c.Projector = barlow(), []int{512, 512}
		}
	})
	add := func(label string, change func(*sslx.Config)) {
		candidates = append(candidates, Candidate{label, with(base, change)})
	}
	add("base", func(*sslx.Config) {})
	add("half the learning rate", func(c *sslx.Config) { c.Optimizer.LR /= 2 })
	if s == Smoke {
		return candidates
	}
	add("twice the learning rate", func(c *sslx.Config) { c.Optimizer.LR *= 2 })
	if method == "barlow" {
		add("lambda 0.02", func(c *sslx.Config) { c.Objective.Lambda = 0.02 })
	} else {
		add("temperature 0.1", func(c *sslx.Config) { c.Objective.Temperature = 0.1 })
		add("temperature 0.5", func(c *sslx.Config) { c.Objective.Temperature = 0.5 })
	}
	add("one more layer in the projector", func(c *sslx.Config) { c.Projector = append([]int{c.Projector[0]}, c.Projector...) })
	return candidates
}
