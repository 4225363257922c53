package optimizer

import "math"

var scales = map[string]func(ratio float64) float64{
	"linear": func(ratio float64) float64 { return ratio },
	"sqrt":   math.Sqrt,
	"none":   func(float64) float64 { return 1 },
}

// Schedule is a linear warm-up from 0 to the peak and a cosine from there to 0 (Loshchilov and Hutter 2017,
// https://arxiv.org/abs/1608.03983, without restarts).
type Schedule struct {
	Peak          float64 // the largest learning rate
	Warmup, Steps int     // the steps of the warm-up and of the whole training
}

// Schedule returns the schedule for a batch of so many images and a training of so many steps an epoch.
func (c Config) Schedule(batch, stepsPerEpoch, steps int) Schedule {
	return Schedule{
		Peak:   c.LR * scales[c.Scale](float64(batch)/256),
		Warmup: int(min(float64(steps), math.Round(c.WarmupEpochs*float64(stepsPerEpoch)))),
		Steps:  steps,
	}
}

// At returns the learning rate of a step, which counts from 1. It reaches the peak at the last step of the warm-up, and
// 0 after the last step.
func (s Schedule) At(step int) float64 {
	if step <= s.Warmup {
		return s.Peak * float64(step) / float64(s.Warmup)
	}
	progress := float64(step-s.Warmup-1) / float64(max(1, s.Steps-s.Warmup))
	return s.Peak * (1 + math.Cos(math.Pi*min(1, progress))) / 2
}
