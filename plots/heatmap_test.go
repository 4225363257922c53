package plots

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/sslx-go/lab/internal/usage"
)

// agreement is a made-up matrix of rank correlations, of which one was not measured.
func agreement() HeatMap {
	names := []string{"kNN", "linear", "MLP"}
	return HeatMap{Title: "Agreement", Rows: names, Columns: names, Unit: "Kendall's τ", Diverging: true,
		Values: [][]float64{{1, 0.5, -0.25}, {0.5, 1, math.NaN()}, {-0.25, math.NaN(), 1}}}
}

func TestHeatMap_EachCellHasItsNumber(t *testing.T) {
	f, err := agreement().Figure()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{">1.00<": 3, ">0.50<": 2, ">−0.25<": 2, ">kNN<": 2, ">not measured<": 1,
		">−1.00 to 1.00 · Kendall": 1, "NaN": 0} {
		if got := strings.Count(string(svg), text); got != want {
			t.Errorf("%s is there %d times, want %d", text, got, want)
		}
	}
	want := "Heat map of Kendall's τ: 3 rows by 3 columns. kNN: kNN 1.00, linear 0.50, MLP −0.25. linear: kNN 0.50, " +
		"linear 1.00, MLP –. MLP: kNN −0.25, linear –, MLP 1.00."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}

func TestHeatMap_RowsGoDownAndColumnsGoRight(t *testing.T) {
	d := newHeatDrawing(agreement())
	want := vg.Point{X: 100 + 2*d.cell.X, Y: 200 - d.cell.Y}
	if got := d.corner(vg.Point{X: 100, Y: 200}, 1, 2); got != want {
		t.Errorf("row 1, column 2 is at %v, want %v", got, want)
	}
}

func TestHeatMap_OnlyAMapWithAnEmptyCellSaysSo(t *testing.T) {
	whole := agreement()
	whole.Values[1][2], whole.Values[2][1] = 0.75, 0.75
	for _, c := range []struct {
		m    HeatMap
		want bool
	}{{agreement(), true}, {whole, false}} {
		l := newHeatDrawing(c.m).legend()
		if got := l[len(l)-1].name == "not measured"; got != c.want {
			t.Errorf("the legend names the empty cell: %v, want %v", got, c.want)
		}
	}
}

func TestHeatMap_RowsOwnScaleGoesFromItsFloorToItsBest(t *testing.T) {
	m := HeatMap{Rows: []string{"easy", "hard", "no floor", "below"}, Columns: []string{"a", "b"}, PerRow: true,
		Values: [][]float64{{90, 95}, {20, 30}, {40, 44}, {9, 8}}, Floors: []float64{85, 10, math.NaN(), 10}}
	want := [][]float64{{0.5, 1}, {0.5, 1}, {0, 1}, {0, 0}}
	for i := range m.Rows {
		for k := range m.Columns {
			if got := m.level(i, k); got != want[i][k] {
				t.Errorf("%s, %s: level %v, want %v", m.Rows[i], m.Columns[k], got, want[i][k])
			}
		}
	}
	if got := newHeatDrawing(m).begin(); got != "floor, or else lowest," {
		t.Errorf("the scales are said to begin at the %s", got)
	}
}

func TestHeatMap_RowsOwnScaleEndsAtTheCeiling(t *testing.T) {
	// With one column, each cell is the highest of its row: only a ceiling gives it a color that tells something.
	m := HeatMap{Rows: []string{"low", "high", "below"}, Columns: []string{"a"}, PerRow: true, Ceiling: 100,
		Values: [][]float64{{20}, {75}, {40}}, Floors: []float64{0, 50, 50}, FloorName: "chance"}
	for i, want := range []float64{0.2, 0.5, 0} {
		if got := m.level(i, 0); got != want {
			t.Errorf("%s: level %v, want %v", m.Rows[i], got, want)
		}
	}
	if got := newHeatDrawing(m).legend()[0].name; !strings.HasPrefix(got, "chance to 100 · ") {
		t.Errorf("the scale is said to be %q", got)
	}
}

