// Package words writes numbers and foreign names for people to read: counts with their noun, durations, text that is
// safe on a terminal and in a spreadsheet.
package words

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Number is what Count counts.
type Number interface {
	~int | ~int64 | ~uint64 | ~float64
}

// Count writes a number with its noun, which gets an s unless the number is 1: "1 epoch", "3 runs", "0.5 epochs".
func Count[N Number](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%.10g %s", float64(n), noun)
}

// Or lists things of which each may hold: "a", "a or b", "a, b, or c".
func Or(things []string) string {
	switch n := len(things); n {
	case 0, 1:
		return strings.Join(things, "")
	case 2:
		return things[0] + " or " + things[1]
	default:
		return strings.Join(things[:n-1], ", ") + ", or " + things[n-1]
	}
}

// Thousands writes a count with a thin space between groups of three digits.
func Thousands(n int64) string {
	text := fmt.Sprint(n)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// Duration writes seconds as people say them: "0.4 s", "42 s", "3 min 20 s", "5 h 12 min".
func Duration(seconds float64) string {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return "an unknown time"
	}
	// From 9.95 on, one decimal would be rounded to 10.0.
	if seconds != 0 && math.Abs(seconds) < 9.95 {
		return fmt.Sprintf("%.1f s", seconds)
	}

	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case m > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	}
	return fmt.Sprintf("%d s", s)
}

// Printable returns text that a terminal shows as it is: control characters, among them those that begin escape
// sequences, and characters that change the direction of writing are replaced by their escapes, as \x1b. Line breaks
// and tabs stay where multiline is true.
func Printable(text string, multiline bool) string {
	hidden := func(r rune) bool {
		if multiline && (r == '\n' || r == '\t') {
			return false
		}
		return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) ||
			r == unicode.ReplacementChar
	}
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}

	var b strings.Builder
	for i, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], "\ufffd"): // a byte that is no UTF-8
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Shorten shortens a name to at most length characters, and keeps its beginning and its end.
func Shorten(name string, length int) string {
	runes := []rune(name)
	if len(runes) <= length {
		return name
	}
	head, tail := length/2, length-length/2-1
	return string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
}

// Cell returns the text of a cell of a CSV file that no spreadsheet takes for a formula: a text that begins with one of
// = + - @, a tab or a carriage return gets an apostrophe before it (OWASP, "CSV Injection"). Numbers stay as they are.
func Cell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r", rune(text[0])) || isNumber(text) {
		return text
	}
	return "'" + text
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./][\w@%+=:,./~-]*$`)

// Quote returns a word of a command line that a POSIX shell reads back as the text: quoted where it has to be. A path
// that begins with a dash would be taken for a flag, so it gets "./" before it. Control characters need bash.
func Quote(text string) string {
	if strings.HasPrefix(text, "-") {
		text = "./" + text
	}
	switch {
	case plainWord.MatchString(text):
		return text
	// Go's escapes are among those of bash, but for the quote.
	case Printable(text, false) != text:
		return "$'" + strings.ReplaceAll(strings.Trim(strconv.QuoteToASCII(text), `"`), "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Wrap breaks text at spaces into lines of at most width characters; a longer word has a line of its own.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
