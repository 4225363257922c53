package optimizer

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestCheckSaysWhatIsWrong(t *testing.T) {
	good := Config{Name: "sgd", LR: 0.3, Scale: "linear", WeightDecay: 1e-4, Momentum: 0.9, WarmupEpochs: 0.5}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Name = "adam" }, `unknown optimizer "adam": did you mean "adamw"?`},
		{func(c *Config) { c.Name = "rmsprop" }, `unknown optimizer "rmsprop": it must be one of adamw, lars, sgd`},
		{func(c *Config) { c.Scale = "liner" }, `unknown optimizer.scale "liner": did you mean "linear"?`},
		{func(c *Config) { c.Scale = "" }, `unknown optimizer.scale "": it must be one of linear, none, sqrt`},
		{func(c *Config) { c.LR = 0 }, "optimizer.lr is 0: it must be positive"},
		{func(c *Config) { c.LR = math.NaN() }, "optimizer.lr is NaN: it must be positive"},
		{func(c *Config) { c.LR = math.Inf(1) }, "optimizer.lr is +Inf: it must be positive"},
		{func(c *Config) { c.WeightDecay = -1 }, "optimizer.weight_decay is -1: it must be 0 or more"},
		{func(c *Config) { c.WeightDecay = math.Inf(1) }, "optimizer.weight_decay is +Inf: it must be 0 or more"},
		{func(c *Config) { c.Momentum = 1 }, "optimizer.momentum is 1: it must be in [0, 1)"},
		{func(c *Config) { c.WarmupEpochs = -0.5 }, "optimizer.warmup_epochs is -0.5: it must be 0 or more"},
		{func(c *Config) { c.WarmupEpochs = math.Inf(1) }, "optimizer.warmup_epochs is +Inf: it must be 0 or more"},
	} {
		bad := good
		c.change(&bad)
		if err := bad.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", bad, err, c.want)
		}
	}
}
