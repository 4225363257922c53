package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func runsCompareCommand(a *app) *cobra.Command {
	var asJSON, force bool
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare runs: what differs in configuration and results",
		Long: `Compare runs: the keys of the configuration that differ, how far each is, and the results of the trained
encoders side by side. Differences between single runs are no evidence: they vary with the seed. Results of
one kind that were measured by different protocols cannot be compared and are refused.`,
		Example: `  sslx runs compare first lr01
  sslx runs compare runs/* --json`,
		Args:              arguments(2, -1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsCompare(args, asJSON, force) },
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&force, "force", false, "show results of different protocols side by side all the same")
	return cmd
}

// comparison is what `runs compare` prints. The JSON keys are a stable contract.
type comparison struct {
	Runs        []runState      `json:"runs"`
	Differences []difference    `json:"differences"`
	Results     []record.Result `json:"results"`
}

// difference is a key of the configuration with its values in the order of the runs.
type difference struct {
	Key    string `json:"key"`
	Values []any  `json:"values"`
}

func (a *app) runsCompare(names []string, asJSON, force bool) error {
	dirs, err := findRuns(names)
	if err != nil {
		return err
	}
	c := comparison{Results: []record.Result{}}
	var configs []sslx.Config
	for _, dir := range dirs {
		d, err := readRun(dir)
		if err != nil {
			return err
		}
		c.Runs, configs = append(c.Runs, d.runState), append(configs, d.Config)
		for _, r := range d.Outcome {
			if r.Model == d.Method {
				c.Results = append(c.Results, r)
			}
		}
	}
	if !force {
		if err := sameProtocols(c.Results); err != nil {
			return err
		}
	}
	if c.Differences, err = differences(configs); err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(c)
	}
	return a.printComparison(c)
}

// sameProtocols returns a usage error when results of one kind, such as kNN on one layer for one task, were measured by
// different protocols in different runs.
func sameProtocols(results []record.Result) error {
	type kind struct{ name, task, layer, metric string }
	of := func(r record.Result) kind {
		return kind{r.Protocol.Name(), r.Task, r.Layer, r.Metric}
	}
	runs := map[kind]map[record.Protocol]string{} // a run of each protocol
	names := map[kind]map[string][]record.Protocol{}
	for _, r := range results {
		k := of(r)
		if runs[k] == nil {
			runs[k], names[k] = map[record.Protocol]string{}, map[string][]record.Protocol{}
		}
		runs[k][r.Protocol] = r.Run
		names[k][r.Run] = append(names[k][r.Run], r.Protocol)
	}
	for _, r := range results {
		for protocol, run := range runs[of(r)] {
			if run != r.Run && !slices.Contains(names[of(r)][r.Run], protocol) && !slices.Contains(names[of(r)][run], r.Protocol) {
				return usage.Errorf("%s was measured by %s in run %s and by %s in run %s: evaluate both alike, or pass --force",
					r.Task, r.Protocol, r.Run, protocol, run)
			}
		}
	}
	return nil
}

// differences returns the keys in which configurations differ, in the order of a configuration.
func differences(configs []sslx.Config) ([]difference, error) {
	var flat []map[string]any
	for _, c := range configs {
		values, err := flatConfig(c)
		if err != nil {
			return nil, err
		}
		flat = append(flat, values)
	}
	found := []difference{}
	for _, key := range sslx.Keys() {
		d := difference{Key: key}
		for _, values := range flat {
			d.Values = append(d.Values, values[key])
		}
		first := fmt.Sprint(d.Values[0])
		if slices.ContainsFunc(d.Values, func(v any) bool { return fmt.Sprint(v) != first }) {
			found = append(found, d)
		}
	}
	return found, nil
}

// flatConfig returns the values of a configuration by their dotted keys.
func flatConfig(c sslx.Config) (map[string]any, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	return flatten(map[string]any{}, "", tree), nil
}

// flatten puts the leaves of a tree into flat, under dotted keys.
func flatten(flat map[string]any, prefix string, tree map[string]any) map[string]any {
	for key, value := range tree {
		if branch, ok := value.(map[string]any); ok {
			flatten(flat, prefix+key+".", branch)
		} else {
			flat[prefix+key] = value
		}
	}
	return flat
}

func (a *app) printComparison(c comparison) error {
	if err := a.printStates(c.Runs); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	if len(c.Differences) == 0 {
		fmt.Fprintln(a.stdout, "the configurations are the same")
	} else if err := differenceTable(c).print(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	return printResults(a.stdout, c.Results)
}

func differenceTable(c comparison) *table {
	t := &table{left: 1}
	head := []string{"key"}
	for _, s := range c.Runs {
		head = append(head, s.Run)
	}
	t.add(head...)
	for _, d := range c.Differences {
		cells := []string{d.Key}
		for _, v := range d.Values {
			cells = append(cells, fmt.Sprint(v))
		}
		t.add(cells...)
	}
	return t
}
