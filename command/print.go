package command

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
)

// pageColumns is the width of paragraphs.
const pageColumns = 100

// printJSON prints an indented value.
func (a *app) printJSON(value any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// list makes JSON's [] of no values, which would be null.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// table is text in columns: the first `left` ones flush left, the others flush right.
type table struct {
	left int
	rows [][]string
}

func (t *table) add(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = visible(cell)
	}
	t.rows = append(t.rows, row)
}

func (t *table) print(w io.Writer) error {
	return report.Table{Align: strings.Repeat("l", t.left) + "r", Rows: t.rows}.WriteText(w, 0)
}

// visible returns a text of others, such as a file's name, without what a terminal would act on, and without the middle
// of one that no screen has room for.
func visible(text string) string { return words.Shorten(words.Printable(text, false), 2000) }

// terminalWriter writes to a terminal what it does not act on.
type terminalWriter struct{ w io.Writer }

func (t terminalWriter) Write(b []byte) (int, error) {
	_, err := io.WriteString(t.w, words.Printable(string(b), true))
	return len(b), err
}
