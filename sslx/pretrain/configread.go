package pretrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

// ReadConfig returns Default changed by the YAML file at path, or by the recipe of that name (none when path is ""; see
// [Recipes]), then by assignments "key=value" such as "optimizer.lr=0.1", with values in YAML. Naming another
// objective, encoder or optimizer starts from its own defaults.
//
// The configuration in a run folder is read as it was recorded: what it does not set has the value of its time.
//
// ReadConfig returns an error of package usage for an unknown key, a value of the wrong type and a value out of range.
func ReadConfig(path string, assignments []string) (Config, error) {
	c := Default()
	if path != "" {
		// What a run has recorded is not completed by today's defaults.
		if isRecord(path) {
			c = Config{}
		}
		text, err := configText(path)
		if err != nil {
			return c, err
		}
		if err := merge(&c, text); err != nil {
			return c, usage.Errorf("%s: %v", path, err)
		}
	}

	// After the file, so that assignments win over it.
	for _, assignment := range assignments {
		if err := c.assign(assignment); err != nil {
			return c, err
		}
	}
	return c, c.CheckNew()
}

// isRecord reports whether the file at path is the configuration of a run.
func isRecord(path string) bool {
	dir, name := filepath.Split(path)
	if name != "config.yaml" || !record.IsRun(filepath.Clean(dir)) {
		return false
	}
	_, err := record.ReadEnvironment(filepath.Clean(dir))
	return err == nil
}

// assign changes what an assignment "key=value" says.
func (c *Config) assign(assignment string) error {
	if strings.ContainsFunc(assignment, unicode.IsControl) {
		return usage.About("set", "assignment %q: write it on one line as key=value", assignment)
	}
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return usage.About("set", "assignment %s: write it as key=value", assignment)
	}
	if err := merge(c, nested(strings.TrimSpace(key), value)); err != nil {
		return usage.About("set", "assignment %s: %s", assignment, line.ReplaceAllString(err.Error(), ""))
	}
	return nil
}

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

// merge changes what a YAML text sets.
func merge(c *Config, text []byte) error {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil // an empty file sets nothing
	case err != nil:
		return notYAML(text, err)
	case decoder.Decode(new(yaml.Node)) != io.EOF:
		return errors.New("it must be one YAML document")
	case document.Content[0].ShortTag() == "!!null":
		return nil
	case document.Content[0].Kind != yaml.MappingNode:
		return errors.New("it must be keys with values")
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

// notYAML says what is wrong with a text. The parser does not call a tab by its name.
func notYAML(text []byte, err error) error {
	number := 0
	for content := range bytes.Lines(text) {
		number++
		indent := content[:len(content)-len(bytes.TrimLeft(content, " \t"))]
		if bytes.ContainsRune(indent, '\t') {
			return fmt.Errorf("it is not YAML: line %d begins with a tab: indent with spaces", number)
		}
	}
	return fmt.Errorf("it is not YAML: %w", err)
}

// plain is a Config that is read and written field by field.
type plain Config

// MarshalYAML returns the configuration with every parameter of its encoder, objective and optimizer.
func (c Config) MarshalYAML() (any, error) { return c.written(), nil }

// MarshalJSON is MarshalYAML for JSON.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.written()) }

func (c Config) written() plain {
	if c.Norm != "" {
		c = c.resolvedNorm() // a record that is older than norms stays as it is
	}
	if c.Encoder != nil {
		c.Encoder = namedEncoder{c.Encoder}
	}
	if c.Objective != nil {
		c.Objective = namedObjective{c.Objective}
	}
	return plain(c)
}

// checkNested returns a usage error for a key that only stands below others: lr is optimizer.lr or probe.lr.
func checkNested(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(node.Content); i += 2 {
		name := node.Content[i].Value
		if _, ok := registry.Field(reflect.TypeFor[Config](), name); ok {
			continue
		}
		var meant []string
		for _, key := range Keys() {
			if strings.HasSuffix(key, "."+name) {
				meant = append(meant, strconv.Quote(key))
			}
		}
		if len(meant) > 0 {
			return usage.Errorf("unknown key %q: did you mean %s?", name, strings.Join(meant, " or "))
		}
	}
	return nil
}

// UnmarshalYAML changes what a mapping sets. Unknown keys are errors of package usage.
func (c *Config) UnmarshalYAML(node *yaml.Node) error {
	if err := checkNested(node); err != nil {
		return err
	}
	if err := registry.CheckMapping(node, reflect.TypeFor[Config](), ""); err != nil {
		return err
	}

	// The decoder cannot fill an interface: it gets null for what has one, which keeps its check of repeated keys.
	rest := *node
	rest.Content = append([]*yaml.Node{}, node.Content...)
	read := *c
	if views := registry.Value(node, "views"); c.Views == nil && views != nil && views.Kind == yaml.MappingNode {
		read.Views = augment.Views{{}, {}} // the first records describe two views by one mapping
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		var err error
		switch value := node.Content[i+1]; node.Content[i].Value {
		case "encoder":
			read.Encoder, err = encoder.Decode(value, "encoder", read.Encoder)
		case "objective":
			read.Objective, err = objective.Decode(value, "objective", read.Objective)
		default:
			continue
		}
		if err != nil {
			return err
		}
		rest.Content[i+1] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: node.Content[i+1].Line}
	}

	fields := plain(read)
	if err := rest.Decode(&fields); err != nil {
		return err
	}
	fields.Encoder, fields.Objective = read.Encoder, read.Objective
	*c = Config(fields)
	return nil
}

