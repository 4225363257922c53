package report

import (
	"slices"
	"strconv"

	"github.com/sslx-go/lab/sslx/record"
)

// Results returns a table of results: a row for each task and protocol, with the number of images and their split, the
// accuracy of guessing where the results have it, then a column for each model. The baselines come first and are always
// there; a number that was not measured is "–".
// Accuracies are in percent, the best of each row in bold. Results of several seeds are shown as their mean ± half the
// width of its 95 % t interval, so pass the runs of one configuration only.
func Results(results []record.Result) Table { return compare(results).table() }

// ResultsByRun returns a table of results as Results does, with a column for each model of each run.
func ResultsByRun(results []record.Result) Table { return compareRuns(results).table() }

func (c comparison) table() Table {
	head := []string{"task", "protocol", "n"}
	if c.knowsChance() {
		head = append(head, "chance")
	}

	t := Table{Align: "llr", Head: slices.Concat(head, c.columns), best: map[[2]int]bool{}}
	for k, column := range c.columns {
		if slices.Contains(c.trained, column) {
			t.early = append(t.early, len(head)+k)
		}
	}

	for i, r := range c.rows {
		cells := []string{r.task, r.title(), r.counts() + " " + r.split}
		if c.knowsChance() {
			cells = append(cells, r.guessing())
		}

		// Every row has a cell for each model, so that gaps are seen.
		for k, column := range c.columns {
			text := missing
			if e := r.cells[column]; e != nil {
				text = e.format(r.metric)
			}
			cells = append(cells, text)
			t.best[[2]int{i, len(head) + k}] = r.best(column)
		}

		t.Rows = append(t.Rows, cells)
	}
	return t
}

// ExportResults returns the results of the runs in dirs one a row, with all digits, for other programs.
func ExportResults(dirs ...string) (Table, error) {
	t := Table{Head: []string{"run", "model", "task", "protocol", "layer", "split", "metric", "value", "n", "seed"}}
	for _, dir := range dirs {
		results, err := record.ReadResults(dir)
		if err != nil {
			return t, err
		}

		for _, r := range results {
			t.Rows = append(t.Rows, []string{r.Run, r.Model, r.Task, r.Protocol.String(), r.Layer, r.Split, r.Metric,
				exact(r.Value), strconv.Itoa(r.N), strconv.FormatUint(r.Seed, 10)})
		}
	}
	return t, nil
}

// ExportMetrics returns the training logs of the runs in dirs one line a row, with all digits, for other programs.
func ExportMetrics(dirs ...string) (Table, error) {
	t := Table{Head: []string{"run", "step", "epoch", "images", "seconds", "lr", "loss", "chance", "spread", "rank",
		"probe_accuracy", "knn_accuracy"}}
	for _, dir := range dirs {
		metrics, err := record.ReadMetrics(dir)
		if err != nil {
			return t, err
		}

		for _, m := range metrics {
			row := []string{record.Name(dir), strconv.Itoa(m.Step), exact(m.Epoch), strconv.FormatInt(m.Images, 10)}
			for _, v := range []float64{m.Seconds, m.LR, m.Loss, m.Chance, m.Spread, m.Rank} {
				row = append(row, exact(v))
			}

			for _, v := range []*float64{m.ProbeAccuracy, m.KNNAccuracy} {
				text := "" // without a probe
				if v != nil {
					text = exact(*v)
				}
				row = append(row, text)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t, nil
}

// exact writes the shortest text that reads back as v.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
