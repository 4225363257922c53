package objective

import (
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

var objectives = registry.New[Objective]("objective")

// Register gives an objective its name. Defaults is a struct value whose fields are the defaults of the parameters.
// Register panics when the name is taken, and when defaults is not a struct.
func Register(name string, defaults Objective) { objectives.Register(name, defaults) }

// Names returns the names of all objectives, sorted.
func Names() []string { return objectives.Names() }

// Named returns the objective of a name with its default parameters, or an error of package usage.
func Named(name string) (Objective, error) { return objectives.Named(name) }

// NameOf returns the name of an objective, "" for nil and for one that is not registered.
func NameOf(o Objective) string { return objectives.NameOf(o) }

// Check returns an error of package usage when there is no objective, it has no name, or a parameter is out of range.
func Check(o Objective) error {
	if err := objectives.Check(o); err != nil {
		return err
	}
	return checkNeeds(NameOf(o), o.Needs())
}

func checkNeeds(name string, needs Needs) error {
	if needs.Target && needs.TargetMomentum == nil {
		return usage.Errorf("objective %s needs a target network and gives no momentum: set Needs.TargetMomentum", name)
	}
	return nil
}

// Keys returns the parameters of all objectives, and "name".
func Keys() []string { return objectives.Keys() }

// Resolved returns an objective with every parameter filled in whose default depends on others, as in [Negatives].
func Resolved(o Objective) Objective { return registry.Resolve(o) }

// Encode returns an objective as a YAML mapping of its name and all its parameters.
func Encode(o Objective) (*yaml.Node, error) { return objectives.Encode(o) }

// EncodeJSON is Encode for JSON.
func EncodeJSON(o Objective) ([]byte, error) { return objectives.EncodeJSON(o) }

// Decode returns the objective that a YAML mapping describes, which is found at the key prefix. Parameters that are not
// set keep their values when the name is the same, and get the defaults otherwise.
func Decode(node *yaml.Node, prefix string, before Objective) (Objective, error) {
	if before == nil {
		before = earlierDefaults(node)
	}
	if kind := registry.Value(node, "negatives"); kind != nil {
		before = withKind(before, kind.Value)
	}
	return objectives.Decode(node, prefix, before)
}

// DecodeJSON is Decode for JSON.
func DecodeJSON(text []byte, prefix string, before Objective) (Objective, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil || len(node.Content) == 0 {
		return before, usage.Errorf("%q is no objective: %v", prefix, err)
	}
	return Decode(node.Content[0], prefix, before)
}

// earlierDefaults returns what the parameters that a record leaves out stand for. Records of 2026 and earlier left out
// parameters that had their defaults, which were these; later records hold all.
func earlierDefaults(node *yaml.Node) Objective {
	name := registry.Value(node, "name")
	if name == nil {
		return nil
	}
	return map[string]Objective{
		"simclr": SimCLR{Temperature: 0.5},
		"dcl":    DCL{Temperature: 0.1},
		"dclw":   DCLW{Temperature: 0.1, Sigma: 0.5},
		"supcon": SupCon{Temperature: 0.1},
		"vicreg": VICReg{Similarity: 25, Variance: 25, Covariance: 1},
		"barlow": Barlow{Lambda: 0.0051, Scale: 1},
		"byol":   BYOL{EMA: 0.996},
		"moco":   MoCo{Temperature: 0.2, EMA: 0.99, Queue: 4096},

		"simsiam": SimSiam{},
	}[name.Value]
}
