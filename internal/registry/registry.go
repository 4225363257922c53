// Package registry gives the things that a configuration names (objectives, encoders, optimizer rules, …) their names,
// and reads and writes them. A thing is a struct value: its exported fields, with yaml tags, are its parameters, and
// the value that it was registered with holds their defaults.
//
//	objective: {name: simclr, temperature: 0.2}
//
// is the value registered as "simclr", with its field Temperature set.
//
// A thing whose type has a method Resolved() T, T being the interface of its kind, is written and read as what that
// returns: with the parameters filled in whose defaults depend on other parameters.
package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

// nameKey is the key that holds a thing's name.
const nameKey = "name"

// Registry holds the things of one kind. T is their interface. Its methods may be called from several goroutines.
type Registry[T any] struct {
	kind string // for errors: "objective"

	mu       sync.RWMutex
	defaults map[string]T
}

// New returns an empty registry of things of a kind, such as "objective", which errors name.
func New[T any](kind string) *Registry[T] { return &Registry[T]{kind: kind, defaults: map[string]T{}} }

// Register gives a thing its name. Defaults is a struct value, whose fields are the defaults of the parameters. A type
// has one name, unless it has a method Name() string that tells its values apart. A struct that it embeds without a
// yaml tag lends it methods and no parameters. Register panics when the name is taken, is empty or has spaces, when the
// type has a name, and when defaults is not a struct that can be written: these are mistakes of the program.
func (r *Registry[T]) Register(name string, defaults T) {
	t := reflect.TypeOf(defaults)
	if t == nil || t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("%s %q is a %v: register a struct value under a name", r.kind, name, t))
	}
	if name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		panic(fmt.Sprintf("%s %q: choose a name without spaces", r.kind, name))
	}

	// Found when the program starts, not when the first run writes its configuration.
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && !f.IsExported() && f.Tag.Get("yaml") != "-" {
			panic(fmt.Sprintf("%s %q embeds %s, which yaml cannot write: export it, or give it the tag yaml:\"-\"",
				r.kind, name, f.Name))
		}
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.defaults[name]; taken {
		panic(fmt.Sprintf("%s %q is registered twice", r.kind, name))
	}
	_, named := any(defaults).(interface{ Name() string })
	for other, known := range r.defaults {
		if !named && reflect.TypeOf(known) == t {
			panic(fmt.Sprintf("%s %q has the type of %q: records would not tell them apart; declare a type of its own",
				r.kind, name, other))
		}
	}
	r.defaults[name] = defaults
}

// Names returns all names, sorted.
func (r *Registry[T]) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.defaults))
}

// Named returns the thing of a name with its default parameters, or a usage error that suggests the nearest name.
func (r *Registry[T]) Named(name string) (T, error) {
	r.mu.RLock()
	thing, ok := r.defaults[name]
	r.mu.RUnlock()
	if !ok {
		return thing, unknownName{usage.Unknown(r.kind, name, r.Names())}
	}
	return thing, nil
}

// unknownName is the usage error of a name that nobody registered.
type unknownName struct{ error }

func (u unknownName) Unwrap() error { return u.error }

// IsUnknownName reports whether err comes from a name that nobody registered.
func IsUnknownName(err error) bool {
	var u unknownName
	return errors.As(err, &u)
}

// Replace gives a name that is registered other defaults, and returns a function that undoes it. It is for tests.
func (r *Registry[T]) Replace(name string, defaults T) (undo func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, ok := r.defaults[name]
	if !ok {
		panic(fmt.Sprintf("%s %q is not registered", r.kind, name))
	}
	r.defaults[name] = defaults
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.defaults[name] = before
	}
}

// NameOf returns the name that a thing's type was registered under; what the thing's method Name says, for a type that
// has several; and "" for a type that is not registered, and for nil.
func (r *Registry[T]) NameOf(thing T) string {
	var names []string
	r.mu.RLock()
	for name, known := range r.defaults {
		if reflect.TypeOf(known) == reflect.TypeOf(thing) {
			names = append(names, name)
		}
	}
	r.mu.RUnlock()

	// A type of one name keeps it, even if it has a method Name for purposes of its own.
	switch named, ok := any(thing).(interface{ Name() string }); {
	case len(names) == 0:
		return ""
	case len(names) > 1 && ok:
		return named.Name()
	}
	return names[0]
}

