package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/sslx-go/lab/sslx/record"
)

// measure is what the results in one row of a table by protocol have in common.
type measure struct{ task, protocol, metric string }

// printByProtocol prints results with a row for each task and protocol and a column for each model.
func printByProtocol(w io.Writer, results []record.Result) error {
	var rows []measure
	var columns []column
	values := map[measure]map[column]record.Result{}
	for _, r := range results {
		at, of := measure{r.Task, r.Protocol.Short(), r.Metric}, column{run: r.Run, model: r.Model}
		if values[at] == nil {
			values[at] = map[column]record.Result{}
			rows = append(rows, at)
		}
		if !slices.Contains(columns, of) {
			columns = append(columns, of)
		}
		values[at][of] = r
	}
	t := table{left: 2}
	head := []string{"task", "protocol", "n"}
	for _, c := range columns {
		name := c.model
		if c.run != columns[0].run {
			name += " of " + c.run
		}
		head = append(head, name)
	}
	t.add(head...)
	place := map[string]int{} // of a task: that of its first row
	for i, at := range rows {
		if _, ok := place[at.task]; !ok {
			place[at.task] = i
		}
	}
	slices.SortStableFunc(rows, func(a, b measure) int { return place[a.task] - place[b.task] })
	for _, at := range rows {
		cells := []string{at.task, at.protocol, ""}
		for _, c := range columns {
			r, ok := values[at][c]
			if !ok {
				cells = append(cells, "-")
				continue
			}
			cells[2] = fmt.Sprint(r.N)
			cells = append(cells, valueText(r.Metric, r.Value))
		}
		t.rows = append(t.rows, cells)
	}
	if err := t.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\naccuracies in %; floors of pixels are of averaged pixels but for knn")
	return err
}

// valueText writes an accuracy in per cent, and other metrics as they are.
func valueText(metric string, value float64) string {
	if metric == record.MetricAccuracy {
		return fmt.Sprintf("%.1f", 100*value)
	}
	return fmt.Sprintf("%.4g", value)
}