// UnmarshalJSON is UnmarshalYAML for JSON.
func (c *Config) UnmarshalJSON(text []byte) error {
	e, o := &namedEncoder{c.Encoder}, &namedObjective{c.Objective}
	fields := plain(*c)
	fields.Encoder, fields.Objective = e, o
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	fields.Encoder, fields.Objective = e.Encoder, o.Objective
	*c = Config(fields)
	return nil
}

// Resolved returns the configuration with every default filled in, which is how it is written.
func (c Config) Resolved() Config {
	c.Objective = objective.Resolved(c.Objective)
	if c.Log == nil {
		c.Log = []string{LogJSONL}
	}
	return c.resolvedNorm()
}

// namedEncoder is an encoder that is read and written with its name.
type namedEncoder struct{ encoder.Encoder }

func (e namedEncoder) MarshalYAML() (any, error)    { return encoder.Encode(e.Encoder) }
func (e namedEncoder) MarshalJSON() ([]byte, error) { return encoder.EncodeJSON(e.Encoder) }

func (e *namedEncoder) UnmarshalJSON(text []byte) (err error) {
	e.Encoder, err = encoder.DecodeJSON(text, "encoder", e.Encoder)
	return err
}

// namedObjective is an objective that is read and written with its name.
type namedObjective struct{ objective.Objective }

func (o namedObjective) MarshalYAML() (any, error)    { return objective.Encode(o.Objective) }
func (o namedObjective) MarshalJSON() ([]byte, error) { return objective.EncodeJSON(o.Objective) }

func (o *namedObjective) UnmarshalJSON(text []byte) (err error) {
	o.Objective, err = objective.DecodeJSON(text, "objective", o.Objective)
	return err
}

// Keys returns every key of a configuration, dotted.
func Keys() (keys []string) {
	below := map[string][]string{
		"views":     registry.FieldKeys(reflect.TypeFor[augment.Config]()),
		"encoder":   encoder.Keys(),
		"objective": objective.Keys(),
		"optimizer": optimizer.Keys(),
		"probe":     registry.FieldKeys(reflect.TypeFor[Probe]()),
	}
	for _, key := range registry.FieldKeys(reflect.TypeFor[Config]()) {
		// A key with parameters below it takes no value itself.
		if below[key] == nil {
			keys = append(keys, key)
		}
		for _, parameter := range below[key] {
			keys = append(keys, key+"."+parameter)
		}
	}
	return keys
}
