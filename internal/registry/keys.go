package registry

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

// FieldKeys returns the YAML keys of a struct type's fields, in their order, with the keys of inlined structs.
func FieldKeys(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		switch name, inline := fieldKey(t.Field(i)); {
		case inline:
			keys = append(keys, FieldKeys(t.Field(i).Type)...)
		case name != "":
			keys = append(keys, name)
		}
	}
	return keys
}

// Field returns the type of the field of a struct type that has a YAML key.
func Field(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		name, inline := fieldKey(t.Field(i))

		// The keys of an inlined struct stand among the outer one's.
		if inline {
			if of, ok := Field(t.Field(i).Type, key); ok {
				return of, true
			}
			continue
		}
		if name == key && name != "" {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

// fieldKey returns the YAML key of a field: "" for one that has none, as yaml.v3 reads it.
func fieldKey(f reflect.StructField) (key string, inline bool) {
	key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case strings.Contains(options, "inline"):
		return "", true
	case key == "-" || !f.IsExported():
		return "", false
	case key == "" && f.Anonymous: // embedded for its methods
		return "", false
	case key == "":
		return strings.ToLower(f.Name), false
	}
	return key, false
}

// CheckMapping returns a usage error for the first key of a YAML mapping that struct type t does not have, or whose
// value is missing or of another kind. Prefix, which is empty or ends in a dot, goes before its keys in errors.
func CheckMapping(node *yaml.Node, t reflect.Type, prefix string) error {
	if node.Kind != yaml.MappingNode {
		return usage.Errorf("%q needs keys below it", strings.TrimSuffix(prefix, "."))
	}
	for i := 0; i < len(node.Content); i += 2 {
		name := node.Content[i].Value
		field, ok := Field(t, name)
		if !ok {
			// With their prefix, so that the suggested key can be typed as it is.
			var known []string
			for _, key := range FieldKeys(t) {
				known = append(known, prefix+key)
			}
			return usage.Unknown("key", prefix+name, known)
		}
		if err := CheckValue(node.Content[i+1], field, prefix+name); err != nil {
			return err
		}
	}
	return nil
}

// unmarshaler is what types that read themselves implement.
var unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()

// CheckValue returns a usage error for a value of a key that Decode would take for another: nothing, or a fraction for
// a whole number. A type that reads itself checks itself.
func CheckValue(node *yaml.Node, t reflect.Type, key string) error {
	// yaml.v3 keeps the default for null without a word: here it is an error.
	switch {
	case node.ShortTag() == "!!null":
		return usage.Errorf("%q has no value", key)
	case reflect.PointerTo(t).Implements(unmarshaler):
		return nil
	case t.Kind() == reflect.Struct:
		return CheckMapping(node, t, key+".")
	case t.Kind() == reflect.Slice && node.Kind != yaml.SequenceNode && node.Kind != yaml.AliasNode:
		return usage.Errorf("%q must be a list", key)
	case t.Kind() == reflect.Slice:
		for _, element := range node.Content {
			if err := CheckValue(element, t.Elem(), key); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Array && node.Kind == yaml.SequenceNode:
		if len(node.Content) != t.Len() {
			return usage.Errorf("%q has %d values: it must have %d", key, len(node.Content), t.Len())
		}
		for _, element := range node.Content {
			if err := CheckValue(element, t.Elem(), key); err != nil {
				return err
			}
		}
	}
	return checkScalar(node, t.Kind(), key)
}

// checkScalar returns a usage error for a value that is not the number or the truth that its key wants.
func checkScalar(node *yaml.Node, kind reflect.Kind, key string) error {
	var tags []string
	var want string
	switch {
	case isWhole(kind):
		tags, want = []string{"!!int"}, "a whole number"
	case kind == reflect.Float32 || kind == reflect.Float64:
		tags, want = []string{"!!int", "!!float"}, "a number"
	case kind == reflect.Bool:
		tags, want = []string{"!!bool"}, "true or false"
	default:
		return nil
	}

	switch {
	case slices.Contains(tags, node.ShortTag()):
		return nil
	case node.Kind == yaml.ScalarNode:
		value := strings.Join(strings.Fields(node.Value), " ") // an error is one line
		return usage.Errorf("line %d: %q is %s: it must be %s", node.Line, key, value, want)
	}
	return usage.Errorf("line %d: %q must be %s", node.Line, key, want)
}

func isWhole(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uint64 }
