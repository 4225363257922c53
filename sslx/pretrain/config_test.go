package pretrain

import (
	"math"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestTheDefaultConfigurationIsValid(t *testing.T) {
	if err := Default().Check(); err != nil {
		t.Error(err)
	}
}

func TestAValueOutOfRangeIsNamed(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"data":               func(c *Config) { c.Data = "" },
		"size":               func(c *Config) { c.Size = -1 },
		"epochs":             func(c *Config) { c.Epochs = 0 },
		"batch":              func(c *Config) { c.Batch = 1 },
		"probe.lr":           func(c *Config) { c.Probe.LR = math.NaN() },
		"log_steps":          func(c *Config) { c.LogSteps = 0 },
		"checkpoint_seconds": func(c *Config) { c.CheckpointSeconds = math.Inf(1) },
		"projector":          func(c *Config) { c.Projector = []int{8, 0} },
		"views.flip":         func(c *Config) { c.Views.Flip = 1.5 },
		"views.size":         func(c *Config) { c.Views.Size, c.Views.CropScale = 16, 0 },
		"encoder":            func(c *Config) { c.Encoder.Name = "" },
		"encoder.width":      func(c *Config) { c.Encoder.Width = -4 },
		"objective":          func(c *Config) { c.Objective.Name = "simcl" },
		"temperature":        func(c *Config) { c.Objective.Temperature = -1 },
		"optimizer":          func(c *Config) { c.Optimizer.Name = "" },
		"optimizer.lr":       func(c *Config) { c.Optimizer.LR = 0 },
		"optimizer.momentum": func(c *Config) { c.Optimizer.Momentum = 1 },
	} {
		c := Default()
		change(&c)
		if err := c.Check(); !usage.Is(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
