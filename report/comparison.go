package report

import (
	"fmt"
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

// row holds one number for each column.
type row struct {
	rowKey
	cells  map[string]*estimate
	chance float64 // accuracy of guessing, in [0, 1]; 0 where it is not known
}

// comparison is a table of results: tasks and protocols down, models across.
type comparison struct {
	columns []string
	trained []string // the columns of models that were trained without labels
	rows    []*row
}

// compare sorts results into rows, with a column for each model: results of a model with several seeds are one number.
func compare(results []record.Result) comparison {
	c := comparison{rows: arrange(results, func(r record.Result) string { return r.Model })}

	var seen []string
	for _, r := range results {
		seen = appendNew(seen, r.Model)
	}
	c.columns = orderModels(seen)
	c.trained = methods(c.columns)
	return c
}

// compareRuns sorts results into rows, with a column for each model of each run; the first run's are not named by it.
func compareRuns(results []record.Result) comparison {
	column := func(r record.Result) string {
		if r.Run != results[0].Run {
			return r.Model + " of " + r.Run
		}
		return r.Model
	}

	c := comparison{rows: arrange(results, column)}
	for _, r := range results {
		c.columns = appendNew(c.columns, column(r))
		if len(methods([]string{r.Model})) > 0 {
			c.trained = appendNew(c.trained, column(r))
		}
	}

	// Baselines come first, also where a protocol without them was measured before the others.
	baselines := []string{record.ModelPixels, record.ModelUntrained, record.ModelUntrainedBN}
	rank := func(column string) int {
		if i := slices.Index(baselines, column); i >= 0 {
			return i
		}
		return len(baselines)
	}
	slices.SortStableFunc(c.columns, func(a, b string) int { return rank(a) - rank(b) })
	return c
}

// arrange sorts results into rows: tasks in order of appearance, and within each the protocols in order of appearance.
// Pixels have no layers, so their number stands next to each layer that was evaluated with the same probe.
func arrange(results []record.Result, column func(record.Result) string) (rows []*row) {
	var tasks []string
	for _, r := range results {
		tasks = appendNew(tasks, r.Task)

		// A number is compared with numbers of the same protocol, layer included.
		if r.Model != record.ModelPixels {
			rows = place(rows, r, column(r), func(k rowKey) bool { return k.protocol == r.Protocol })
		}
	}

	// Pixels come second, when the rows that they are put into are all there.
	for _, r := range results {
		if r.Model == record.ModelPixels {
			rows = place(rows, r, column(r), func(k rowKey) bool {
				return k.protocol.WithoutLayer() == r.Protocol.WithoutLayer()
			})
		}
	}

	// Stable: within a task, protocols stay in order of appearance.
	slices.SortStableFunc(rows, func(a, b *row) int {
		return slices.Index(tasks, a.task) - slices.Index(tasks, b.task)
	})
	return rows
}

// place adds a result to every row of its task, split and metric whose protocol fits, or else to a new row.
func place(rows []*row, r record.Result, column string, fits func(rowKey) bool) []*row {
	key, found := rowKey{r.Task, r.Protocol, r.Split, r.Metric}, false
	add := func(to *row) {
		if to.cells[column] == nil {
			to.cells[column] = new(estimate)
		}
		to.cells[column].add(r.Value, r.N)
		to.chance = max(to.chance, r.Chance)
	}

	for _, old := range rows {
		if old.task == key.task && old.split == key.split && old.metric == key.metric && fits(old.rowKey) {
			add(old)
			found = true
		}
	}

	if !found {
		rows = append(rows, &row{rowKey: key, cells: map[string]*estimate{}})
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
		// Of rows that are equally prominent, the first wins.
		if score := r.prominence(); r.metric == record.MetricAccuracy && score > bestScore {
			best, bestScore = r, score
		}
	}

	var rows []*row
	for _, r := range c.rows {
		// The same protocol and split in all rows, so that they can be read as one picture.
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

// counts returns the numbers of images behind a row.
func (r *row) counts() string {
	var counts []int
	for _, e := range r.cells {
		// Cells of a row may come from different numbers of images: all are named.
		for _, n := range e.n {
			counts = appendNew(counts, n)
		}
	}
	slices.Sort(counts)

	texts := make([]string, len(counts))
	for i, n := range counts {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

// title returns the protocol, and the metric where it is not accuracy and the protocol does not name it.
func (r *row) title() string {
	if r.metric == record.MetricAccuracy || r.metric == r.protocol.Family {
		return r.protocol.String()
	}
	return r.protocol.String() + " (" + r.metric + ")"
}

// best reports whether no other column has a higher accuracy in the row, to the digit that the table shows. It is false
// for a metric of which it is not known whether more is better, and for a single column.
func (r *row) best(column string) bool {
	if !record.IsAccuracy(r.metric) || len(r.cells) < 2 || r.cells[column] == nil {
		return false
	}

	for _, e := range r.cells {
		if e.tenths() > r.cells[column].tenths() {
			return false
		}
	}
	return true
}

// knowsChance reports whether the accuracy of guessing is known for some row.
func (c comparison) knowsChance() bool {
	return slices.ContainsFunc(c.rows, func(r *row) bool { return r.chance > 0 })
}

// guessing returns the accuracy of guessing as the tables show it.
func (r *row) guessing() string {
	if r.chance == 0 {
		return missing
	}
	return fmt.Sprintf("%.1f %%", 100*r.chance)
}

// commonPrefix returns the data set's name and the slash, when all tasks are of one set.
func commonPrefix(rows []*row) string {
	set, _, ok := strings.Cut(rows[0].task, "/")
	for _, r := range rows {
		if !ok || !strings.HasPrefix(r.task, set+"/") {
			return ""
		}
	}
	return set + "/"
}

func appendNew[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
