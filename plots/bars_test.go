package plots

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// bars is a chart of two series; one number was not measured, and one has no interval.
func bars() BarChart {
	none := math.NaN()
	return BarChart{X: "accuracy (%)", Series: []BarSeries{{"pixels", Pixels}, {"simclr", Trained}}, Groups: []BarGroup{
		{Name: "shape", Bars: []Bar{{25.04, 22, 28}, {61.27, none, none}}, Chance: 16.7},
		{Name: "hue", Bars: []Bar{{none, none, none}, {40, 37, 43}}, Chance: none},
	}}
}

func TestBarChart_EveryBarHasItsNumber(t *testing.T) {
	f, err := bars().Figure()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">25.0<", ">61.3<", ">40.0<", ">shape<", ">hue<", ">pixels<", ">simclr<",
		">chance<", ">accuracy (%)<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	if strings.Contains(string(svg), "NaN") {
		t.Error("the drawing has a NaN")
	}
	if want := "Bar chart of accuracy (%). shape: pixels 25.0, simclr 61.3. hue: simclr 40.0."; f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}

func TestBarChart_RefusesWhatCannotBeDrawn(t *testing.T) {
	for name, change := range map[string]func(*BarChart){
		"no series": func(b *BarChart) { b.Series = nil }, "no groups": func(b *BarChart) { b.Groups = nil },
		"a bar too few": func(b *BarChart) { b.Groups[0].Bars = b.Groups[0].Bars[:1] },
		"infinite":      func(b *BarChart) { b.Groups[0].Bars[0].Mean = math.Inf(1) },
		"negative":      func(b *BarChart) { b.Groups[0].Bars[0].Mean = -1 },
		"no end":        func(b *BarChart) { b.Groups[0].Bars[0].High = math.Inf(1) },
	} {
		b := bars()
		change(&b)
		if _, err := b.Figure(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFigure_IsSavedAsItsNameSays(t *testing.T) {
	f, err := bars().Figure()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"a.png", "b.svg"} {
		if err := f.Save(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	drawing, err := os.ReadFile(filepath.Join(dir, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(drawing))
	// 640 points at 192 dots an inch; a point is 1/72 inch.
	if wide := 1707; err != nil || config.Width != wide {
		t.Errorf("the PNG is %d pixels wide (%v), want %d", config.Width, err, wide)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "b.svg")); err != nil || !bytes.Contains(svg, []byte("</svg>")) {
		t.Errorf("the SVG has no end (%v)", err)
	}
	if err := f.Save(filepath.Join(dir, "c.gif")); !usage.Is(err) {
		t.Errorf("a GIF: got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d files, want 2", len(entries))
	}
}

func TestBarChart_SeriesHaveColorsOfTheirOwn(t *testing.T) {
	b := BarChart{Series: []BarSeries{{"pixels", Pixels}, {"untrained", Untrained}, {"untrained-bn", Untrained},
		{"a", Trained}, {"b", Trained}, {"c", Trained}}}
	seen := map[any]string{}
	for k, s := range b.Series {
		if twin, ok := seen[b.color(k)]; ok {
			t.Errorf("%s has the color of %s", s.Name, twin)
		}
		seen[b.color(k)] = s.Name
	}
}
