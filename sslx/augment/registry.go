package augment

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

// registered holds the operations that a configuration can name. Each file of an operation adds its own.
var registered = registry.New[Operation]("operation")

// Register makes an operation known to the key "operations" of a [Config] under a name. Defaults is a struct value: its
// exported fields, with yaml tags, are the parameters, and its values the defaults. A parameter that is added later
// needs a default that means what the operation did before, so that old records keep their meaning. Register is called
// from an init function; it panics when the name is taken.
func Register(name string, defaults Operation) { registered.Register(name, defaults) }

// Names returns the names of all registered operations, sorted.
func Names() []string { return registered.Names() }

// Named returns the operation of a name with its default parameters, or a usage error that suggests the nearest name.
func Named(name string) (Operation, error) { return registered.Named(name) }

// NameOf returns the name that an operation's type was registered under, "" when it was not. It may differ from what
// the operation's method Name says.
func NameOf(op Operation) string { return registered.NameOf(op) }

// Check returns a usage error for the first operation that is not registered or whose parameters are out of range.
func (p Pipeline) Check() error { return p.check("operations") }

// check is Check for a pipeline that is found at the key name.
func (p Pipeline) check(name string) error {
	for i, op := range p {
		if err := registered.Check(op); err != nil {
			return usage.Errorf("%s[%d]: %v", name, i, err)
		}
	}
	return nil
}

// MarshalYAML implements [yaml.Marshaler]: a list of mappings, each with the name and all parameters of an operation.
func (p Pipeline) MarshalYAML() (any, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, op := range p {
		node, err := registered.Encode(op)
		if err != nil {
			return nil, err
		}
		node.Style = yaml.FlowStyle
		list.Content = append(list.Content, node)
	}
	return list, nil
}

// UnmarshalYAML implements [yaml.Unmarshaler]: a list of names, and of mappings with a name and the parameters that
// are not the defaults. Errors are of package usage. It does not check ranges.
func (p *Pipeline) UnmarshalYAML(node *yaml.Node) error { return p.read(node, "operations") }

// read is UnmarshalYAML for a list that is found at the key name.
func (p *Pipeline) read(node *yaml.Node, name string) error {
	if node = resolved(node); node.Kind != yaml.SequenceNode {
		return usage.Errorf("line %d: %q must be a list of operations, each a name or keys with values", node.Line,
			name)
	}

	var operations Pipeline
	for i, entry := range node.Content {
		op, err := registered.Decode(resolved(entry), fmt.Sprintf("%s[%d]", name, i), nil)
		if err != nil {
			return usage.Errorf("%v", err)
		}
		operations = append(operations, op)
	}
	*p = operations
	return nil
}

// MarshalJSON implements [json.Marshaler], like MarshalYAML.
func (p Pipeline) MarshalJSON() ([]byte, error) {
	text := []byte("[")
	for i, op := range p {
		if i > 0 {
			text = append(text, ',')
		}

		element, err := registered.EncodeJSON(op)
		if err != nil {
			return nil, err
		}
		text = append(text, element...)
	}
	return append(text, ']'), nil
}

// UnmarshalJSON implements [json.Unmarshaler], like UnmarshalYAML.
func (p *Pipeline) UnmarshalJSON(text []byte) error { return yaml.Unmarshal(text, p) }
