package plots

import (
	"strings"
	"testing"
)

func TestLegend_LongLegendGoesOnInTheNextLine(t *testing.T) {
	var l legend
	for range 5 {
		l = append(l, fillEntry(strings.Repeat("name ", 5), blue))
	}
	lines := l.lines(500)
	total := 0
	for _, line := range lines {
		total += len(line)
		if len(line) > 2 {
			t.Errorf("a line has %d entries of more than 160 points each", len(line))
		}
	}
	if total != len(l) || len(lines) != 3 || l.height(500) != legendHeight*3 {
		t.Errorf("%d entries in %d lines, %v high", total, len(lines), l.height(500))
	}
	if got := l[:2].height(10); got != 2*legendHeight {
		t.Errorf("entries wider than the figure take %v, want a line each", got)
	}
}

func TestLegend_ShortenedNameKeepsItsEnds(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"short", "short"}, {"set/long kind 12", "set/… 12"}, {" two  words ", "two …rds"},
	} {
		if got := shorten(c.name, 8); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}
