package experiments

import (
	"math"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/optimizer"
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

// Base returns the configuration that the arms of a scale change: the recipe named after the scale, claims-cpu for
// [CPU]. It is SimCLR on the data, with the encoder and for the number of epochs of the scale.
func Base(s Scale) sslx.Config {
	c, err := sslx.ReadConfig("claims-"+string(s), nil)
	if err != nil {
		panic(err) // the recipes are part of the program
	}
	return c.Resolved()
}

// AdamW returns AdamW as the claims use it: its learning rate grows with the square root of the batch, 0.002 at 64
// images.
func AdamW(batch int) optimizer.Config {
	return optimizer.Config{Rule: optimizer.AdamW{}, LR: 2e-3 * math.Sqrt(float64(batch)/64), Scale: "none",
		WeightDecay: 5e-4, WarmupEpochs: 0.1}
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