// Check returns a usage error when a thing is nil or of a type that is not registered, or when its method
// Check() error, if it has one, returns an error.
func (r *Registry[T]) Check(thing T) error {
	name := r.NameOf(thing)
	switch {
	case any(thing) == nil:
		return usage.Errorf("there is no %s: set %s.%s to one of %v", r.kind, r.kind, nameKey, r.Names())
	case name == "":
		return usage.Errorf("%s %T has no name: register it first", r.kind, thing)
	}

	// Only things with bounds have something to check.
	checker, ok := any(thing).(interface{ Check() error })
	if !ok {
		return nil
	}
	if err := checker.Check(); err != nil && !usage.Is(err) {
		return usage.Errorf("%s %s: %v", r.kind, name, err)
	} else if err != nil {
		return err
	}
	return nil
}

// Keys returns the parameters of all things of the registry, with "name", each once and sorted.
func (r *Registry[T]) Keys() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()

	keys := map[string]bool{nameKey: true}
	for _, thing := range r.defaults {
		for _, key := range FieldKeys(reflect.TypeOf(thing)) {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// Decode returns the thing that a YAML mapping describes. Parameters that it does not set keep their values when it
// names the same thing or none, and get the defaults otherwise. Prefix is where the mapping stands, such as
// "objective".
//
// Shared are pointers to structs whose fields stand in the same mapping as the thing's; what the mapping sets of
// them is set. It returns a usage error for an unknown key, a value of another type, or a parameter of another thing.
func (r *Registry[T]) Decode(node *yaml.Node, prefix string, before T, shared ...any) (T, error) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str" { // objective: vicreg
		thing, err := r.Named(node.Value)
		if err != nil {
			return before, err
		}
		return Resolve(thing), nil
	}
	if node.Kind != yaml.MappingNode {
		return before, usage.Errorf("%q needs keys below it", prefix)
	}

	thing, err := r.start(node, prefix, before)
	if err != nil {
		return before, err
	}
	if err := r.checkKeys(node, prefix, thing, shared); err != nil {
		return before, err
	}

	// The decoder needs a pointer to the concrete type: a copy, so that before stays as it is.
	target := reflect.New(reflect.TypeOf(thing))
	target.Elem().Set(reflect.ValueOf(thing))
	for _, into := range append([]any{target.Interface()}, shared...) {
		if err := node.Decode(into); err != nil {
			return before, err
		}
	}
	return Resolve(target.Elem().Interface().(T)), nil
}

// Resolve returns what a thing's method Resolved returns, or the thing when it has none.
func Resolve[T any](thing T) T {
	if r, ok := any(thing).(interface{ Resolved() T }); ok {
		return r.Resolved()
	}
	return thing
}

// Without returns a copy of a mapping that lacks some keys; any other node is returned as it is.
func Without(node *yaml.Node, drop func(key string, value *yaml.Node) bool) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	kept := *node
	kept.Content = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		if !drop(node.Content[i].Value, node.Content[i+1]) {
			kept.Content = append(kept.Content, node.Content[i], node.Content[i+1])
		}
	}
	return &kept
}

// Value returns the node of a key of a mapping, nil without one.
func Value(node *yaml.Node, key string) *yaml.Node {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// start returns the thing whose parameters a mapping changes.
func (r *Registry[T]) start(node *yaml.Node, prefix string, before T) (T, error) {
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value != nameKey {
			continue
		}
		value := node.Content[i+1]
		if value.Kind != yaml.ScalarNode || value.ShortTag() == "!!null" {
			return before, usage.Errorf("%q has no value", prefix+"."+nameKey)
		}
		if value.Value != r.NameOf(before) {
			return r.Named(value.Value)
		}
	}

	// There is no name: the mapping changes what was there before.
	if any(before) == nil {
		return before, usage.Errorf("%q has no value: it must be one of %v", prefix+"."+nameKey, r.Names())
	}
	return before, nil
}

