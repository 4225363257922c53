package runs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// Comparison is what several runs have in common and where they differ. The JSON keys are a stable contract.
type Comparison struct {
	Runs        []State         `json:"runs"`
	Differences []Difference    `json:"differences"`
	Results     []record.Result `json:"results"` // of the trained encoders
}

// Difference is a key of the configuration with its values in the order of the runs.
type Difference struct {
	Key    string `json:"key"`
	Values []any  `json:"values"`
}

// Compare reads the runs in dirs and compares their configurations and results. Differences between single runs are no
// evidence: they vary with the seed.
func Compare(dirs []string) (c Comparison, err error) {
	c.Results = []record.Result{}
	var configs []pretrain.Config
	for _, dir := range dirs {
		d, err := Read(dir)
		if err != nil {
			return c, err
		}
		c.Runs, configs = append(c.Runs, d.State), append(configs, d.Config)

		// Each run has its own copy of the baselines; only the trained encoders are compared.
		for _, r := range d.Outcome {
			if r.Model == d.Method {
				c.Results = append(c.Results, r)
			}
		}
	}

	c.Differences, err = Differences(configs)
	return c, err
}

// Differences returns the keys in which configurations differ, in the order of a configuration.
func Differences(configs []pretrain.Config) ([]Difference, error) {
	var values []map[string]any
	known := map[string]bool{}
	for _, c := range configs {
		v, err := Values(c)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		for key := range v {
			known[key] = true
		}
	}

	// Keys that only some configurations have, such as a method's own, come last.
	keys := slices.DeleteFunc(pretrain.Keys(), func(key string) bool { return !known[key] })
	for _, key := range keys {
		delete(known, key)
	}
	keys = append(keys, slices.Sorted(maps.Keys(known))...)

	found := []Difference{}
	for _, key := range keys {
		d := Difference{Key: key}
		for _, v := range values {
			d.Values = append(d.Values, v[key])
		}
		first := fmt.Sprint(d.Values[0])
		if slices.ContainsFunc(d.Values, func(v any) bool { return fmt.Sprint(v) != first }) {
			found = append(found, d)
		}
	}
	return found, nil
}

// Values returns the values of a configuration by their dotted keys, with every default filled in: a record that is
// older than a key has the value that the key means without it.
func Values(c pretrain.Config) (map[string]any, error) {
	if c.Objective != nil {
		c = c.Resolved()
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	values := map[string]any{}
	flatten(values, "", tree)
	return values, nil
}

// flatten puts the leaves of a tree into values, under dotted keys.
func flatten(values map[string]any, prefix string, tree map[string]any) {
	for key, value := range tree {
		if branch, ok := value.(map[string]any); ok {
			flatten(values, prefix+key+".", branch)
		} else {
			values[prefix+key] = value
		}
	}
}

// Comparable returns a usage error, about the argument "force", when results of one kind, such as kNN on one layer for
// one task, were measured by different protocols in different runs.
func Comparable(results []record.Result) error {
	type kind struct{ name, task, layer, metric string }
	of := func(r record.Result) kind { return kind{r.Protocol.Name(), r.Task, r.Layer, r.Metric} }

	runOf := map[kind]map[record.Protocol]string{} // a run that was measured by the protocol
	protocolsOf := map[kind]map[string][]record.Protocol{}
	for _, r := range results {
		k := of(r)
		if runOf[k] == nil {
			runOf[k], protocolsOf[k] = map[record.Protocol]string{}, map[string][]record.Protocol{}
		}
		runOf[k][r.Protocol] = r.Run
		protocolsOf[k][r.Run] = append(protocolsOf[k][r.Run], r.Protocol)
	}

	for _, r := range results {
		k := of(r)
		for protocol, run := range runOf[k] {
			alike := slices.Contains(protocolsOf[k][r.Run], protocol) ||
				slices.Contains(protocolsOf[k][run], r.Protocol)
			if run != r.Run && !alike {
				return usage.About("force",
					"%s was measured by %s in run %s and by %s in run %s: evaluate both alike, "+
						"or force the comparison", r.Task, r.Protocol, r.Run, protocol, run)
			}
		}
	}
	return nil
}
