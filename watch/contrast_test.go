package watch

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// colors returns the named colors of a block of the style sheet.
func colors(t *testing.T, block string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z0-9]+): (#[0-9a-f]{3,6});`).FindAllStringSubmatch(block, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// contrast returns the contrast ratio of two colors (WCAG 2.2, "contrast ratio").
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		digits := strings.TrimPrefix(hex, "#")
		if len(digits) == 3 {
			digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
		}
		sum := 0.0
		for i, share := range []float64{0.2126, 0.7152, 0.0722} {
			v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
			if err != nil {
				t.Fatalf("color %s: %v", hex, err)
			}
			c := float64(v) / 255
			if c <= 0.04045 {
				sum += share * c / 12.92
			} else {
				sum += share * math.Pow((c+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// schemes returns the colors of a style sheet by scheme.
func schemes(t *testing.T, text string) map[string]map[string]string {
	t.Helper()
	light, rest, ok := strings.Cut(text, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the style has no dark scheme")
	}
	dark, _, _ := strings.Cut(rest, "* {")
	return map[string]map[string]string{"light": colors(t, light), "dark": colors(t, dark)}
}

// Reports of runs, sweeps and claims share a style.
func TestReports_ContrastIsThatOfLevelAA(t *testing.T) {
	text, err := os.ReadFile("../report/page.html.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range schemes(t, string(text)) {
		if len(c) != 6 {
			t.Fatalf("%s has %d colors: %v", name, len(c), c)
		}
		for _, ground := range []string{"page", "band"} {
			for _, ink := range []string{"ink", "soft", "best"} {
				if ratio := contrast(t, c[ink], c[ground]); ratio < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", name, ink, ground, ratio)
				}
			}
		}
	}
}

func TestStyle_ContrastIsThatOfLevelAA(t *testing.T) {
	text, err := static.ReadFile("static/watch.css")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range schemes(t, string(text)) {
		if len(c) != 16 {
			t.Fatalf("%s has %d colors: %v", name, len(c), c)
		}

		// 4.5 for text, 3 for curves and other parts that have to be seen.
		for _, ground := range []string{"page", "band", "mark"} {
			for _, ink := range []string{"ink", "soft", "link", "warn"} {
				onMark := ground == "mark" && ink != "ink" // marked rows have no other text
				if ratio := contrast(t, c[ink], c[ground]); ratio < 4.5 && !onMark {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", name, ink, ground, ratio)
				}
			}
		}
		for _, part := range []string{"s0", "s1", "s2", "s3", "s4", "s5", "bar", "soft"} {
			if ratio := contrast(t, c[part], c["page"]); ratio < 3 {
				t.Errorf("%s: %s has a contrast of %.2f, want 3", name, part, ratio)
			}
		}
	}
}
