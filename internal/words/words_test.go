package words

import (
	"math"
	"slices"
	"testing"
)

func TestCount_OneIsSingular(t *testing.T) {
	for want, got := range map[string]string{
		"1 epoch": Count(1, "epoch"), "0 runs": Count(0, "run"), "2 run folders": Count(2, "run folder"),
		"0.5 epochs": Count(0.5, "epoch"), "1 core": Count(1.0, "core"), "12345678 images": Count(12345678, "image"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOr_ListsThings(t *testing.T) {
	for _, c := range []struct {
		things []string
		want   string
	}{{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a or b"}, {[]string{"a", "b", "c"}, "a, b, or c"}} {
		if got := Or(c.things); got != c.want {
			t.Errorf("%q: %q, want %q", c.things, got, c.want)
		}
	}
}

func TestDuration_ReadsAsPeopleSayIt(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0 s", 0.44: "0.4 s", 9.96: "10 s", 42.4: "42 s", 59.6: "1 min 0 s", 200: "3 min 20 s", 3599.7: "1 h 0 min",
		18720: "5 h 12 min", 3659: "1 h 1 min", math.NaN(): "an unknown time", math.Inf(1): "an unknown time",
	} {
		if got := Duration(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

func TestThousands_AreGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567",
		-100:  "-100",
		-1000: "-1\u202f000"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestPrintable_NothingReachesTheTerminalRaw(t *testing.T) {
	for text, want := range map[string]string{
		"birds/größe 5": "birds/größe 5", "a\x1b[31mb": `a\x1b[31mb`, "a\nb": `a\nb`, "a\u202eb": `a\u202eb`,
		"\xffx":    `\xffx`,
		"\u009b1m": `\u009b1m`, "a\u2028b": `a\u2028b`, "\x00\r": `\x00\r`, "\u2066x": `\u2066x`,
	} {
		if got := Printable(text, false); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := Printable("a\n\tb\x1b", true); got != "a\n\tb\\x1b" {
		t.Errorf("several lines are %q", got)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31m\u202e\xff")
	f.Fuzz(func(t *testing.T, text string) {
		once := Printable(text, false)
		for _, r := range once {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				t.Errorf("%q is %q", text, once)
			}
		}
		if Printable(once, false) != once {
			t.Errorf("%q changes again", once)
		}
	})
}

func TestShorten_KeepsBothEnds(t *testing.T) {
	for want, got := range map[string]string{"abc": Shorten("abc", 3), "a…d": Shorten("abcd", 3),
		"ä…ü": Shorten("äöö…ü", 3)} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCell_NoFormula(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "run": "run", "=1+1": "'=1+1", "+x": "'+x", "-0.5": "-0.5", "-1e-6": "-1e-6", "@a": "'@a",
		"\tx":    "'\tx",
		"-1+cmd": "'-1+cmd", "+5": "+5", "-Inf": "-Inf",
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestQuote_IsOneWordOfAShell(t *testing.T) {
	for text, want := range map[string]string{
		"runs/first": "runs/first", "a b": "'a b'", "": "''", "it's": `'it'\''s'`, "$HOME": "'$HOME'",
		"größe": "'größe'", "~/x": "'~/x'", "-x": "./-x",
		"a;b": "'a;b'", "a\nb": `$'a\nb'`,
	} {
		if got := Quote(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestWrap_LinesAreNoLongerThanTheWidth(t *testing.T) {
	got := Wrap("a bb  ccc\nääää a-very-long-word b", 6)
	want := []string{"a bb", "ccc", "ääää", "a-very-long-word", "b"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
