package plots

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
)

// The verdicts of the tests' plots.
const (
	debunked   = "debunked"
	upheld     = "upheld"
	notSettled = "not settled"
)

var verdicts = []string{debunked, upheld, notSettled}

// differences has one of each kind; the numbers are made up.
func differences() []Difference {
	nan := math.NaN()
	return []Difference{
		{"within", 0.5, -1, 1.5, debunked}, {"beyond", 4, 2.5, 5.5, upheld}, {"wide", 1, -3, 5, notSettled},
		{"one seed", 1, math.Inf(-1), math.Inf(1), notSettled}, {"bare", -2.5, nan, nan, ""}, {"none", nan, nan, nan,
			""},
	}
}

func drawn(margin float64) *forestDrawing {
	return newForestDrawing(Forest{Differences: differences(), Margin: margin, Verdicts: verdicts})
}

func TestForest_BandIsDrawnAtTheMargin(t *testing.T) {
	band, ok := drawn(2).layers()[0].(*plotter.Polygon)
	if !ok {
		t.Fatal("the band is not behind all else")
	}
	xmin, xmax, ymin, ymax := band.DataRange()
	if xmin != -2 || xmax != 2 || ymin != 0 || ymax != 6 {
		t.Errorf("the band is [%v, %v] wide and [%v, %v] high, want [-2, 2] and [0, 6]", xmin, xmax, ymin, ymax)
	}
	zero := drawn(2).layers()[1].(*plotter.Line)
	if zero.XYs[0].X != 0 || zero.XYs[1].X != 0 {
		t.Errorf("the line at zero is at %v", zero.XYs)
	}
}

func TestForest_EachMeasuredDifferenceIsDrawnInItsRow(t *testing.T) {
	layers := drawn(2).layers()[2:]
	if len(layers) != 5 {
		t.Fatalf("%d marks, want 5", len(layers))
	}
	for i, layer := range layers {
		if m := layer.(forestMark); m.Label != differences()[i].Label || m.y != 5.5-float64(i) {
			t.Errorf("%s is at the height %v, want %s at %v", m.Label, m.y, differences()[i].Label, 5.5-float64(i))
		}
	}
}

func TestForest_AxisHoldsAllThatIsFinite(t *testing.T) {
	for margin, want := range map[float64][2]float64{2: {-3, 5.5}, 10: {-10, 10}, 0: {-3, 5.5}} {
		low, high := drawn(margin).extent()
		room := (want[1] - want[0]) / 20
		if math.Abs(low-want[0]+room) > 1e-9 || math.Abs(high-want[1]-room) > 1e-9 {
			t.Errorf("margin %v: [%v, %v], want %v and a twentieth more", margin, low, high, want)
		}
	}
}

func TestForest_LegendNamesTheVerdictsThatOccur(t *testing.T) {
	names := func(d *forestDrawing) string {
		var names []string
		for _, e := range d.legend() {
			names = append(names, e.name)
		}
		return strings.Join(names, "; ")
	}
	want := "debunked; upheld; not settled; no verdict; within the margin of ±2; 95 % interval"
	if got := names(drawn(2)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	one := newForestDrawing(Forest{Differences: differences()[1:2], Verdicts: verdicts})
	if got := names(one); got != "upheld; 95 % interval" {
		t.Errorf("of one: got %s", got)
	}
}

func TestForest_VerdictsDifferByColorAndShape(t *testing.T) {
	colors, shapes := map[any]bool{}, map[draw.GlyphDrawer]bool{}
	for _, verdict := range []string{debunked, upheld, notSettled, ""} {
		glyph := Forest{Verdicts: verdicts}.glyph(verdict)
		colors[glyph.Color], shapes[glyph.Shape] = true, true
	}
	if len(colors) != 4 || len(shapes) != 4 {
		t.Errorf("%d colors and %d shapes, want 4 and 4", len(colors), len(shapes))
	}
}

func TestForest_IsToldInWordsAndNumbers(t *testing.T) {
	f, err := Forest{Title: "T", Differences: differences(), Margin: 2, Verdicts: verdicts}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	want := "Forest plot of the difference in points of accuracy; the margin is ±2. within: +0.5 [−1.0, +1.5], " +
		"debunked. beyond: +4.0 [+2.5, +5.5], upheld. wide: +1.0 [−3.0, +5.0], not settled. one seed: +1.0 [−∞, " +
		"+∞], not settled. bare: −2.5. none: not measured."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">within<", ">+4.0 [+2.5, +5.5]<", ">+1.0 [−∞, +∞]<", ">not measured<",
		">difference in points of accuracy<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
		t.Error("the drawing has a number that is not finite")
	}
}

func TestForest_ThatMakesNoSenseIsAUsageError(t *testing.T) {
	good := differences()[0]
	for name, f := range map[string]Forest{
		"nothing":             {Margin: 2},
		"nothing measured":    {Margin: 2, Differences: differences()[5:]},
		"a negative margin":   {Margin: -1, Differences: []Difference{good}, Verdicts: verdicts},
		"no number as margin": {Margin: math.NaN(), Differences: []Difference{good}, Verdicts: verdicts},
		"another verdict":     {Differences: []Difference{{Verdict: "refuted"}}, Verdicts: verdicts},
		"a mean outside":      {Differences: []Difference{{Mean: 3, Low: 0, High: 1}}},
		"an infinite mean":    {Differences: []Difference{{Mean: math.Inf(1), Low: 0, High: math.Inf(1)}}},
	} {
		if _, err := f.Figure(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
