package optimizer

import (
	"fmt"
	"maps"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

// Config is a rule, with what all rules share. In YAML and JSON it is one mapping, in which the rule's name and its
// parameters stand next to the other keys: {name: sgd, lr: 0.3, scale: linear, weight_decay: 0, momentum: 0.9, …}.
type Config struct {
	// Rule is how a variable moves along its gradient.
	Rule Rule

	// LR is the base learning rate, scaled by the batch as Scale says; positive.
	LR float64

	// Scale is "linear" (LR·batch/256, Goyal et al. 2017), "sqrt" (LR·√(batch/256)) or "none".
	Scale string

	// WeightDecay is the strength of the decay; 0 or more.
	WeightDecay float64

	// WarmupEpochs is the length of the linear warm-up; 0 or more.
	WarmupEpochs float64
}

// shared is what stands in the mapping of a Config besides the rule.
type shared struct {
	LR           float64 `yaml:"lr"`
	Scale        string  `yaml:"scale"`
	WeightDecay  float64 `yaml:"weight_decay"`
	WarmupEpochs float64 `yaml:"warmup_epochs"`
}

func (c Config) shared() shared { return shared{c.LR, c.Scale, c.WeightDecay, c.WarmupEpochs} }

func (s shared) with(r Rule) Config { return Config{r, s.LR, s.Scale, s.WeightDecay, s.WarmupEpochs} }

// MarshalYAML returns the mapping of the configuration, every parameter included.
func (c Config) MarshalYAML() (any, error) { return rules.Encode(c.Rule, c.shared()) }

// MarshalJSON is MarshalYAML for JSON.
func (c Config) MarshalJSON() ([]byte, error) { return rules.EncodeJSON(c.Rule, c.shared()) }

// UnmarshalYAML changes what a mapping sets. Naming another rule starts from that rule's parameters. Unknown keys and
// parameters of another rule are errors of package usage.
func (c *Config) UnmarshalYAML(node *yaml.Node) error {
	if len(node.Content) == 0 && node.Kind == yaml.MappingNode {
		return nil // nothing is set: an optimizer without a rule is written like that
	}

	s := c.shared()
	rule, err := rules.Decode(written(node, c.Rule), "optimizer", c.Rule, &s)
	if err == nil {
		*c = s.with(rule)
	}
	return err
}

// UnmarshalJSON is UnmarshalYAML for JSON.
func (c *Config) UnmarshalJSON(text []byte) error { return yaml.Unmarshal(text, c) }

// written returns the mapping of a record: what is read where no rule was before. Records of 2026 and earlier give a
// momentum to every rule; AdamW has none, and did not use it.
func written(node *yaml.Node, before Rule) *yaml.Node {
	name := registry.Value(node, "name")
	if before != nil || name == nil || name.Value != rules.NameOf(AdamW{}) {
		return node
	}
	return registry.Without(node, func(key string, _ *yaml.Node) bool { return key == "momentum" })
}

// Keys returns the keys of the mapping of a Config: those that all rules share, and the parameters of each rule.
func Keys() []string {
	keys := rules.Keys()
	return append(keys, "lr", "scale", "weight_decay", "warmup_epochs")
}

// Check returns an error of package usage when there is no rule, a name is unknown or a value is out of range.
func (c Config) Check() error {
	if err := rules.Check(c.Rule); err != nil {
		return err
	}
	if _, ok := scales[c.Scale]; !ok {
		return usage.Unknown("optimizer.scale", c.Scale, slices.Collect(maps.Keys(scales)))
	}

	// A comparison with NaN is false: every condition says what is right, not what is wrong.
	notNegative := func(v float64) bool { return v >= 0 && v < math.Inf(1) }
	switch {
	case !(c.LR > 0 && c.LR < math.Inf(1)):
		return outOfRange("lr", c.LR, "positive")
	case !notNegative(c.WeightDecay):
		return outOfRange("weight_decay", c.WeightDecay, "0 or more")
	case !notNegative(c.WarmupEpochs):
		return outOfRange("warmup_epochs", c.WarmupEpochs, "0 or more")
	}
	return nil
}

func outOfRange(key string, value float64, want string) error {
	return usage.Errorf("optimizer.%s is %g: it must be %s", key, value, want)
}

// updated returns what the rule makes of a variable.
func (c Config) updated(s State) (value *Node, slots []*Node) {
	defer blame.Part("optimizer " + NameOf(c.Rule))
	value, slots = c.Rule.Update(s)
	if len(slots) != len(s.Slots) {
		panic(fmt.Errorf("it has %d slots and returned %d", len(s.Slots), len(slots)))
	}
	return value, slots
}

// Update sets every variable to its value after one step along its gradient. The rule's state lives in scope, under
// the path of each variable. The learning rate lr and the number of the step, from 1, are scalars.
func (c Config) Update(scope *model.Scope, variables []*model.Variable, gradients []*Node, lr, step *Node) {
	for i, v := range variables {
		own := scope.At("%s", model.EscapeScopeName(v.Path()[1:]))
		p := State{Path: v.Path(), Value: v.NodeValue(lr), Gradient: gradients[i], LR: lr, Step: step,
			Decays: Decays(v), WeightDecay: c.WeightDecay}

		// The rule's state of the variable.
		names := c.Rule.Slots()
		slots := make([]*model.Variable, len(names))
		for j, name := range names {
			slots[j] = zeros(own, name, v)
			p.Slots = append(p.Slots, slots[j].NodeValue(lr))
		}

		value, next := c.updated(p)
		v.SetNodeValue(value)
		for j := range slots {
			slots[j].SetNodeValue(next[j])
		}
	}
}

// Decays reports whether weight decay (and LARS's adaptation) applies to a variable: it does to kernels, and not to
// biases, scales and offsets, which have one axis.
func Decays(v *model.Variable) bool { return v.Shape().Rank() > 1 }

// zeros returns the non-trainable variable of like's shape in scope, zero when it is new.
func zeros(scope *model.Scope, name string, like *model.Variable) *model.Variable {
	v := scope.GetVariable(name)
	if v == nil {
		v = scope.VariableWithValue(name, tensors.FromShape(like.Shape()))
	}
	return v.SetTrainable(false)
}
