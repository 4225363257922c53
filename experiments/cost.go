package experiments

import (
	"fmt"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// cost is misconception 3.5 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986): section FFCV-SSL and figure 1.
var cost = Claim{
	ID:     "cost",
	Belief: "It takes a cluster, and full-resolution training from the first step to the last.",
	Prediction: "Training that grows from small views to full ones loses, after as many images, more than the margin to training " +
		"at full resolution, whose steps cost more.",
	Decision: "Accuracy at full resolution less that of growing resolution, paired over seeds, after the same number of images. The " +
		"seconds of training and the share spent waiting stand beside it; the speed against PyTorch pipelines is in docs/performance.md.",
	Limits: []string{
		"At the cpu scale \"full resolution\" is 24 of the images' 32 pixels.",
		"The cluster in the belief enters no number: only the resolution is tested.",
	},
	Plan: planCost,
}

func planCost(s Scale) Plan {
	full := pick(s, 16, 24, 32, 224)
	small := pick(s, 8, 12, 16, 160)
	epochs := pick(s, 2, 2, 200, 100)
	grow := []pretrain.Resolution{{Size: small}, {Epoch: epochs / 3, Size: (full + small) / 2}, {Epoch: epochs - (epochs+2)/3, Size: full}}
	if epochs == 2 {
		grow = []pretrain.Resolution{{Size: small}, {Epoch: 1, Size: full}}
	}
	arm := func(name string, batch int, sizes []pretrain.Resolution) Arm {
		return Arm{Name: name, Candidates: []Candidate{{"base", with(s.base(), func(c *sslx.Config) {
			c.Epochs, c.Resolutions = epochs, sizes
			if batch != c.Batch && (s == Smoke || s == CPU) {
				c.Optimizer = adamw(batch)
			}
			c.Batch = batch
		})}}}
	}
	batch := s.base().Batch
	constant, growing := fmt.Sprintf("constant %d", full), fmt.Sprintf("growing %d to %d", small, full)
	arms := []Arm{arm(constant, batch, []pretrain.Resolution{{Size: full}}), arm(growing, batch, grow)}
	arms[0].Floors = true
	comparisons := []Comparison{{"constant over growing resolution", constant, growing}}
	if s == CPU || s == GPU {
		low, large := fmt.Sprintf("constant %d", small), fmt.Sprintf("constant %d, batch 1024", full)
		arms = append(arms, arm(low, batch, []pretrain.Resolution{{Size: small}}), arm(large, 1024, []pretrain.Resolution{{Size: full}}))
		comparisons = append(comparisons, Comparison{"full over low resolution", constant, low},
			Comparison{"large over small batch", large, constant})
	}
	p := s.plan(arms, comparisons...)
	if s == CPU {
		p.Seeds = append(p.Seeds, 6, 7, 8)
	}
	return p
}
