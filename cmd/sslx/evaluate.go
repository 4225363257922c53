package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

type evaluateFlags struct {
	tasks, protocols []string
	floors, json     bool
}

func evaluateCommand(a *app) *cobra.Command {
	var f evaluateFlags
	cmd := &cobra.Command{
		Use:   "evaluate RUN",
		Short: "Measure what an encoder has learned",
		Long: `Measure the frozen encoder of a run on the tasks of its data: by k nearest neighbours and by a linear probe
whose penalty is chosen on images held out of train. The test split is read once. Beside the trained encoder
stand its floors: raw pixels and the untrained encoder. The results are kept in the run folder.

RUN is a run folder, or the name of one in runs/.`,
		Example: `  sslx evaluate runs/first
  sslx evaluate first --tasks shape,object_hue --protocols knn
  sslx evaluate runs/first --json > results.json`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.evaluate(cmd.Context(), args[0], f) },

		ValidArgsFunction: completeRun,
	}
	cmd.Flags().StringSliceVar(&f.tasks, "tasks", nil, "tasks of the data, with commas between; all when left out")
	cmd.Flags().StringSliceVar(&f.protocols, "protocols", nil,
		strings.Join(sslx.Protocols(), ", ")+", with commas between; all when left out")
	cmd.Flags().BoolVar(&f.floors, "floors", true, "measure raw pixels and the untrained encoder too")
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "protocols", cobra.FixedCompletions(sslx.Protocols(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) evaluate(ctx context.Context, name string, f evaluateFlags) error {
	dir, err := findRun(name)
	if err != nil {
		return err
	}
	var results []record.Result
	err = a.work(func(opt sslx.Options) (err error) {
		results, err = sslx.Evaluate(ctx, dir, sslx.EvaluateOptions{Tasks: f.tasks, Protocols: f.protocols,
			Floors: f.floors, Options: opt})
		return err
	})
	if err != nil {
		return err
	}
	if f.json {
		return a.printJSON(list(results))
	}
	return printResults(a.stdout, results)
}
