package optimizer

import (
	"maps"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

// Config names an optimizer and its parameters.
type Config struct {
	// Name is "sgd", "lars" or "adamw".
	Name string `yaml:"name" json:"name"`

	// LR is the base learning rate, scaled by the batch as Scale says; positive.
	LR float64 `yaml:"lr" json:"lr"`

	// Scale is "linear" (LR·batch/256, Goyal et al. 2017), "sqrt" (LR·√(batch/256)) or "none".
	Scale string `yaml:"scale" json:"scale"`

	// WeightDecay is the strength of the decay; 0 or more.
	WeightDecay float64 `yaml:"weight_decay" json:"weight_decay"`

	// Momentum of SGD and LARS, in [0, 1).
	Momentum float64 `yaml:"momentum" json:"momentum"`

	// WarmupEpochs is the length of the linear warm-up; 0 or more.
	WarmupEpochs float64 `yaml:"warmup_epochs" json:"warmup_epochs"`
}

// rule returns the new value of a variable. Slots are the rule's own state, of the variable's shape, zero at first.
type rule struct {
	slots  []string
	update func(c Config, s state) (value *Node, slots []*Node)
}

// state is what a rule sees of one variable.
type state struct {
	value, gradient *Node
	slots           []*Node
	lr, step        *Node // scalars; step counts from 1
	decay           bool  // whether weight decay and adaptation apply
}

var rules = map[string]rule{
	"sgd":   {[]string{"momentum"}, sgd},
	"lars":  {[]string{"momentum"}, lars},
	"adamw": {[]string{"first", "second"}, adamW},
}

// Names returns the known optimizers, sorted.
func Names() []string { return slices.Sorted(maps.Keys(rules)) }

// Check returns an error of package usage when a name is unknown or a value out of range.
func (c Config) Check() error {
	if _, ok := rules[c.Name]; !ok {
		return usage.Unknown("optimizer", c.Name, Names())
	}
	if _, ok := scales[c.Scale]; !ok {
		return usage.Unknown("optimizer.scale", c.Scale, slices.Collect(maps.Keys(scales)))
	}
	for _, f := range []struct {
		name string
		ok   bool
		v    float64
		want string
	}{
		{"lr", c.LR > 0 && c.LR < math.Inf(1), c.LR, "positive"},
		{"weight_decay", c.WeightDecay >= 0 && c.WeightDecay < math.Inf(1), c.WeightDecay, "0 or more"},
		{"momentum", c.Momentum >= 0 && c.Momentum < 1, c.Momentum, "in [0, 1)"},
		{"warmup_epochs", c.WarmupEpochs >= 0 && c.WarmupEpochs < math.Inf(1), c.WarmupEpochs, "0 or more"},
	} {
		if !f.ok {
			return usage.Errorf("optimizer.%s is %g: it must be %s", f.name, f.v, f.want)
		}
	}
	return nil
}

// Decays reports whether weight decay (and LARS's adaptation) applies to a variable: it does to kernels, and not to
// biases, scales and offsets, which have one axis.
func Decays(v *model.Variable) bool { return v.Shape().Rank() > 1 }

// Update sets every variable to its value after one step along its gradient. The rule's state lives in scope, under
// the path of each variable. The learning rate lr and the number of the step, from 1, are scalars.
func (c Config) Update(scope *model.Scope, variables []*model.Variable, gradients []*Node, lr, step *Node) {
	r := rules[c.Name]
	for i, v := range variables {
		own := scope.At("%s", model.EscapeScopeName(v.Path()[1:]))
		s := state{value: v.NodeValue(lr), gradient: gradients[i], lr: lr, step: step, decay: Decays(v)}
		slots := make([]*model.Variable, len(r.slots))
		for j, name := range r.slots {
			slots[j] = zeros(own, name, v)
			s.slots = append(s.slots, slots[j].NodeValue(lr))
		}
		value, next := r.update(c, s)
		v.SetNodeValue(value)
		for j := range slots {
			slots[j].SetNodeValue(next[j])
		}
	}
}
