package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// printResults prints results as a table: a row for each task and protocol, a column for each model.
func (a *app) printResults(results []record.Result) error {
	if len(results) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no results")
		return err
	}
	if err := report.ResultsByRun(results).WriteText(a.stdout, a.columns); err != nil {
		return err
	}

	// Protocols other than kNN see fewer, averaged pixels: their numbers are no baseline of the same input.
	averaged := func(r record.Result) bool {
		return strings.HasPrefix(r.Layer, record.LayerPixels) && r.Layer != record.LayerPixels
	}
	labelFree := func(r record.Result) bool { return r.Protocol.Name() == evaluate.ProtocolLabelFree }

	var notes []string
	if slices.ContainsFunc(results, averaged) {
		notes = append(notes, "kNN sees all pixels, the other protocols see averaged ones")
	}
	if slices.ContainsFunc(results, labelFree) {
		notes = append(notes, "better is: rankme, lidar, std higher; alignment, uniformity lower; alpha-req near 1")
	}
	for _, note := range notes {
		if _, err := fmt.Fprintln(a.stdout, "\n"+note); err != nil {
			return err
		}
	}
	return nil
}
