package plots

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/sslx/record"
)

// rowKey says what the numbers of a row have in common.
type rowKey struct {
	task          string
	protocol      record.Protocol
	split, metric string
}

// row holds one number for each model.
type row struct {
	rowKey
	models map[string]*estimate
}

// comparison is a table of results: tasks and protocols down, models across.
type comparison struct {
	models []string
	rows   []*row
}

// compare sorts results into rows: tasks in order of appearance, and within each the protocols in order of appearance.
// The pixels have no layers, so their number stands beside each layer that was evaluated with the same probe.
func compare(results []record.Result) comparison {
	var (
		tasks, seen []string
		rows        []*row
	)
	for _, r := range results {
		tasks = appendNew(tasks, r.Task)
		seen = appendNew(seen, r.Model)
		if r.Model != record.ModelPixels {
			rows = place(rows, r, func(k rowKey) bool { return k.protocol == r.Protocol })
		}
	}
	for _, r := range results {
		if r.Model == record.ModelPixels {
			rows = place(rows, r, func(k rowKey) bool { return k.protocol.WithoutLayer() == r.Protocol.WithoutLayer() })
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		return slices.Index(tasks, a.task) - slices.Index(tasks, b.task)
	})
	return comparison{models: orderModels(seen), rows: rows}
}

// place adds a result to every row of its task, split and metric whose protocol fits, or else to a new row.
func place(rows []*row, r record.Result, fits func(rowKey) bool) []*row {
	key, found := rowKey{r.Task, r.Protocol, r.Split, r.Metric}, false
	add := func(to *row) {
		if to.models[r.Model] == nil {
			to.models[r.Model] = new(estimate)
		}
		to.models[r.Model].add(r.Value, r.N)
	}
	for _, old := range rows {
		if old.task == key.task && old.split == key.split && old.metric == key.metric && fits(old.rowKey) {
			add(old)
			found = true
		}
	}
	if !found {
		rows = append(rows, &row{rowKey: key, models: map[string]*estimate{}})
		add(rows[len(rows)-1])
	}
	return rows
}

// main returns the rows that a figure or a summary is about: one protocol (kNN on the encoder where there is one), one
// split (test where there is one), accuracy.
func (c comparison) main() []*row {
	var best *row
	bestScore := -1
	for _, r := range c.rows {
		if score := r.prominence(); r.metric == record.MetricAccuracy && score > bestScore {
			best, bestScore = r, score
		}
	}
	var rows []*row
	for _, r := range c.rows {
		if best != nil && r.protocol == best.protocol && r.split == best.split && r.metric == record.MetricAccuracy {
			rows = append(rows, r)
		}
	}
	return rows
}

func (r *row) prominence() (score int) {
	if r.split == record.SplitTest {
		score += 4
	}
	if r.protocol.Family == "knn" {
		score += 2
	}
	if r.protocol.Layer == record.LayerEncoder {
		score++
	}
	return score
}

// images returns the numbers of images behind a row, and their split: "2000 test".
func (r *row) images() string {
	var counts []int
	for _, e := range r.models {
		for _, n := range e.n {
			counts = appendNew(counts, n)
		}
	}
	slices.Sort(counts)
	texts := make([]string, len(counts))
	for i, n := range counts {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ") + " " + r.split
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
