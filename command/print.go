package command

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
)

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
		row[i] = abridged(visible(cell))
	}
	t.rows = append(t.rows, row)
}

func (t *table) print(w io.Writer) error {
	return report.Table{Align: strings.Repeat("l", t.left) + "r", Rows: t.rows}.WriteText(w, 0)
}

// visible returns a text of others, such as a file's name, without what a terminal would act on.
func visible(text string) string { return words.Printable(text, false) }

// What is shown of a longer text: its beginning and its end, where messages have the reason.
const (
	maxText = 2000
	maxTail = 500
)

// abridged leaves out the middle of a text that no screen has room for.
func abridged(text string) string {
	runes := []rune(text)
	if len(runes) <= maxText {
		return text
	}
	return string(runes[:maxText-maxTail]) + " … " + string(runes[len(runes)-maxTail:])
}

// terminalWriter writes to a terminal what is visible of a text, and its lines.
type terminalWriter struct{ w io.Writer }

func (t terminalWriter) Write(b []byte) (int, error) {
	lines := strings.Split(string(b), "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	_, err := io.WriteString(t.w, strings.Join(lines, "\n"))
	return len(b), err
}

// shellWord returns a word as a POSIX shell reads it back: quoted where it has to be.
func shellWord(word string) string { return words.Quote(word) }
