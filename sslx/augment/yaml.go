package augment

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

// Keys of a mapping that are no fields of [Config].
const (
	presetKey = "preset"
	countKey  = "count"
)

// UnmarshalYAML implements [yaml.Unmarshaler]. It returns a usage error for an unknown preset or key and for a value
// that is missing or of the wrong type. It does not check ranges. yaml.v3 does not call it for a value of nothing.
func (v *Views) UnmarshalYAML(node *yaml.Node) error {
	read, err := v.read(node)
	if err == nil {
		*v = read
	}
	return err
}

func (v Views) read(node *yaml.Node) (Views, error) {
	switch node = resolved(node); node.Kind {
	case yaml.ScalarNode:
		return Preset(node.Value)
	case yaml.MappingNode:
		return readEntry(node, v)
	}

	var views Views
	for _, entry := range node.Content {
		if entry = resolved(entry); entry.Kind != yaml.MappingNode {
			return nil, usage.Errorf("line %d: views is a list: each of its entries must be keys with values",
				entry.Line)
		}
		part, err := readEntry(entry, Views{{}})
		if err != nil {
			return nil, err
		}
		views = append(views, part...)
	}
	return views, nil
}

// resolved returns the node that an alias stands for.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// readEntry returns the views that a mapping makes of base.
func readEntry(node *yaml.Node, base Views) (Views, error) {
	count, changes := 0, []*yaml.Node{}
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], resolved(node.Content[i+1])
		if seen[key.Value] {
			return nil, usage.Errorf("line %d: %q is there twice", key.Line, "views."+key.Value)
		}
		seen[key.Value] = true

		var err error
		switch key.Value {
		case presetKey:
			base, err = readPreset(key, value)
		case countKey:
			count, err = readCount(key, value)
		default:
			changes = append(changes, key, value)
		}
		if err != nil {
			return nil, err
		}
	}

	// The changes come last, whatever the order of the keys.
	views := cycled(base, count)
	for i := range views {
		if err := readKeys(changes, &views[i]); err != nil {
			return nil, err
		}
	}
	return views, nil
}

func readPreset(key, value *yaml.Node) (Views, error) {
	var name string
	if err := readValue(key, value, reflect.ValueOf(&name).Elem()); err != nil {
		return nil, err
	}
	return Preset(name)
}

func readCount(key, value *yaml.Node) (int, error) {
	var count int
	if err := readValue(key, value, reflect.ValueOf(&count).Elem()); err != nil {
		return 0, err
	}
	if count <= 0 || count > maxViews {
		return 0, usage.Errorf("line %d: %q is %d: it must be between 1 and %d", value.Line, "views."+key.Value, count,
			maxViews)
	}
	return count, nil
}

// cycled returns n views which repeat the given ones in their order, as many as there are when n is 0.
func cycled(views Views, n int) Views {
	if n == 0 || len(views) == 0 {
		return slices.Clone(views)
	}
	repeated := make(Views, n)
	for i := range repeated {
		repeated[i] = views[i%len(views)]
	}
	return repeated
}

// readKeys sets the fields of c that keys and values name.
func readKeys(pairs []*yaml.Node, c *Config) error {
	for i := 0; i < len(pairs); i += 2 {
		field, ok := fieldOf(c, pairs[i].Value)
		if !ok {
			return usage.Unknown("key", "views."+pairs[i].Value, viewKeys())
		}
		if err := readValue(pairs[i], pairs[i+1], field); err != nil {
			return err
		}
	}
	return nil
}

// readValue sets to, which is a whole number, a number, a text, true or false, or a list of operations.
func readValue(key, value *yaml.Node, to reflect.Value) error {
	if value.ShortTag() == "!!null" {
		return usage.Errorf("line %d: %q has no value", key.Line, "views."+key.Value)
	}
	if operations, ok := to.Addr().Interface().(*Pipeline); ok {
		return operations.read(value, "views."+key.Value)
	}

	tags := map[reflect.Kind][]string{reflect.Int: {"!!int"}, reflect.Float64: {"!!int", "!!float"},
		reflect.String: {"!!str"}, reflect.Bool: {"!!bool"}}[to.Kind()]
	if slices.Contains(tags, value.ShortTag()) && value.Decode(to.Addr().Interface()) == nil {
		return nil
	}

	what := map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Float64: "a number",
		reflect.String: "a text", reflect.Bool: "true or false"}[to.Kind()]
	if value.Kind != yaml.ScalarNode {
		return usage.Errorf("line %d: %q must be %s", value.Line, "views."+key.Value, what)
	}
	return usage.Errorf("line %d: %q is %s: it must be %s", value.Line, "views."+key.Value, value.Value, what)
}

// viewKeys returns every key of a mapping that describes views, after "views.".
func viewKeys() []string {
	keys := []string{"views." + presetKey, "views." + countKey}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		keys = append(keys, "views."+yamlName(f))
	}
	return keys
}

func fieldOf(c *Config, key string) (reflect.Value, bool) {
	for i, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if yamlName(f) == key {
			return reflect.ValueOf(c).Elem().Field(i), true
		}
	}
	return reflect.Value{}, false
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// MarshalYAML implements [yaml.Marshaler]: a list that names no preset, so that it means the same when a preset is
// changed later. Equal views that follow one another are one entry, with their count.
func (v Views) MarshalYAML() (any, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := 0; i < len(v); {
		count := 1
		for i+count < len(v) && v[i+count].Equal(v[i]) {
			count++
		}

		entry, err := v[i].entry(count)
		if err != nil {
			return nil, err
		}
		list.Content = append(list.Content, entry)
		i += count
	}
	return list, nil
}

// entry returns a mapping on one line: the count above 1, and every field that is not off.
func (c Config) entry(count int) (*yaml.Node, error) {
	entry := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add := func(key string, value any) error {
		node := new(yaml.Node)
		if err := node.Encode(value); err != nil {
			return err
		}
		entry.Content = append(entry.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, node)
		return nil
	}

	if count > 1 {
		if err := add(countKey, count); err != nil {
			return nil, err
		}
	}
	for i, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if value := reflect.ValueOf(c).Field(i); !value.IsZero() && (value.Kind() != reflect.Slice || value.Len() > 0) {
			if err := add(yamlName(f), value.Interface()); err != nil {
				return nil, err
			}
		}
	}
	return entry, nil
}

// String returns the YAML form on one line: what can follow "views: " in a file or "views=" on the command line.
func (v Views) String() string {
	node := new(yaml.Node)
	if err := node.Encode(v); err != nil {
		return err.Error()
	}
	node.Style |= yaml.FlowStyle
	text, err := yaml.Marshal(node)
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(text)), " ")
}
