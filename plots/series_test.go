package plots

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/sslx-go/lab/internal/usage"
)

// batches is made up: at 64 nothing was measured, and at 512 the interval is not known.
func batches() SeriesPlot {
	nan := math.NaN()
	return SeriesPlot{Title: "T", X: "images in a batch", Y: "test accuracy (%)", Log2: true,
		Series: []Series{{"tuned", []Point{{16, 50, 49, 52}, {32, 51, 50, 53}, {64, nan, nan, nan}, {128, 53, 52, 54},
			{512, 55, nan, nan}}}, {"untuned", []Point{{16, 30, 28, 31}, {1024, 54, 53, 56}}}},
		Floors: []Floor{{"pixels", 25, Pixels}, {"untrained", 25.5, Untrained}}}
}

func TestSeriesPlot_LineEndsWhereNothingWasMeasured(t *testing.T) {
	got := batches().Series[0].means()
	want := []plotter.XYs{{{X: 16, Y: 50}, {X: 32, Y: 51}}, {{X: 128, Y: 53}, {X: 512, Y: 55}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if gaps := batches().Series[0].gaps(); !reflect.DeepEqual(gaps, []float64{64}) {
		t.Errorf("the gaps are at %v, want 64", gaps)
	}
}

func TestSeriesPlot_BandGoesAlongTheLowerEndsAndBackAlongTheUpper(t *testing.T) {
	got := batches().Series[0].band()
	want := []plotter.XYs{{{X: 16, Y: 49}, {X: 32, Y: 50}, {X: 32, Y: 53}, {X: 16, Y: 52}},
		{{X: 128, Y: 52}, {X: 128, Y: 54}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSeriesPlot_ErrorBarsEndAtTheInterval(t *testing.T) {
	bars := batches().Series[0].errorBars(blue)
	var ends [][3]float64
	for i, p := range bars.XYs {
		ends = append(ends, [3]float64{p.X, p.Y - bars.YErrors[i].Low, p.Y + bars.YErrors[i].High})
	}
	if want := [][3]float64{{16, 49, 52}, {32, 50, 53}, {128, 52, 54}}; !reflect.DeepEqual(ends, want) {
		t.Errorf("got %v, want %v", ends, want)
	}
}

func TestSeriesPlot_IntervalsAreBehindAllLines(t *testing.T) {
	s := batches()
	s.Band = true
	var kinds []string
	for _, layer := range s.layers(20) {
		kinds = append(kinds, strings.TrimPrefix(reflect.TypeOf(layer).String(), "*plotter."))
	}
	want := "Polygon Polygon Polygon Line Scatter Line Scatter Scatter Line Scatter"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	crosses := s.layers(20)[7].(*plotter.Scatter)
	if !reflect.DeepEqual(crosses.XYs, plotter.XYs{{X: 64, Y: 20}}) {
		t.Errorf("what was not measured is crossed at %v", crosses.XYs)
	}
}

func TestSeriesPlot_ErrorBarsOfTwoSeriesStandApart(t *testing.T) {
	layers := batches().layers(20)
	if first, second := layers[0].(shifted).by, layers[1].(shifted).by; second-first != shiftStep || first != -second {
		t.Errorf("they are moved by %v and %v", first, second)
	}
}

func TestSeriesPlot_AxesHoldSeriesIntervalsAndFloors(t *testing.T) {
	x, y := batches().extent()
	if x != [2]float64{16, 1024} || y != [2]float64{25, 56} {
		t.Errorf("got %v and %v, want [16 1024] and [25 56]", x, y)
	}
	fig := batches().plot()
	if fig.X.Min >= 16 || fig.X.Min < 8 || fig.X.Max <= 1024 || fig.X.Max > 2048 || fig.Y.Min >= 25 || fig.Y.Max <= 56 {
		t.Errorf("the axes are [%v, %v] and [%v, %v]", fig.X.Min, fig.X.Max, fig.Y.Min, fig.Y.Max)
	}
}

func TestSeriesPlot_LogarithmicAxisNamesThePowersOfTwo(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{15, 1100, "16 32 64 128 256 512 1024"}, {0.2, 2, "0.25 0.5 1 2"}, {1, 1 << 14,
			"1 4 16 64 256 1024 4096 16384"},
	} {
		var labels []string
		for _, tick := range (log2Ticks{}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("[%v, %v]: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestSeriesPlot_FloorIsALineAcrossThePlot(t *testing.T) {
	line := Floor{"pixels", 25, Pixels}.layer(8, 2048)
	if !reflect.DeepEqual(line.XYs, plotter.XYs{{X: 8, Y: 25}, {X: 2048, Y: 25}}) {
		t.Errorf("got %v", line.XYs)
	}
}

func TestSeriesPlot_NamesAreMovedApart(t *testing.T) {
	got := apart([]vg.Length{50, 10, 12, 12}, 10)
	if got[0] != 50 || got[2]-got[1] < 9.9 || got[3]-got[2] < 9.9 {
		t.Errorf("got %v", got)
	}
}

func TestSeriesPlot_SaysWhatItShows(t *testing.T) {
	for _, band := range []bool{false, true} {
		s := batches()
		s.Band = band
		f, err := s.Figure()
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{">tuned<", ">untuned<", ">pixels<", ">untrained<", ">not measured<",
			">95 % interval<",
			">images in a batch<", ">test accuracy (%)<", ">64<", ">1024<"} {
			if !strings.Contains(string(svg), want) {
				t.Errorf("the figure lacks %s", want)
			}
		}
		if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Error("the drawing has a number that is not finite")
		}
		want := "Plot of test accuracy (%) against images in a batch. tuned: 50 at 16, 51 at 32, not measured at " +
			"64, 53 at " +
			"128, 55 at 512. untuned: 30 at 16, 54 at 1024. The floor pixels is 25. The floor untrained is 25.5."
		if f.Alt != want {
			t.Errorf("got  %s\nwant %s", f.Alt, want)
		}
	}
}

func TestSeriesPlot_SinglePointIsDrawn(t *testing.T) {
	for _, log2 := range []bool{false, true} {
		f, err := SeriesPlot{Log2: log2, Series: []Series{{"a", []Point{{1, 0, 0, 0}}}}}.Figure()
		if err != nil {
			t.Fatal(err)
		}
		if svg, err := f.SVG(); err != nil || strings.Contains(string(svg), "NaN") {
			t.Errorf("log2 %v: the drawing has a NaN (%v)", log2, err)
		}
	}
}

func TestSeriesPlot_SeriesThatCannotBeDrawnIsAUsageError(t *testing.T) {
	for name, spoil := range map[string]func(*SeriesPlot){
		"no series":          func(s *SeriesPlot) { s.Series = nil },
		"nothing measured":   func(s *SeriesPlot) { s.Series = []Series{{"a", []Point{{1, math.NaN(), 1, 2}}}} },
		"zero on log2":       func(s *SeriesPlot) { s.Series[0].Points[0].X = 0 },
		"no place":           func(s *SeriesPlot) { s.Series[0].Points[0].X = math.NaN() },
		"an unsorted series": func(s *SeriesPlot) { s.Series[0].Points[0].X = 40 },
		"a place twice":      func(s *SeriesPlot) { s.Series[0].Points[0].X = 32 },
		"an infinite end":    func(s *SeriesPlot) { s.Series[0].Points[0].High = math.Inf(1) },
		"no floor":           func(s *SeriesPlot) { s.Floors[0].Value = math.NaN() },
	} {
		s := batches()
		spoil(&s)
		if _, err := s.Figure(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
