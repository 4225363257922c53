package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func runsListCommand(a *app) *cobra.Command {
	var asJSON bool
	var where []string
	cmd := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the runs in a folder and below",
		Long: `List the runs in a folder (runs when left out) and below: method, data, how far each is, the loss at the end
of its log, the number of results, and whether a process works on it now. A run that is neither in use nor
finished was stopped, or its process died: sslx pretrain --resume RUN goes on with either.

--where keeps the runs that have a value in their configuration, or a status.`,
		Example: `  sslx runs list
  sslx runs list experiments --json
  sslx runs list --where objective.name=vicreg --where status=died`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			states, err := statesIn(args)
			if err != nil {
				return err
			}
			if states, err = having(states, where); err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(states)
			}
			return a.printStates(states)
		},
	}
	cmd.Flags().StringArrayVar(&where, "where", nil, "keep runs with this `key=value` of the configuration, or status; may be repeated")
	completeFunc(cmd, "where", completeSet)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// statesIn returns the states of the runs in the folder that is named, or in that of runs, which may be missing.
func statesIn(args []string) ([]runState, error) {
	dir := runsFolder
	if len(args) > 0 {
		dir = args[0]
	}
	dirs, err := runsIn(dir)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && len(args) > 0:
		return nil, usage.Errorf("there is no folder %s: give one that holds runs", dir)
	case err != nil && !missing:
		return nil, fmt.Errorf("folder %s cannot be read: %w", dir, err)
	}
	states := []runState{}
	for _, run := range dirs {
		states = append(states, stateOf(run))
	}
	return states, nil
}

// having returns the runs that have all values. What cannot be read has none.
func having(states []runState, where []string) ([]runState, error) {
	for _, want := range where {
		key, value, ok := strings.Cut(want, "=")
		if keys := append(sslx.Keys(), "status"); !ok || !slices.Contains(keys, key) {
			return nil, usage.Unknown("key=value of --where", want, keys)
		}
		states = slices.DeleteFunc(states, func(s runState) bool { return s.value(key) != value })
	}
	return states, nil
}

// value returns what the run has under a key, as text.
func (s runState) value(key string) string {
	if key == "status" {
		return s.Status
	}
	var config sslx.Config
	if record.ReadConfig(s.Path, &config) != nil {
		return ""
	}
	values, err := flatConfig(config)
	if err != nil {
		return ""
	}
	return fmt.Sprint(values[key])
}

func (a *app) printStates(states []runState) error {
	if len(states) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no runs: `sslx pretrain --out runs/first` makes one")
		return err
	}
	t := table{left: 4}
	t.add("run", "method", "data", "status", "steps", "epochs", "loss", "results", "started")
	for _, s := range states {
		loss := "-"
		if s.Loss != nil {
			loss = fmt.Sprintf("%.4f", *s.Loss)
		}
		t.add(s.Path, s.Method, s.Data, s.Status, fmt.Sprint(s.Steps), fmt.Sprintf("%.1f", s.Epochs), loss,
			fmt.Sprint(s.Results), s.Started.Local().Format("2006-01-02 15:04"))
		if s.Error != "" {
			a.warn(s.Path + ": " + s.Error)
		}
	}
	return t.print(a.stdout)
}
