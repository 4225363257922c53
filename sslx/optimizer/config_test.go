package optimizer

import (
	"encoding/json"
	"math"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

// unnamed is a rule that is not registered.
type unnamed struct{ SGD }

func TestConfig_CheckSaysWhatIsWrong(t *testing.T) {
	good := Config{Rule: SGD{Momentum: 0.9}, LR: 0.3, Scale: "linear", WeightDecay: 1e-4, WarmupEpochs: 0.5}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Rule = nil }, "there is no optimizer: set optimizer.name to one of [adamw lars sgd]"},
		{func(c *Config) { c.Rule = unnamed{} }, "optimizer optimizer.unnamed has no name: register it first"},
		{func(c *Config) { c.Scale = "liner" }, `unknown optimizer.scale "liner": did you mean "linear"?`},
		{func(c *Config) { c.Scale = "" }, `unknown optimizer.scale "": it must be one of linear, none, sqrt`},
		{func(c *Config) { c.LR = 0 }, "optimizer.lr is 0: it must be positive"},
		{func(c *Config) { c.LR = math.NaN() }, "optimizer.lr is NaN: it must be positive"},
		{func(c *Config) { c.LR = math.Inf(1) }, "optimizer.lr is +Inf: it must be positive"},
		{func(c *Config) { c.WeightDecay = -1 }, "optimizer.weight_decay is -1: it must be 0 or more"},
		{func(c *Config) { c.WeightDecay = math.Inf(1) }, "optimizer.weight_decay is +Inf: it must be 0 or more"},
		{func(c *Config) { c.Rule = SGD{Momentum: 1} }, "optimizer.momentum is 1: it must be in [0, 1)"},
		{func(c *Config) { c.Rule = LARS{Momentum: -0.1} }, "optimizer.momentum is -0.1: it must be in [0, 1)"},
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

func TestConfig_IsOneMapping(t *testing.T) {
	c := Config{Rule: LARS{Momentum: 0.8}, LR: 0.3, Scale: "linear", WeightDecay: 1e-6, WarmupEpochs: 10}
	text, err := yaml.Marshal(c)
	want := "name: lars\nlr: 0.3\nscale: linear\nweight_decay: 1e-06\nwarmup_epochs: 10\nmomentum: 0.8\n"
	if err != nil || string(text) != want {
		t.Errorf("%s (%v), want %s", text, err, want)
	}
	var back Config
	if err := yaml.Unmarshal(text, &back); err != nil || back != c {
		t.Errorf("%+v (%v), want %+v", back, err, c)
	}

	text, err = json.Marshal(c)
	want = `{"name":"lars","lr":0.3,"scale":"linear","weight_decay":0.000001,"warmup_epochs":10,"momentum":0.8}`
	if err != nil || string(text) != want {
		t.Errorf("%s (%v), want %s", text, err, want)
	}
	back = Config{}
	if err := json.Unmarshal(text, &back); err != nil || back != c {
		t.Errorf("%+v (%v), want %+v", back, err, c)
	}
}

func TestConfig_AnotherRuleStartsFromItsOwnParameters(t *testing.T) {
	start := Config{Rule: SGD{Momentum: 0.5}, LR: 0.3, Scale: "linear"}
	for _, c := range []struct {
		text string
		want Config
	}{
		{"{lr: 1}", Config{Rule: SGD{Momentum: 0.5}, LR: 1, Scale: "linear"}},
		{"{name: sgd}", start},
		{"{name: lars}", Config{Rule: LARS{Momentum: 0.9}, LR: 0.3, Scale: "linear"}},
		{"{name: adamw, scale: none}", Config{Rule: AdamW{}, LR: 0.3, Scale: "none"}},
		{"adamw", Config{Rule: AdamW{}, LR: 0.3, Scale: "linear"}},
	} {
		got := start
		if err := yaml.Unmarshal([]byte(c.text), &got); err != nil || got != c.want {
			t.Errorf("%s: %+v (%v), want %+v", c.text, got, err, c.want)
		}
	}

	got := start
	err := yaml.Unmarshal([]byte("{name: adamw, momentum: 0.9}"), &got)
	want := "optimizer.momentum is a parameter that adamw does not use: leave it out"
	if err == nil || err.Error() != want || got != start {
		t.Errorf("%+v, %v, want %q", got, err, want)
	}
}

// Records once gave a momentum to every rule.
func TestConfig_ARecordWithAMomentumThatAdamWDoesNotUse(t *testing.T) {
	var c Config
	err := json.Unmarshal([]byte(`{"name":"adamw","lr":0.002,"scale":"none","weight_decay":0.0005,"momentum":0.9,
		"warmup_epochs":0.1}`), &c)
	want := Config{Rule: AdamW{}, LR: 0.002, Scale: "none", WeightDecay: 5e-4, WarmupEpochs: 0.1}
	if err != nil || c != want {
		t.Errorf("%+v (%v), want %+v", c, err, want)
	}
}
