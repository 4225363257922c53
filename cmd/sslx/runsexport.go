package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/sslx/record"
)

type exportFlags struct {
	out     string
	metrics bool
}

func runsExportCommand(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export RUN...",
		Short: "Write results or training logs as CSV",
		Long: `Write the results of runs as CSV, one line a result, to standard output or a file; with --metrics, their
training logs, one line a logging step.`,
		Example: `  sslx runs export runs/* > results.csv
  sslx runs export first lr01 --metrics --out logs.csv`,
		Args:              arguments(1, -1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsExport(args, f) },
	}
	cmd.Flags().StringVar(&f.out, "out", "", "file to write; standard output when left out")
	cmd.Flags().BoolVar(&f.metrics, "metrics", false, "export the training logs")
	return cmd
}

func (a *app) runsExport(names []string, f exportFlags) error {
	dirs, err := findRuns(names)
	if err != nil {
		return err
	}
	rows, err := resultRows(dirs)
	if f.metrics {
		rows, err = metricRows(dirs)
	}
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) }
	if f.out == "" {
		return write(a.stdout)
	}
	if err := atomicfile.Write(f.out, write); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.out, err)
	}
	return nil
}

func resultRows(dirs []string) ([][]string, error) {
	rows := [][]string{{"run", "model", "task", "protocol", "layer", "split", "metric", "value", "n", "seed"}}
	for _, dir := range dirs {
		results, err := record.ReadResults(dir)
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			rows = append(rows, []string{r.Run, r.Model, r.Task, r.Protocol.String(), r.Layer, r.Split, r.Metric, number(r.Value),
				strconv.Itoa(r.N), strconv.FormatUint(r.Seed, 10)})
		}
	}
	return rows, nil
}

func metricRows(dirs []string) ([][]string, error) {
	rows := [][]string{{"run", "step", "epoch", "images", "seconds", "lr", "loss", "chance", "spread", "rank", "probe_accuracy"}}
	for _, dir := range dirs {
		metrics, err := record.ReadMetrics(dir)
		if err != nil {
			return nil, err
		}
		for _, m := range metrics {
			probe := ""
			if m.ProbeAccuracy != nil {
				probe = number(*m.ProbeAccuracy)
			}
			rows = append(rows, []string{record.Name(dir), strconv.Itoa(m.Step), number(m.Epoch),
				strconv.FormatInt(m.Images, 10), number(m.Seconds), number(m.LR), number(m.Loss), number(m.Chance),
				number(m.Spread), number(m.Rank), probe})
		}
	}
	return rows, nil
}

// number writes the shortest text that reads back as v.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
