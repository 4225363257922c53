package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
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

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

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
