package experiments

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
)

// Vary is a key of a configuration with the values that it may take: a list, or a range that values are drawn from.
type Vary struct {
	Key    string
	Values []string // each as YAML on one line; nil for a range

	Low, High float64 // of a range
	Log       bool    // values of a range are evenly spread over orders of magnitude
	Whole     bool    // its values are whole numbers
}

// anyKeys is a mapping of any keys, in their order.
type anyKeys struct{ node *yaml.Node }

// UnmarshalYAML takes a mapping whose keys have values.
func (k *anyKeys) UnmarshalYAML(node *yaml.Node) error { k.node = node; return nil }

// MarshalYAML returns the mapping as it was read.
func (k anyKeys) MarshalYAML() (any, error) { return k.node, nil }

// IsZero reports whether there is no mapping.
func (k anyKeys) IsZero() bool { return k.node == nil }

// anySearch is a [Search] that may be a name alone, and whose parameters have defaults.
type anySearch Search

// UnmarshalYAML takes a name, or a mapping with a name.
func (s *anySearch) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		s.Name = node.Value
	} else {
		if err := registry.CheckMapping(node, reflect.TypeFor[Search](), "search."); err != nil {
			return err
		}
		if err := node.Decode((*Search)(s)); err != nil {
			return err
		}
	}
	if s.Name == SearchHalving && s.Eta == 0 {
		s.Eta = 3
	}
	if s.Name == SearchHalving && s.Rungs == 0 {
		s.Rungs = 3
	}
	return nil
}

// parseStudy reads the text of a study's file; keys that it leaves out have their defaults.
func parseStudy(text []byte) (f studyFile, err error) {
	f = studyFile{Search: anySearch{Name: SearchGrid}, Measure: "knn", Seeds: []uint64{101}}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return f, errors.New("it is empty: name the keys to vary under vary")
	case err != nil:
		return f, fmt.Errorf("it is not YAML: %w", err)
	case decoder.Decode(new(yaml.Node)) != io.EOF:
		return f, errors.New("it must be one YAML document")
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return f, errors.New("it must be keys with values")
	}
	if err := registry.CheckMapping(root, reflect.TypeFor[studyFile](), ""); err != nil {
		return f, err
	}

	err = root.Decode(&f)
	var mismatch *yaml.TypeError
	if errors.As(err, &mismatch) {
		// The first mismatch is enough, without the line breaks of the library.
		err = errors.New(strings.Join(strings.Fields(mismatch.Errors[0]), " "))
	}
	if err == nil && f.Vary.node == nil {
		err = errors.New("vary is missing: name the keys to vary there, each with a list of values or a range")
	}
	return f, err
}

// pairs returns the keys and values of a mapping that stands under a name.
func (k anyKeys) pairs(name string) (keys []string, values []*yaml.Node, err error) {
	if k.node == nil {
		return nil, nil, nil
	}
	if k.node.Kind != yaml.MappingNode || len(k.node.Content) == 0 {
		return nil, nil, usage.Errorf("%q needs keys below it, such as optimizer.lr", name)
	}
	// A mapping holds keys and values in turn.
	for i := 0; i+1 < len(k.node.Content); i += 2 {
		key, value := k.node.Content[i].Value, k.node.Content[i+1]
		if slices.Contains(keys, key) {
			return nil, nil, usage.Errorf("%s has %s twice: leave one out", name, key)
		}
		if value.ShortTag() == "!!null" {
			return nil, nil, usage.Errorf("%q has no value", name+"."+key)
		}
		keys, values = append(keys, key), append(values, value)
	}
	return keys, values, nil
}

// assignments returns the mapping as assignments "key=value".
func (k anyKeys) assignments() (list []string, err error) {
	keys, values, err := k.pairs("set")
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		text, err := inline(values[i])
		if err != nil {
			return nil, err
		}
		list = append(list, key+"="+text)
	}
	return list, nil
}

// inline returns a value as YAML on one line.
func inline(node *yaml.Node) (string, error) {
	flow := *node
	if flow.Kind != yaml.ScalarNode {
		flow.Style = yaml.FlowStyle
	}
	flow.HeadComment, flow.LineComment, flow.FootComment = "", "", ""
	text, err := yaml.Marshal(&flow)
	line := strings.TrimSpace(string(text))
	if err == nil && strings.Contains(line, "\n") {
		err = usage.Errorf("line %d: write the value on one line", node.Line)
	}
	return line, err
}

