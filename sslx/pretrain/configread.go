package pretrain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
)

// ReadConfig returns Default changed by the YAML file at path, or by the recipe of that name (none when path is ""; see
// [Recipes]), then by assignments
// "key=value" such as "optimizer.lr=0.1", with values in YAML. Unknown keys, values of the wrong type and values out
// of range are errors of package usage.
func ReadConfig(path string, assignments []string) (Config, error) {
	c := Default()
	if path != "" {
		text, err := configText(path)
		if err != nil {
			return c, err
		}
		if err := merge(&c, text); err != nil {
			return c, usage.Errorf("%s: %v", path, err)
		}
	}
	for _, assignment := range assignments {
		if strings.ContainsFunc(assignment, unicode.IsControl) {
			return c, usage.Errorf("--set %q: write it on one line as key=value", assignment)
		}
		key, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return c, usage.Errorf("--set %s: write it as key=value", assignment)
		}
		if err := merge(&c, nested(strings.TrimSpace(key), value)); err != nil {
			return c, usage.Errorf("--set %s: %s", assignment, line.ReplaceAllString(err.Error(), ""))
		}
	}
	return c, c.Check()
}

// viewsType is a list that reads itself.
var viewsType = reflect.TypeFor[augment.Views]()

// line matches where in its text YAML found an error, which says nothing of an assignment.
var line = regexp.MustCompile(`line \d+: `)

// nested returns YAML that sets a dotted key.
func nested(key, value string) []byte {
	var b strings.Builder
	for depth, part := range strings.Split(key, ".") {
		fmt.Fprintf(&b, "\n%s%q:", strings.Repeat(" ", depth), part)
	}
	return []byte(b.String() + " " + value)
}

func merge(c *Config, text []byte) error {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil // an empty file sets nothing
	case err != nil:
		return fmt.Errorf("it is not YAML: %w", err)
	case decoder.Decode(new(yaml.Node)) != io.EOF:
		return errors.New("it must be one YAML document")
	case document.Content[0].ShortTag() == "!!null":
		return nil
	case document.Content[0].Kind != yaml.MappingNode:
		return errors.New("it must be keys with values")
	}
	if err := checkKeys(document.Content[0], reflect.TypeFor[Config](), ""); err != nil {
		return err
	}
	if err := document.Decode(c); err != nil {
		var mismatch *yaml.TypeError
		if errors.As(err, &mismatch) {
			text := strconv.Quote(mismatch.Errors[0]) // it repeats the value, which may have several lines
			return errors.New(text[1 : len(text)-1])
		}
		return err
	}
	return nil
}

// checkKeys returns an error for the first key of a YAML mapping that struct type t does not have, or whose value is
// missing or of another kind.
func checkKeys(node *yaml.Node, t reflect.Type, prefix string) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("%q needs keys below it", strings.TrimSuffix(prefix, "."))
	}
	for i := 0; i < len(node.Content); i += 2 {
		name := node.Content[i].Value
		field, ok := fieldOf(t, name)
		if !ok {
			return usage.Unknown("key", prefix+name, siblings(t, prefix))
		}
		if err := checkValue(node.Content[i+1], field, prefix+name); err != nil {
			return err
		}
	}
	return nil
}

// checkValue returns an error for a value that Decode would take for another: nothing, or a fraction as a whole number.
func checkValue(node *yaml.Node, t reflect.Type, key string) error {
	switch {
	case node.ShortTag() == "!!null":
		return fmt.Errorf("%q has no value", key)
	case t == viewsType:
		return nil // it checks itself
	case t.Kind() == reflect.Struct:
		return checkKeys(node, t, key+".")
	case t.Kind() == reflect.Slice:
		for _, element := range node.Content {
			if err := checkValue(element, t.Elem(), key); err != nil {
				return err
			}
		}
	case (t.Kind() == reflect.Int || t.Kind() == reflect.Uint64) && node.ShortTag() == "!!float":
		return fmt.Errorf("%q is %s: it must be a whole number", key, node.Value)
	}
	return nil
}

// siblings returns the keys of struct type t, after prefix.
func siblings(t reflect.Type, prefix string) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = prefix + yamlName(t.Field(i))
	}
	return keys
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if yamlName(t.Field(i)) == key {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

// Keys returns every key of a configuration, dotted.
func Keys() []string { return keysOf(reflect.TypeFor[Config](), "") }

func keysOf(t reflect.Type, prefix string) (keys []string) {
	for i := range t.NumField() {
		name := prefix + yamlName(t.Field(i))
		switch f := t.Field(i).Type; {
		case f == viewsType:
			keys = append(keys, keysOf(f.Elem(), name+".")...)
		case f.Kind() == reflect.Struct:
			keys = append(keys, keysOf(f, name+".")...)
		default:
			keys = append(keys, name)
		}
	}
	return keys
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}
