package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sslx-go/lab/internal/words"
)

// missing stands for a number that was not measured.
const missing = "–"

// Table is text in rows and columns, which is written as text, as Markdown or as CSV.
type Table struct {
	// Align has a letter for each column: l for names, which are flush left, and r for numbers, which are flush right.
	// Columns without a letter are as the last one.
	Align string

	// Head names the columns; it may be nil for text.
	Head []string
	Rows [][]string

	// early are the columns that the first part of a text in parts begins with, after the names.
	early []int

	// best are the cells, by row and column, that Markdown sets in bold.
	best map[[2]int]bool
}

// right reports whether a column is flush right.
func (t Table) right(k int) bool {
	return t.Align != "" && t.Align[min(k, len(t.Align)-1)] == 'r'
}

// Right and Best are right and best, for the template of a page.
func (t Table) Right(k int) bool   { return t.right(k) }
func (t Table) Best(i, k int) bool { return t.best[[2]int{i, k}] }

// MarshalJSON returns an object with the keys head, rows, right (whether a column is flush right, as numbers are) and
// best (the row and column of each cell that Markdown sets in bold). Cells are plain text.
func (t Table) MarshalJSON() ([]byte, error) {
	columns := len(t.Head)
	rows := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = make([]string, len(row))
		for k, cell := range row {
			rows[i][k] = plain(cell)
		}
		columns = max(columns, len(row))
	}

	right, best := make([]bool, columns), [][2]int{}
	for k := range right {
		right[k] = t.right(k)
	}
	for i, row := range t.Rows {
		for k := range row {
			if t.best[[2]int{i, k}] {
				best = append(best, [2]int{i, k})
			}
		}
	}
	return json.Marshal(struct {
		Head  []string   `json:"head"`
		Rows  [][]string `json:"rows"`
		Right []bool     `json:"right"`
		Best  [][2]int   `json:"best"`
	}{t.Head, rows, right, best})
}

// Markdown returns the table in Markdown. Names cannot end a cell or become markup.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

	line(escaped(t.Head))
	b.WriteString("|")
	for k := range t.Head {
		b.WriteString(map[bool]string{false: " --- |", true: " ---: |"}[t.right(k)])
	}
	b.WriteString("\n")

	for i, row := range t.Rows {
		cells := escaped(row)

		// Bold after escaping: the stars are markup.
		for k := range cells {
			if t.best[[2]int{i, k}] {
				cells[k] = "**" + cells[k] + "**"
			}
		}
		line(cells)
	}
	return b.String()
}

// markdownEscapes keeps names from ending a cell or a row, and from becoming markup.
var markdownEscapes = strings.NewReplacer(
	"\\", `\\`, "|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "\\`", "[", `\[`,
)

// Code returns a cell that is set as code in Markdown.
func Code(text string) string { return codeMark + text }

// Link returns a cell that is a link in Markdown.
func Link(text, target string) string { return linkMark + target + linkMark + text }

// codeMark and linkMark begin the cells that Code and Link made.
const (
	codeMark = "\x00"
	linkMark = "\x01"
)

// plain returns the text of a cell without what it is in Markdown.
func plain(cell string) string {
	if rest, ok := strings.CutPrefix(cell, linkMark); ok {
		_, text, _ := strings.Cut(rest, linkMark)
		return text
	}
	return strings.TrimPrefix(cell, codeMark)
}

func escaped(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		// Code keeps its characters; a backtick would end it.
		if text, ok := strings.CutPrefix(cell, codeMark); ok {
			out[i] = "`" + strings.NewReplacer("`", "'", "|", `\|`).Replace(text) + "`"
			continue
		}

		if rest, ok := strings.CutPrefix(cell, linkMark); ok {
			target, text, _ := strings.Cut(rest, linkMark)
			out[i] = "[" + markdownEscapes.Replace(text) + "](" + target + ")"
			continue
		}

		out[i] = strings.ReplaceAll(markdownEscapes.Replace(cell), "&lt; ", "< ") // before a space it begins no markup
	}
	return out
}

// gap is what stands between two columns of text.
const gap = "  "

// WriteText writes the table as text whose columns are aligned. A table that is wider than width characters (0 for no
// limit) is cut into parts, with the names, which are the columns before the first number, in each of them. In a table
// of results, the first part has the trained models. Each further part begins with a line that says so.
// Characters that a terminal would obey are escaped.
func (t Table) WriteText(w io.Writer, width int) error {
	lines := t.Rows
	if t.Head != nil {
		lines = append([][]string{t.Head}, t.Rows...)
	}

	// Widths are counted in what a terminal shows: without markup, and escaped.
	shown := make([][]string, len(lines))
	for i, line := range lines {
		for _, cell := range line {
			shown[i] = append(shown[i], words.Printable(plain(cell), false))
		}
	}

	widths := columnWidths(shown)
	all := parts(widths, t.names(), t.early, width)
	for n, columns := range all {
		if n > 0 {
			if _, err := fmt.Fprintf(w, continued, n+1, len(all)); err != nil {
				return err
			}
		}
		for _, line := range shown {
			if _, err := fmt.Fprintln(w, t.textLine(line, columns, widths)); err != nil {
				return err
			}
		}
	}
	return nil
}

// continued begins a further part of a table: in a log, a blank line and a second head look like another table.
const continued = "\nthe same rows, further columns (part %d of %d):\n"

// textLine writes some columns of a line, padded to their widths.
func (t Table) textLine(line []string, columns, widths []int) string {
	var cells []string
	for _, k := range columns {
		// A line may be shorter than the head.
		cell := ""
		if k < len(line) {
			cell = line[k]
		}

		pad := strings.Repeat(" ", widths[k]-utf8.RuneCountInString(cell))
		if t.right(k) {
			cells = append(cells, pad+cell)
		} else {
			cells = append(cells, cell+pad)
		}
	}
	return strings.TrimRight(strings.Join(cells, gap), " ")
}

// names returns the number of columns before the first number.
func (t Table) names() int { return len(t.Align) - len(strings.TrimLeft(t.Align, "l")) }

// parts splits columns so that each part fits into limit, with one number at least; each part begins with the names,
// and early columns are in the first part as far as they fit.
func parts(widths []int, names int, early []int, limit int) (parts [][]int) {
	var order []int
	for k := range widths {
		if !slices.Contains(early, k) {
			order = append(order, k)
		}
	}
	order = slices.Insert(order, min(names, len(order)), early...)

	var part []int
	total := 0
	add := func(k int) {
		if len(part) > 0 {
			total += len(gap)
		}
		part = append(part, k)
		total += widths[k]
	}

	// A part holds the names and one number, however wide, before it may end.
	for _, k := range order {
		if limit > 0 && len(part) > names && total+len(gap)+widths[k] > limit {
			parts = append(parts, part)
			part, total = nil, 0
			for name := range names {
				add(name)
			}
		}
		add(k)
	}
	parts = append(parts, part)

	// Within a part, columns stand as in the table.
	for _, part := range parts {
		slices.Sort(part)
	}
	return parts
}

// columnWidths returns the width of each column in characters.
func columnWidths(lines [][]string) (widths []int) {
	for _, line := range lines {
		for k, cell := range line {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// WriteCSV writes the table as CSV, with the head in the first line. A spreadsheet takes no name for a formula.
func (t Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := t.Rows
	if t.Head != nil {
		lines = append([][]string{t.Head}, t.Rows...)
	}

	for _, line := range lines {
		cells := make([]string, len(line))
		for k, cell := range line {
			cells[k] = words.Cell(plain(cell))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}

	// Errors of writing may only show when the last bytes are written.
	out.Flush()
	return out.Error()
}