// ranges returns the mapping as keys with the values that they may take.
func (k anyKeys) ranges() (list []Vary, err error) {
	keys, values, err := k.pairs("vary")
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		v := Vary{Key: key}
		switch node := values[i]; node.Kind {
		case yaml.SequenceNode:
			err = v.list(node)
		case yaml.MappingNode:
			err = v.spread(node)
		default:
			err = usage.Errorf("vary.%s is %s: give a list of values, or a range such as {from: 0.1, to: 1}; a single "+
				"value belongs under set", key, node.Value)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// list takes the values of a list.
func (v *Vary) list(node *yaml.Node) error {
	for _, element := range node.Content {
		text, err := inline(element)
		if err != nil {
			return err
		}
		if slices.Contains(v.Values, text) {
			return usage.Errorf("vary.%s has %s twice: leave one out", v.Key, text)
		}
		v.Values = append(v.Values, text)
	}
	if len(v.Values) == 0 {
		return usage.Errorf("vary.%s is an empty list: give two values or more", v.Key)
	}
	return nil
}

// spread takes a range: its ends, how its values are spread, and how many a grid has.
func (v *Vary) spread(node *yaml.Node) error {
	prefix := "vary." + v.Key + "."
	if err := registry.CheckMapping(node, reflect.TypeFor[rangeKeys](), prefix); err != nil {
		return err
	}
	f := rangeKeys{Scale: "linear", From: math.NaN(), To: math.NaN()}
	if err := node.Decode(&f); err != nil {
		return err
	}
	// Ends that are written as whole numbers ask for whole values: 1 does, and 1.0 does not.
	isWhole := func(key string) bool { n := registry.Value(node, key); return n != nil && n.ShortTag() == "!!int" }
	v.Low, v.High, v.Log, v.Whole = f.From, f.To, f.Scale == "log", isWhole("from") && isWhole("to")

	scales := []string{"linear", "log"}
	switch {
	case !slices.Contains(scales, f.Scale):
		return usage.Unknown(prefix+"scale", f.Scale, scales)
	case math.IsNaN(v.Low) || math.IsNaN(v.High) || math.IsInf(v.Low, 0) || math.IsInf(v.High, 0):
		return usage.Errorf("vary.%s is a range without %s: give both ends", v.Key,
			map[bool]string{true: "from", false: "to"}[math.IsNaN(v.Low) || math.IsInf(v.Low, 0)])
	case v.Low >= v.High:
		return usage.Errorf("vary.%s goes from %g to %g: from must be the lower one", v.Key, v.Low, v.High)
	case v.Log && v.Low <= 0:
		return usage.Errorf("vary.%s begins at %g, which has no logarithm: begin above 0, or set scale to linear",
			v.Key, v.Low)
	case f.Count != 0 && (f.Count < 2 || f.Count > mostCandidates):
		return usage.Errorf("%scount is %d: it must be from 2 to %d", prefix, f.Count, mostCandidates)
	}

	// Evenly spaced, both ends among them.
	for i := range f.Count {
		text := v.at(float64(i) / float64(f.Count-1))
		if !slices.Contains(v.Values, text) {
			v.Values = append(v.Values, text)
		}
	}
	return nil
}

// rangeKeys are the keys of a range in a file.
type rangeKeys struct {
	From  float64 `yaml:"from"`
	To    float64 `yaml:"to"`
	Scale string  `yaml:"scale"`
	Count int     `yaml:"count"`
}

// at returns the value at a share of the way from the low end to the high one, with three digits.
func (v Vary) at(share float64) string {
	x := v.Low + share*(v.High-v.Low)
	if v.Log {
		x = v.Low * math.Pow(v.High/v.Low, share)
	}
	if v.Whole {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// combined returns the number of combinations of all values, 0 where one of the keys has a range.
func combined(vary []Vary) int {
	n := 1
	for _, v := range vary {
		n = min(n*len(v.Values), math.MaxInt32) // a product of two such numbers fits
	}
	return n
}

// all returns every combination of values, the last key's first.
func all(vary []Vary) (settings [][]string) {
	settings = [][]string{nil}
	for _, v := range vary {
		var longer [][]string
		for _, begun := range settings {
			for _, value := range v.Values {
				longer = append(longer, append(slices.Clone(begun), value))
			}
		}
		settings = longer
	}
	return settings
}

// changes returns the settings of an ablation: the base, then each value of each key by itself. A key that a setting
// leaves as it is has "".
func changes(vary []Vary) (settings [][]string) {
	settings = append(settings, make([]string, len(vary)))
	for i, v := range vary {
		for _, value := range v.Values {
			one := make([]string, len(vary))
			one[i] = value
			settings = append(settings, one)
		}
	}
	return settings
}

// valuesOf returns the values that a configuration has of some keys, as a file has them on one line; "" for a key that
// is not set.
func valuesOf(c sslx.Config, vary []Vary) (values []string, err error) {
	var document yaml.Node
	text, err := yaml.Marshal(c)
	if err == nil {
		err = yaml.Unmarshal(text, &document)
	}
	if err != nil {
		return nil, err
	}

	for _, v := range vary {
		node := document.Content[0]
		for part := range strings.SplitSeq(v.Key, ".") {
			if node != nil {
				node = registry.Value(node, part)
			}
		}
		value := ""
		if node != nil {
			if value, err = inline(node); err != nil {
				return nil, err
			}
		}
		values = append(values, value)
	}
	return values, nil
}

// drawn returns n combinations that are drawn at random, none twice, fewer where there are not so many. More of them
// begin with the same ones, so that a larger budget adds to a sweep.
func drawn(vary []Vary, n int) (settings [][]string) {
	// A fixed seed: the same file is the same sweep.
	random := rand.New(rand.NewPCG(1, 2))
	known := map[string]bool{}
	// Where there are few combinations most draws repeat one, so that their number is bounded.
	for range 100 * n {
		if len(settings) == n {
			break
		}
		values := make([]string, len(vary))
		for i, v := range vary {
			if v.Values != nil {
				values[i] = v.Values[random.IntN(len(v.Values))]
			} else {
				values[i] = v.at(random.Float64())
			}
		}
		if key := strings.Join(values, "\n"); !known[key] {
			known[key] = true
			settings = append(settings, values)
		}
	}
	return settings
}
