package plots

import (
	"strings"

	"github.com/sslx-go/lab/sslx/record"
)

// missing stands for a number that was not measured.
const missing = "–"

// ResultsTable returns a table of results as text: one row for each task and protocol, with the number of images and
// their split, then a column for each model. The floors come first and are always there; a number that was not measured
// is "–". Accuracies are in percent. Results of several seeds are shown as their mean ± half the width of its 95 % t
// interval, so pass the runs of one configuration only.
func ResultsTable(results []record.Result) (header []string, rows [][]string) {
	c := compare(results)
	for _, r := range c.rows {
		rows = append(rows, r.cells(c.models))
	}
	return c.header(), rows
}

// Markdown returns the table of results as a Markdown table, the best of each row in bold.
func Markdown(results []record.Result) string {
	c := compare(results)
	var b strings.Builder
	header := c.header()
	writeMarkdownRow(&b, header)
	b.WriteString("|" + strings.Repeat(" --- |", names) + strings.Repeat(" ---: |", len(header)-names) + "\n")
	for _, r := range c.rows {
		cells := r.cells(c.models)
		for i, model := range c.models {
			if r.best(model) {
				cells[names+1+i] = "**" + cells[names+1+i] + "**"
			}
		}
		writeMarkdownRow(&b, cells)
	}
	return b.String()
}

// names is the number of columns that hold names; the rest hold numbers.
const names = 2

func (c comparison) header() []string { return append([]string{"task", "protocol", "n"}, c.models...) }

// cells returns the row as text, under the header.
func (r *row) cells(models []string) []string {
	cells := []string{r.task, r.title(), r.images()}
	for _, model := range models {
		text := missing
		if e := r.models[model]; e != nil {
			text = e.format(r.metric)
		}
		cells = append(cells, text)
	}
	return cells
}

// title returns the protocol, and the metric where it is not the usual one.
func (r *row) title() string {
	if r.metric == record.MetricAccuracy {
		return r.protocol.String()
	}
	return r.protocol.String() + " (" + r.metric + ")"
}

// best reports whether no model has a higher accuracy in the row, to the digit that the table shows. It is false for a
// metric of which it is not known whether more is better, and for a single model.
func (r *row) best(model string) bool {
	if r.metric != record.MetricAccuracy || len(r.models) < 2 || r.models[model] == nil {
		return false
	}
	for _, e := range r.models {
		if e.tenths() > r.models[model].tenths() {
			return false
		}
	}
	return true
}

// markdownEscapes keeps names from ending a cell or a row, and from becoming markup.
var markdownEscapes = strings.NewReplacer(
	"\\", `\\`, "|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "\\`", "[", `\[`,
)

func writeMarkdownRow(b *strings.Builder, cells []string) {
	b.WriteString("|")
	for _, cell := range cells {
		b.WriteString(" " + markdownEscapes.Replace(cell) + " |")
	}
	b.WriteString("\n")
}
