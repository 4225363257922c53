package augment

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// MarshalYAML implements [yaml.Marshaler]: the shortest form that reads back as the same views, whatever views there
// were before. It is the name of a preset, a changed preset, or a list.
func (v Views) MarshalYAML() (any, error) {
	var shortest *yaml.Node
	for _, p := range presets {
		node := v.after(p.name, p.views)
		if node != nil && (shortest == nil || len(node.Content) < len(shortest.Content)) {
			shortest = node
		}
	}
	if shortest != nil {
		return shortest, nil
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := 0; i < len(v); {
		n := 1
		for i+n < len(v) && v[i+n] == v[i] {
			n++
		}
		list.Content = append(list.Content, entry("", n, 1, changes(Config{}, v[i])))
		i += n
	}
	return list, nil
}

// after returns the form that names a preset: its name alone when it has no changes, nil when the same changes do not
// make every view.
func (v Views) after(name string, preset Views) *yaml.Node {
	base := cycled(preset, len(v))
	changed := map[string]*yaml.Node{}
	for i := range v {
		for key, value := range changes(base[i], v[i]) {
			changed[key] = value
		}
	}
	for key := range changed {
		for i := range v {
			a, _ := fieldOf(&v[0], key)
			b, _ := fieldOf(&v[i], key)
			if a.Interface() != b.Interface() {
				return nil
			}
		}
	}
	if len(v) == 0 {
		return nil
	}
	if len(changed) == 0 && len(v) == len(preset) {
		return scalar(name)
	}
	return entry(name, len(v), len(preset), changed)
}

// changes returns the values of b that are not those of a, by key.
func changes(a, b Config) map[string]*yaml.Node {
	changed := map[string]*yaml.Node{}
	for i, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if value := reflect.ValueOf(b).Field(i).Interface(); value != reflect.ValueOf(a).Field(i).Interface() {
			changed[yamlName(f)] = scalar(value)
		}
	}
	return changed
}

// entry returns a mapping on one line: preset and count where they are needed, then the changes in the order of fields.
func entry(preset string, count, usual int, changed map[string]*yaml.Node) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	if preset != "" {
		node.Content = append(node.Content, scalar(presetKey), scalar(preset))
	}
	if count != usual {
		node.Content = append(node.Content, scalar(countKey), scalar(count))
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if value := changed[yamlName(f)]; value != nil {
			node.Content = append(node.Content, scalar(yamlName(f)), value)
		}
	}
	return node
}

// scalar returns the node of a name or a number, which has no way to fail.
func scalar(value any) *yaml.Node {
	node := new(yaml.Node)
	if err := node.Encode(value); err != nil {
		panic(err)
	}
	return node
}

// String returns the YAML form on one line: what can follow "views: " in a file or "views=" on the command line.
func (v Views) String() string {
	value, _ := v.MarshalYAML()
	node := value.(*yaml.Node)
	node.Style |= yaml.FlowStyle
	text, err := yaml.Marshal(node)
	if err != nil {
		panic(err) // a tree of names and numbers
	}
	return strings.Join(strings.Fields(string(text)), " ")
}