// checkKeys returns an error for the first key that is neither a parameter of thing nor a field of the shared structs.
func (r *Registry[T]) checkKeys(node *yaml.Node, prefix string, thing T, shared []any) error {
	// The keys that the mapping may have.
	types := []reflect.Type{reflect.TypeOf(thing)}
	for _, s := range shared {
		types = append(types, reflect.TypeOf(s).Elem())
	}
	var own []string
	for _, t := range types {
		own = append(own, FieldKeys(t)...)
	}

	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		if key == nameKey {
			continue
		}

		if !slices.Contains(own, key) {
			// A parameter of another thing is more likely left over than misspelled.
			if slices.Contains(r.Keys(), key) {
				return usage.Errorf("%s.%s is a parameter that %s does not use: leave it out",
					prefix, key, r.NameOf(thing))
			}
			return usage.Unknown("key", prefix+"."+key, prefixed(prefix, append(own, nameKey)))
		}

		for _, t := range types {
			if field, ok := Field(t, key); ok {
				if err := CheckValue(value, field, prefix+"."+key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Encode returns a thing as a YAML mapping: its name, then the fields of the shared structs, then its parameters.
func (r *Registry[T]) Encode(thing T, shared ...any) (*yaml.Node, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if any(thing) == nil {
		return mapping, nil
	}
	thing = Resolve(thing)

	// The name comes first; the encoder quotes it where YAML asks for that.
	name := &yaml.Node{}
	if err := name.Encode(map[string]string{nameKey: r.NameOf(thing)}); err != nil {
		return nil, err
	}
	mapping.Content = name.Content

	for _, part := range append(slices.Clone(shared), any(thing)) {
		fields := &yaml.Node{}
		if err := fields.Encode(part); err != nil {
			return nil, err
		}

		// yaml.v3 also writes embedded structs, which are no parameters.
		keys := FieldKeys(reflect.Indirect(reflect.ValueOf(part)).Type())
		for i := 0; i < len(fields.Content); i += 2 {
			if slices.Contains(keys, fields.Content[i].Value) {
				mapping.Content = append(mapping.Content, fields.Content[i:i+2]...)
			}
		}
	}
	return mapping, nil
}

// EncodeJSON is Encode for JSON.
func (r *Registry[T]) EncodeJSON(thing T, shared ...any) ([]byte, error) {
	node, err := r.Encode(thing, shared...)
	if err != nil {
		return nil, err
	}
	return nodeJSON(node)
}

// DecodeJSON is Decode for JSON, which is YAML too.
func (r *Registry[T]) DecodeJSON(text []byte, prefix string, before T, shared ...any) (T, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return before, err
	}
	if len(document.Content) == 0 {
		return before, usage.Errorf("%q has no value", prefix)
	}
	return r.Decode(document.Content[0], prefix, before, shared...)
}

// nodeJSON writes a YAML node as JSON, with the keys of mappings in their order.
func nodeJSON(node *yaml.Node) ([]byte, error) {
	open, end := "[", "]"
	switch node.Kind {
	case yaml.MappingNode:
		open, end = "{", "}"
	case yaml.SequenceNode:
	default:
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, err
		}
		return json.Marshal(value)
	}

	text := []byte(open)

	// A mapping holds keys and values in turn. Decoding it into a Go map would lose the order.
	for i, child := range node.Content {
		switch isValue := node.Kind == yaml.MappingNode && i%2 == 1; {
		case isValue:
			text = append(text, ':')
		case i > 0:
			text = append(text, ',')
		}
		part, err := nodeJSON(child)
		if err != nil {
			return nil, err
		}

		// A key of JSON is a string, also where YAML reads a number.
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			if part, err = json.Marshal(child.Value); err != nil {
				return nil, err
			}
		}
		text = append(text, part...)
	}
	return append(text, end...), nil
}

func prefixed(prefix string, keys []string) []string {
	all := make([]string, len(keys))
	for i, key := range keys {
		all[i] = prefix + "." + key
	}
	return all
}
