package experiments

import (
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Scale is how much is spent on a claim.
type Scale string

// The scales. Smoke takes a minute or two and shows that all works: its verdicts are worth nothing. CPU takes hours on
// two cores, GPU a day on one, Paper is ImageNet with ResNet-50.
const (
	Smoke Scale = "smoke"
	CPU   Scale = "cpu"
	GPU   Scale = "gpu"
	Paper Scale = "paper"
)

// Scales returns all scales, the cheapest first.
func Scales() []Scale { return []Scale{Smoke, CPU, GPU, Paper} }

// ScaleNamed returns the scale of a name, or a usage error with the nearest one.
func ScaleNamed(name string) (Scale, error) {
	var names []string
	for _, s := range Scales() {
		if string(s) == name {
			return s, nil
		}
		names = append(names, string(s))
	}
	return "", usage.Unknown("scale", name, names)
}

// pick returns what belongs to the scale: for smoke, cpu, gpu and paper.
func pick[T any](s Scale, smoke, cpu, gpu, paper T) T {
	return map[Scale]T{Smoke: smoke, CPU: cpu, GPU: gpu, Paper: paper}[s]
}

// base is the configuration that the arms of a scale change: SimCLR.
func (s Scale) base() sslx.Config {
	c := sslx.Default()
	c.Views = augment.MustPreset("cifar")
	c.Objective = objective.Config{Name: "simclr", Temperature: 0.2}
	c.LogSteps, c.CheckpointSeconds = 50, 30
	switch s {
	case Smoke:
		c.Data, c.Epochs, c.Batch = "factors", 1, 256
		c.Encoder, c.Projector = encoder.Config{Name: "convnet", Width: 8}, []int{64, 32}
		c.Resolutions = []pretrain.Resolution{{Size: 16}}
		c.Optimizer = adamw(c.Batch)
		c.LogSteps = 20
	case CPU:
		c.Data, c.Epochs, c.Batch = "cifar10", 2, 64
		c.Encoder, c.Projector = encoder.Config{Name: "convnet", Width: 16}, []int{256, 128}
		c.Resolutions = []pretrain.Resolution{{Size: 24}}
		c.Optimizer = adamw(c.Batch)
	case GPU:
		c.Data, c.Epochs, c.Batch = "cifar10", 200, 256
		c.Encoder, c.Projector = encoder.Config{Name: "resnet18"}, []int{2048, 256}
		c.Optimizer = optimizer.Config{Name: "sgd", LR: 0.3, Scale: "linear", WeightDecay: 5e-4, Momentum: 0.9,
			WarmupEpochs: 10}
		c.CheckpointSeconds = 300
	case Paper:
		c.Data, c.Size, c.Epochs, c.Batch = "imagenet", 224, 100, 256
		c.Encoder, c.Projector = encoder.Config{Name: "resnet50"}, []int{8192, 8192, 8192}
		c.Objective.Temperature = 0.15
		c.Views = augment.MustPreset("paper")
		c.Optimizer = optimizer.Config{Name: "lars", LR: 1, Scale: "linear", WeightDecay: 1e-6, Momentum: 0.9, WarmupEpochs: 10}
		c.Stream, c.CheckpointSeconds = true, 600
	}
	return c
}

// adamw is AdamW with a learning rate that grows with the square root of the batch, 0.002 at 64 images.
func adamw(batch int) optimizer.Config {
	lr := map[int]float64{16: 1e-3, 64: 2e-3, 256: 4e-3, 1024: 8e-3}[batch]
	return optimizer.Config{Name: "adamw", LR: lr, Scale: "none", WeightDecay: 5e-4, WarmupEpochs: 0.1}
}

// with returns a copy of the configuration that change was made to. What it shares with the original is copied first.
func with(c sslx.Config, change func(*sslx.Config)) sslx.Config {
	c.Views = append(augment.Views{}, c.Views...)
	c.Projector = append([]int{}, c.Projector...)
	change(&c)
	return c
}

// tasks are those that claims are measured on, the one that decides first.
func (s Scale) tasks() []string {
	return pick(s,
		[]string{"shape", "texture"},
		[]string{"class", "cifar100s/coarse", "eurosat5k", "gtsrb32", "dtd10", "made-rotation", "made-gray"},
		[]string{"class", "cifar100s/coarse", "eurosat5k", "gtsrb32", "dtd10", "made-rotation", "made-gray"},
		[]string{"class", "cifar10", "cifar100", "eurosat", "gtsrb", "dtd"})
}

// protocols are those that claims are measured by, the one that decides first.
func (s Scale) protocols() []string {
	return pick(s, []string{evaluate.ProtocolKNN}, []string{evaluate.ProtocolKNN, evaluate.ProtocolLinear},
		[]string{evaluate.ProtocolLinear, evaluate.ProtocolKNN}, []string{evaluate.ProtocolLinear, evaluate.ProtocolKNN})
}

// seeds are those of the final runs, tuneSeeds those of the choice of hyper-parameters.
func (s Scale) seeds() []uint64 {
	return pick(s, []uint64{1, 2}, []uint64{1, 2, 3, 4, 5}, []uint64{1, 2, 3, 4, 5}, []uint64{1, 2, 3})
}

func (s Scale) tuneSeeds() []uint64 { return []uint64{101} }

// plan returns a plan of the scale with the usual seeds, tasks, protocols and margin.
func (s Scale) plan(arms []Arm, comparisons ...Comparison) Plan {
	return Plan{Scale: s, Arms: arms, TuneSeeds: s.tuneSeeds(), Seeds: s.seeds(), Tasks: s.tasks(),
		Protocols: s.protocols(), Comparisons: comparisons, Margin: 2}
}
