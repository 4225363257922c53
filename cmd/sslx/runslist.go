package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
)

func runsListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the runs in a folder and below",
		Long: `List the runs in a folder (runs when left out) and below: method, data, how far each is, the loss at the end
of its log, the number of results, and whether a process works on it now.`,
		Example: `  sslx runs list
  sslx runs list experiments --json`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.runsList(runsFolder, true, asJSON)
			}
			return a.runsList(args[0], false, asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// runsList lists the runs below dir, which may be missing where optional.
func (a *app) runsList(dir string, optional, asJSON bool) error {
	dirs, err := runsIn(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !optional:
		return usage.Errorf("there is no folder %s: give one that holds runs", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %s cannot be read: %w", dir, err)
	}
	states := []runState{}
	for _, run := range dirs {
		states = append(states, stateOf(run))
	}
	if asJSON {
		return a.printJSON(states)
	}
	return a.printStates(states)
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
		t.add(s.Path, s.Method, s.Data, s.status(), fmt.Sprint(s.Steps), fmt.Sprintf("%.1f", s.Epochs), loss,
			fmt.Sprint(s.Results), s.Started.Local().Format("2006-01-02 15:04"))
		if s.Error != "" {
			a.warn(s.Path + ": " + s.Error)
		}
	}
	return t.print(a.stdout)
}
