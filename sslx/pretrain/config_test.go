package pretrain

import (
	"math"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

func TestDefault_IsValid(t *testing.T) {
	if err := Default().Check(); err != nil {
		t.Error(err)
	}
}

func TestConfig_CheckNewRefusesAWarmUpThatIsLongerThanTheTraining(t *testing.T) {
	c := Default()
	c.Epochs, c.Optimizer.WarmupEpochs = 5, 10
	err := c.CheckNew()
	if !usage.Is(err) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"optimizer.warmup_epochs is 10", "5 epochs", "warmup_epochs to 0.5", "more than 10"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in %v", part, err)
		}
	}

	// A run that began with it resumes.
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if c.Optimizer.WarmupEpochs = 5; c.CheckNew() != nil {
		t.Error("a warm-up as long as the training is refused")
	}
	if _, err := ReadConfig("", []string{"epochs=2", "optimizer.warmup_epochs=3"}); !usage.Is(err) {
		t.Errorf("a configuration with it is read: %v", err)
	}
}

func TestConfig_CheckNamesAValueOutOfRange(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"data":          func(c *Config) { c.Data = "" },
		"size":          func(c *Config) { c.Size = -1 },
		"epochs":        func(c *Config) { c.Epochs = 0 },
		"epochs is 9":   func(c *Config) { c.Epochs = math.MaxInt }, // times the steps of an epoch it is negative
		"batch":         func(c *Config) { c.Batch = 1 },
		"chunk":         func(c *Config) { c.Chunk = 100 },
		"chunk is 1":    func(c *Config) { c.Chunk = 1 },
		"and devices 2": func(c *Config) { c.Chunk, c.Devices = 64, 2 },
		"one embedding": func(c *Config) {
			c.Chunk = 64
			c.Objective = objective.SimCLR{Temperature: 1, Negatives: objective.Negatives{Kind: "patch-fixed"}}
		},
		"probe.lr":           func(c *Config) { c.Probe.LR = math.NaN() },
		"log_steps":          func(c *Config) { c.LogSteps = 0 },
		"checkpoint_seconds": func(c *Config) { c.CheckpointSeconds = math.Inf(1) },
		"projector":          func(c *Config) { c.Projector = []int{8, 0} },
		"views[1].flip":      func(c *Config) { c.Views[1].Flip = 1.5 },
		"views":              func(c *Config) { c.Views = c.Views[:1] },
		"predictor":          func(c *Config) { c.Predictor = []int{8} },
		"devices":            func(c *Config) { c.Devices = 3 },
		"objective.queue": func(c *Config) {
			c.Objective = objective.MoCo{Temperature: 1, EMA: 0.9, Queue: c.Batch + 1}
		},
		"must be of epoch 0": func(c *Config) { c.Resolutions = []Resolution{{1, 16}} },
		"put them in order":  func(c *Config) { c.Resolutions = []Resolution{{0, 16}, {2, 24}, {2, 32}} },
		"resolutions":        func(c *Config) { c.Resolutions = []Resolution{{0, 7}} },
		"precision":          func(c *Config) { c.Precision = "float16" },
		"encoder":            func(c *Config) { c.Encoder = nil },
		"encoder.width":      func(c *Config) { c.Encoder = encoder.ConvNet{Width: -4} },
		"objective":          func(c *Config) { c.Objective = nil },
		"temperature":        func(c *Config) { c.Objective = objective.SimCLR{Temperature: -1} },
		"optimizer":          func(c *Config) { c.Optimizer.Rule = nil },
		"optimizer.lr":       func(c *Config) { c.Optimizer.LR = 0 },
		"optimizer.momentum": func(c *Config) { c.Optimizer.Rule = optimizer.SGD{Momentum: 1} },
	} {
		c := Default()
		change(&c)
		if err := c.Check(); !usage.Is(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
