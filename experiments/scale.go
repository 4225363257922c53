package experiments

import (
	"math"

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

// The scales. Smoke takes a minute or two and checks that everything runs: it gives no verdict. CPU takes hours on two
// cores, GPU a day on one. Paper is ImageNet with ResNet-50.
const (
	Smoke Scale = "smoke"
	CPU   Scale = "cpu"
	GPU   Scale = "gpu"
	Paper Scale = "paper"
)

// Scales returns all scales, the cheapest first.
func Scales() []Scale { return []Scale{Smoke, CPU, GPU, Paper} }

// ScaleNamed returns the scale of a name, or a usage error that suggests the nearest one.
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

// Pick returns the value for the scale s out of one for each scale.
func Pick[T any](s Scale, smoke, cpu, gpu, paper T) T {
	return map[Scale]T{Smoke: smoke, CPU: cpu, GPU: gpu, Paper: paper}[s]
}

// Base returns the configuration that the arms of a scale change: SimCLR on the data, with the encoder and for the number
// of epochs of the scale.
func Base(s Scale) sslx.Config {
	c := sslx.Default()
	c.Views = augment.MustPreset("cifar")
	c.Objective = objective.SimCLR{Temperature: 0.2}
	c.LogSteps, c.CheckpointSeconds = 50, 30

	switch s {
	case Smoke:
		c.Data, c.Epochs, c.Batch = "factors", 1, 256
		c.Encoder, c.Projector = encoder.ConvNet{Width: 8}, []int{64, 32}
		c.Resolutions = []pretrain.Resolution{{Size: 16}}
		c.Optimizer = AdamW(c.Batch)
		c.LogSteps = 20
	case CPU:
		c.Data, c.Epochs, c.Batch = "cifar10", 2, 64
		c.Encoder, c.Projector = encoder.ConvNet{Width: 16}, []int{256, 128}
		c.Resolutions = []pretrain.Resolution{{Size: 24}}
		c.Optimizer = AdamW(c.Batch)
	case GPU:
		c.Data, c.Epochs, c.Batch = "cifar10", 200, 256
		c.Encoder, c.Projector = encoder.ResNet18{Width: 64}, []int{2048, 256}
		c.Optimizer = optimizer.Config{Rule: optimizer.SGD{Momentum: 0.9}, LR: 0.3, Scale: "linear", WeightDecay: 5e-4,
			WarmupEpochs: 10}
		c.CheckpointSeconds = 300
	case Paper:
		c.Data, c.Size, c.Epochs, c.Batch = "imagenet", 224, 100, 256
		c.Encoder, c.Projector = encoder.ResNet50{Width: 64}, []int{8192, 8192, 8192}
		c.Objective = objective.SimCLR{Temperature: 0.15}
		c.Views = augment.MustPreset("paper")
		c.Optimizer = optimizer.Config{Rule: optimizer.LARS{Momentum: 0.9}, LR: 1, Scale: "linear", WeightDecay: 1e-6, WarmupEpochs: 10}
		c.Stream, c.CheckpointSeconds = true, 600
	}
	return c.Resolved()
}

// AdamW returns AdamW as the cheap scales use it: its learning rate grows with the square root of the batch, 0.002 at 64
// images.
func AdamW(batch int) optimizer.Config {
	return optimizer.Config{Rule: optimizer.AdamW{}, LR: 2e-3 * math.Sqrt(float64(batch)/64), Scale: "none", WeightDecay: 5e-4, WarmupEpochs: 0.1}
}

// Tasks are measured by the claims at the scale, the one that decides first.
func (s Scale) Tasks() []string {
	return Pick(s,
		[]string{"shape", "texture"},
		[]string{"class", "cifar100s/coarse", "eurosat5k", "gtsrb32", "dtd10", "made-rotation", "made-gray"},
		[]string{"class", "cifar100s/coarse", "eurosat5k", "gtsrb32", "dtd10", "made-rotation", "made-gray"},
		[]string{"class", "cifar10", "cifar100", "eurosat", "gtsrb", "dtd"})
}

// Protocols measure the tasks of the claims at the scale, the one that decides first.
func (s Scale) Protocols() []string {
	return Pick(s,
		[]string{evaluate.ProtocolKNN},
		[]string{evaluate.ProtocolKNN, evaluate.ProtocolLinear},
		[]string{evaluate.ProtocolLinear, evaluate.ProtocolKNN},
		[]string{evaluate.ProtocolLinear, evaluate.ProtocolKNN})
}

// Seeds are the seeds of the runs that are measured on test.
func (s Scale) Seeds() []uint64 {
	return Pick(s, []uint64{1, 2}, []uint64{1, 2, 3, 4, 5}, []uint64{1, 2, 3, 4, 5}, []uint64{1, 2, 3})
}

// TuneSeeds are the seeds of the runs that choose hyper-parameters on validation images.
func (s Scale) TuneSeeds() []uint64 { return []uint64{101} }
