package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/sslx-go/lab/sslx/record"
)

// pageColumns is the width that tables of results keep to, in several parts where one is too wide.
const pageColumns = 100

// column is what the results in one column of a table have in common.
type column struct {
	run, model string
	protocol   record.Protocol
	metric     string
}

// row is what the results in one row have in common.
type row struct {
	task, split string
	n           int
}

// maxAcross is the largest number of protocols that stand side by side; more are below each other.
const maxAcross = 3

// pivot is results arranged as rows of tasks and columns of models and protocols, both in the order of the results.
type pivot struct {
	rows    []row
	columns []column
	values  map[row]map[column]float64
	labels  map[column]string // short names of protocols
	runs    bool              // several runs
}

func newPivot(results []record.Result) *pivot {
	p := &pivot{values: map[row]map[column]float64{}, labels: map[column]string{}}
	for _, r := range results {
		at, of := row{r.Task, r.Split, r.N}, column{r.Run, r.Model, r.Protocol, r.Metric}
		if p.values[at] == nil {
			p.values[at] = map[column]float64{}
			p.rows = append(p.rows, at)
		}
		if !slices.Contains(p.columns, of) {
			p.columns = append(p.columns, of)
		}
		p.values[at][of] = r.Value
		p.runs = p.runs || r.Run != results[0].Run
	}
	for _, c := range p.columns {
		p.labels[c] = p.label(c)
	}
	return p
}

// label shortens a protocol to its name, with its layer where another protocol of the model starts alike, or
// keeps it whole where that is not enough.
func (p *pivot) label(c column) string {
	layered := func(protocol record.Protocol) string {
		return record.Protocol{Family: protocol.Name(), Layer: protocol.Layer}.String()
	}
	for _, name := range []func(record.Protocol) string{record.Protocol.Name, layered} {
		alike := slices.ContainsFunc(p.columns, func(o column) bool {
			return o.protocol != c.protocol && o.run == c.run && o.model == c.model && name(o.protocol) == name(c.protocol)
		})
		if !alike {
			return withMetric(name(c.protocol), c.metric)
		}
	}
	return withMetric(c.protocol.String(), c.metric)
}

func withMetric(label, metric string) string {
	if metric == record.MetricAccuracy {
		return label
	}
	return label + " " + metric
}

// printResults prints results as a table: accuracies in per cent, other metrics as they are.
func printResults(w io.Writer, results []record.Result) error {
	if len(results) == 0 {
		_, err := fmt.Fprintln(w, "no results")
		return err
	}
	p := newPivot(results)
	if p.protocols() > maxAcross {
		return printByProtocol(w, results)
	}
	for start := 0; start < len(p.columns); {
		t, end := p.part(start)
		if start > 0 {
			fmt.Fprintln(w)
		}
		if err := t.print(w); err != nil {
			return err
		}
		start = end
	}
	return p.printLegend(w)
}

// part returns a table of the columns from start that fit a page, one at least, and where the next part starts.
func (p *pivot) part(start int) (t table, end int) {
	for end = start + 1; end < len(p.columns); end++ {
		wider := p.table(p.columns[start : end+1])
		if total(wider.widths()) > pageColumns {
			break
		}
	}
	return p.table(p.columns[start:end]), end
}

func total(widths []int) int {
	sum := len(gap) * (len(widths) - 1)
	for _, width := range widths {
		sum += width
	}
	return sum
}

func (p *pivot) table(columns []column) table {
	t := table{left: 1}
	heads := [][]string{{"", ""}, {"", ""}, {"task", "n"}}
	for _, c := range columns {
		for i, text := range []string{c.run, c.model, p.labels[c]} {
			heads[i] = append(heads[i], text)
		}
	}
	if !p.runs {
		heads = heads[1:]
	}
	t.rows = heads
	for _, r := range p.rows {
		cells := []string{r.task, fmt.Sprint(r.n)}
		if p.splits() {
			cells[0] += " (" + r.split + ")"
		}
		for _, c := range columns {
			cells = append(cells, p.cell(r, c))
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

func (p *pivot) cell(r row, c column) string {
	value, ok := p.values[r][c]
	if !ok {
		return "-"
	}
	return valueText(c.metric, value)
}

// protocols returns the largest number of columns of a model.
func (p *pivot) protocols() (most int) {
	counts := map[column]int{}
	for _, c := range p.columns {
		counts[column{run: c.run, model: c.model}]++
		most = max(most, counts[column{run: c.run, model: c.model}])
	}
	return most
}

// splits reports whether the rows are of several splits.
func (p *pivot) splits() bool {
	return slices.ContainsFunc(p.rows, func(r row) bool { return r.split != p.rows[0].split })
}

// printLegend says what the numbers are and which protocols the short names stand for.
func (p *pivot) printLegend(w io.Writer) error {
	text := "accuracy in %"
	if !p.splits() {
		text += " on the " + p.rows[0].split + " split"
	}
	t := table{left: 2}
	t.add("", text)
	var known []column
	for _, c := range p.columns {
		c.run, c.model, c.metric = "", "", p.labels[c]
		if !slices.Contains(known, c) && c.metric != c.protocol.String() {
			known = append(known, c)
			t.add(c.metric, c.protocol.String())
		}
	}
	fmt.Fprintln(w)
	return t.print(w)
}

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
