package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
)

// printResults prints results as a table, a row for each task and protocol and a column for each model, and below it
// what the protocols mean.
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

	var notes []string
	if slices.ContainsFunc(results, averaged) {
		notes = append(notes, "kNN sees all pixels, the other protocols see averaged ones")
	}
	for _, note := range report.ResultNotes(results) {
		notes = append(notes, note[0]+": "+note[1])
	}
	if len(notes) == 0 {
		return nil
	}

	fmt.Fprintln(a.stdout)
	for _, note := range notes {
		// Lines after the first belong to it.
		text := strings.Join(words.Wrap(note, pageColumns-2), "\n  ")
		if _, err := fmt.Fprintln(a.stdout, text); err != nil {
			return err
		}
	}
	return nil
}
