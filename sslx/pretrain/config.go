package pretrain

import (
	"math"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Config is everything that decides a run.
type Config struct {
	// Data is what to train on: a name, a pack or a source (package dataset, Locate).
	Data string `yaml:"data" json:"data"`

	// Size is the height and width that images are brought to when they are imported; 0 keeps their own.
	Size int `yaml:"size" json:"size"`

	// Seed decides initial values, order and views.
	Seed uint64 `yaml:"seed" json:"seed"`

	// Epochs is the number of passes over the training images; positive.
	Epochs int `yaml:"epochs" json:"epochs"`

	// Batch is the number of images in a step, each with two views; at least 2. The last, partial batch of an epoch
	// is dropped.
	Batch int `yaml:"batch" json:"batch"`

	Views     augment.Config   `yaml:"views" json:"views"`
	Encoder   encoder.Config   `yaml:"encoder" json:"encoder"`
	Projector []int            `yaml:"projector,flow" json:"projector"` // widths of the projector's layers
	Objective objective.Config `yaml:"objective" json:"objective"`
	Optimizer optimizer.Config `yaml:"optimizer" json:"optimizer"`
	Probe     Probe            `yaml:"probe" json:"probe"`

	// LogSteps is the number of steps between two lines of the log; positive.
	LogSteps int `yaml:"log_steps" json:"log_steps"`

	// CheckpointSeconds is the time between two checkpoints; 0 makes one at the end only.
	CheckpointSeconds float64 `yaml:"checkpoint_seconds" json:"checkpoint_seconds"`
}

// Probe is the online linear probe: a linear classifier trained beside the encoder on its representation of the first
// view, without a gradient to the encoder (Bordes et al. 2023, code).
type Probe struct {
	// Task is the label that it learns: "" is the first task of the data, "none" leaves the probe out.
	Task string `yaml:"task" json:"task"`

	// LR is the learning rate of its AdamW; positive.
	LR float64 `yaml:"lr" json:"lr"`
}

// NoProbe is the task that leaves the online probe out.
const NoProbe = "none"

// Default returns the configuration that everything not set is taken from: SimCLR on the built-in images.
func Default() Config {
	return Config{
		Data:      "factors",
		Epochs:    10,
		Batch:     256,
		Views:     augment.Config{CropScale: 0.2, Flip: 0.5, Jitter: 0.5, Gray: 0.2},
		Encoder:   encoder.Config{Name: "convnet"},
		Projector: []int{256, 128},
		Objective: objective.Config{Name: "simclr", Temperature: 0.2},
		Optimizer: optimizer.Config{Name: "sgd", LR: 0.3, Scale: "linear", WeightDecay: 5e-4, Momentum: 0.9,
			WarmupEpochs: 0.5},
		Probe:             Probe{LR: 1e-3},
		LogSteps:          10,
		CheckpointSeconds: 60,
	}
}

// Check returns an error of package usage that names the first value out of range.
func (c Config) Check() error {
	for _, f := range []struct {
		name string
		ok   bool
		v    any
		want string
	}{
		{"data", c.Data != "", `""`, "the name or path of a data set"},
		{"size", c.Size >= 0, c.Size, "0 or more"},
		{"epochs", c.Epochs > 0, c.Epochs, "positive"},
		{"batch", c.Batch >= 2, c.Batch, "2 or more"},
		{"probe.lr", c.Probe.LR > 0 && c.Probe.LR <= math.MaxFloat32, c.Probe.LR, "positive"},
		{"log_steps", c.LogSteps > 0, c.LogSteps, "positive"},
		{"checkpoint_seconds", c.CheckpointSeconds >= 0 && c.CheckpointSeconds <= math.MaxFloat64, c.CheckpointSeconds,
			"0 or more"},
	} {
		if !f.ok {
			return usage.Errorf("%s is %v: it must be %s", f.name, f.v, f.want)
		}
	}
	for _, width := range c.Projector {
		if width <= 0 {
			return usage.Errorf("projector has a layer of width %d: widths must be positive", width)
		}
	}
	for _, check := range []func() error{c.Views.Check, c.Encoder.Check, c.Objective.Check, c.Optimizer.Check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
