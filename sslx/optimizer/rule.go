package optimizer

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/registry"
)

// Rule is how a variable moves along its gradient. A rule is a struct whose exported fields, with yaml tags, are its
// parameters; it may have a method Check() error.
type Rule interface {
	// Slots names the state that the rule keeps of each variable: numbers of the variable's shape, zero at first.
	Slots() []string

	// Update returns the new value of a variable and its new state, in the order of Slots.
	Update(p State) (value *Node, slots []*Node)
}

// State is what a rule sees of one variable at one step.
type State struct {
	Path string // of the variable, such as /encoder/block0/…

	Value, Gradient *Node   // of the variable's shape
	Slots           []*Node // the rule's state of the variable, each of the variable's shape
	LR, Step        *Node   // scalars; Step counts from 1

	// Decays says whether weight decay and adaptation apply: they do to kernels, and not to biases, scales and offsets.
	Decays bool

	// WeightDecay is the strength of the decay.
	WeightDecay float64
}

// decayed returns the gradient with the weight decay's added, where it applies.
func (p State) decayed() *Node {
	if !p.Decays {
		return p.Gradient
	}
	return Add(p.Gradient, MulScalar(p.Value, p.WeightDecay))
}

var rules = registry.New[Rule]("optimizer")

func init() {
	Register("sgd", SGD{Momentum: 0.9})
	Register("lars", LARS{Momentum: 0.9})
	Register("adamw", AdamW{})
}

// Register gives a rule its name. Defaults is a struct value whose fields are the defaults of the rule's parameters.
// Register panics when the name is taken, and when defaults is not a struct.
func Register(name string, defaults Rule) { rules.Register(name, defaults) }

// Names returns the names of all rules, sorted.
func Names() []string { return rules.Names() }

// Named returns the rule of a name with its default parameters, or an error of package usage.
func Named(name string) (Rule, error) { return rules.Named(name) }

// NameOf returns the name of a rule, "" for nil and for one that is not registered.
func NameOf(r Rule) string { return rules.NameOf(r) }
