package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
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
	for _, row := range t.rows {
		var line strings.Builder
		for i, width := range t.widths() {
			cell, pad := "", width
			if i < len(row) {
				cell, pad = row[i], width-utf8.RuneCountInString(row[i])
			}
			if i > 0 {
				line.WriteString(gap)
			}
			if i < t.left {
				line.WriteString(cell + strings.Repeat(" ", pad))
			} else {
				line.WriteString(strings.Repeat(" ", pad) + cell)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

const gap = "  "

// widths returns the width of each column.
func (t *table) widths() (widths []int) {
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// visible returns a text of others, such as a file's name, without what a terminal would act on: control characters and
// those that change the direction of writing are written as escapes.
func visible(text string) string {
	hidden := func(r rune) bool {
		return r == utf8.RuneError || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) ||
			r == '\u2028' || r == '\u2029'
	}
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case hidden(r) && r != utf8.RuneError:
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

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

var plainWord = regexp.MustCompile(`^[\w@%+=:,./][\w@%+=:,./~-]*$`)

// shellWord returns a word as a POSIX shell reads it back: quoted where it has to be. Control characters need bash.
func shellWord(word string) string {
	if strings.HasPrefix(word, "-") {
		word = "./" + word // it would be taken for a flag
	}
	switch {
	case plainWord.MatchString(word):
		return word
	case visible(word) != word:
		return "$'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(word), `"`), "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