func TestHeatMap_OneScaleSpansAllValuesThatWereMeasured(t *testing.T) {
	m := HeatMap{Rows: []string{"a", "b"}, Columns: []string{"c", "d"},
		Values: [][]float64{{math.NaN(), 3}, {1, 5}}}
	if low, high := m.scale(0); low != 1 || high != 5 {
		t.Errorf("the scale is [%v, %v], want [1, 5]", low, high)
	}
	m.Diverging = true
	if low, high := m.scale(0); low != -5 || high != 5 {
		t.Errorf("the diverging scale is [%v, %v], want [-5, 5]", low, high)
	}
	if low, high := agreement().scale(0); low != -1 || high != 1 {
		t.Errorf("the scale of correlations is [%v, %v], want [-1, 1]", low, high)
	}
}

func TestHeatMap_MapOfNothingMeasuredIsStillDrawn(t *testing.T) {
	for _, m := range []HeatMap{{}, {PerRow: true}, {Diverging: true}} {
		m.Rows, m.Columns, m.Values = []string{"a"}, []string{"b"}, [][]float64{{math.NaN()}}
		f, err := m.Figure()
		if err != nil {
			t.Fatal(err)
		}
		if svg, err := f.SVG(); err != nil || strings.Contains(string(svg), "NaN") {
			t.Errorf("the drawing has a NaN (%v)", err)
		}
	}
}

func TestHeatMap_LongNamesOfColumnsAreTurnedAndStayOnTheFigure(t *testing.T) {
	m := HeatMap{Rows: []string{"r"}, Values: [][]float64{make([]float64, 10)}}
	for range 10 {
		m.Columns = append(m.Columns, "fewshot/lbfgs/10-per-class/draws3")
	}
	d := newHeatDrawing(m)
	if !d.turned || d.right <= 0 || d.top < 80 {
		t.Errorf("turned %v, %v over the right end and %v high", d.turned, d.right, d.top)
	}
	m.Halves = [][]float64{{0.5, math.NaN(), 1, 1, 1, 1, 1, 1, 1, 1}}
	f, err := m.Figure()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	turned, halves := strings.Count(string(svg), "rotate("), strings.Count(string(svg), ">± ")
	if err != nil || turned != 10 || halves != 9 {
		t.Errorf("%d turned names and %d intervals, want 10 and 9 (%v)", turned, halves, err)
	}
	m.Columns, m.Values, m.Halves = m.Columns[:1], [][]float64{{0}}, nil
	if d := newHeatDrawing(m); d.turned || d.right != 0 {
		t.Errorf("a single name is turned")
	}
}

func TestHeatMap_MapWhoseListsDoNotFitIsAUsageError(t *testing.T) {
	for name, spoil := range map[string]func(*HeatMap){
		"no row":           func(m *HeatMap) { m.Rows, m.Values = nil, nil },
		"a row too few":    func(m *HeatMap) { m.Values = m.Values[:2] },
		"a short row":      func(m *HeatMap) { m.Values[1] = m.Values[1][:2] },
		"few intervals":    func(m *HeatMap) { m.Halves = m.Values[:1] },
		"infinite":         func(m *HeatMap) { m.Values[0][0] = math.Inf(1) },
		"two scales":       func(m *HeatMap) { m.PerRow = true },
		"unused floors":    func(m *HeatMap) { m.Floors = []float64{1, 1, 1} },
		"unused ceiling":   func(m *HeatMap) { m.Ceiling = 1 },
		"a floor too few":  func(m *HeatMap) { m.Diverging, m.PerRow, m.Floors = false, true, []float64{1, 1} },
		"an interval off":  func(m *HeatMap) { m.Halves = [][]float64{{1, 1, 1}, {1, 1, 1}, {1, 1}} },
		"no column at all": func(m *HeatMap) { m.Columns = nil },
	} {
		m := agreement()
		spoil(&m)
		if _, err := m.Figure(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
