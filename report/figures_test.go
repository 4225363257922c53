package report

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTaskMap_PlacesTheAccuraciesOfAModel(t *testing.T) {
	results := threeModels()
	results[1].Value = 0.25
	linear, layer := result("simclr", "factors/hue", 0.7), result("simclr", "factors/hue", 0.6)
	linear.Protocol = record.ParseProtocol("linear/lbfgs/l2-val@encoder")
	layer.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector0")
	loss := result("simclr", "x", 3)
	loss.Metric = "rankme"
	val := result("simclr", "factors/hue", 0.99)
	val.Split = "val"
	linear.Chance = 0.125
	got, err := TaskMap(append([]record.Result{val}, append(results, linear, layer, loss)...), "simclr")
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range got.Halves {
		for k, half := range list {
			if math.IsNaN(half) != math.IsNaN(got.Values[i][k]) || half > 4 {
				t.Errorf("the interval of row %d, column %d is ± %v", i, k, half)
			}
		}
	}
	if !math.IsNaN(got.Values[1][1]) || !math.IsNaN(got.Values[1][2]) {
		t.Errorf("what was not measured is %v", got.Values[1][1:])
	}
	got.Halves, got.Values[1] = nil, got.Values[1][:1]
	want := plots.HeatMap{Title: "simclr", Unit: "test accuracy (%)", PerRow: true, Ceiling: 100,
		FloorName: "chance, or else 0,",
		Rows:      []string{"factors/hue", "factors/shape"},
		Columns:   []string{"knn/cosine/k20/t0.07", "linear/lbfgs/l2-val", "knn/cosine/k20/t0.07@projector0"},
		Values:    [][]float64{{40, 70, 60}, {61.27}}, Floors: []float64{12.5, 0}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTaskMap_ShowsTheMeanOverSeeds(t *testing.T) {
	a, b := result("m", "t", 0.25), result("m", "t", 0.75)
	b.Seed = 1
	m, err := TaskMap([]record.Result{a, b}, "m")
	if err != nil || m.Values[0][0] != 50 {
		t.Errorf("got %v (%v), want 50", m.Values, err)
	}
	if m.Floors[0] != 0 || m.FloorName != "0" {
		t.Errorf("the scale begins at %s, %v, without a chance level in the results", m.FloorName, m.Floors)
	}
}

func TestTaskMap_OfBaselinesHasColumnsWithoutTheLayer(t *testing.T) {
	for _, model := range []string{record.ModelPixels, record.ModelUntrained} {
		m, err := TaskMap(threeModels(), model)
		if err != nil || !reflect.DeepEqual(m.Columns, []string{"knn/cosine/k20/t0.07"}) {
			t.Errorf("%s: got %v (%v)", model, m.Columns, err)
		}
	}
}

func TestTaskMap_NeedsAnAccuracyOfTheModel(t *testing.T) {
	if _, err := TaskMap(threeModels(), "simclear"); !usage.Is(err) || !strings.Contains(err.Error(), `"simclr"`) {
		t.Errorf("another name: got %v", err)
	}
	if _, err := TaskMap(nil, "simclr"); !usage.Is(err) {
		t.Errorf("no results: got %v", err)
	}
}

func TestResultsFigure_ShowsEachNumberAndItsProtocol(t *testing.T) {
	results := threeModels()
	results[0].Chance = 1. / 6
	f, err := ResultsFigure(results)
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">25.0<", ">33.5<", ">61.3<", ">42.2<", ">31.0<", ">40.0<", ">shape<", ">hue<",
		">pixels<", ">untrained<", ">simclr<", ">chance<",
		"factors test accuracy (%) · knn/cosine/k20/t0.07@encoder · n = 1000 images"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	want := "Bar chart of test accuracy by knn/cosine/k20/t0.07@encoder. factors/shape: pixels 25.0 %, untrained " +
		"33.5 %, simclr 61.3 %. factors/hue: pixels 42.2 %, untrained 31.0 %, simclr 40.0 %."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}

func TestResultsFigure_PrefersKNNOnTestAtTheEncoder(t *testing.T) {
	linear, layer, val := result("m", "t", 0.1), result("m", "t", 0.2), result("m", "t", 0.3)
	linear.Protocol, val.Split = record.ParseProtocol("linear/lbfgs/l2-val@encoder"), "val"
	layer.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector1")
	rows := compare([]record.Result{val, linear, layer, result("m", "t", 0.4), result("m", "u", 0.5)}).main()
	if len(rows) != 2 || rows[0].cells["m"].mean() != 0.4 || rows[1].cells["m"].mean() != 0.5 {
		t.Errorf("the figure shows %d rows, the first of %v", len(rows), rows[0].rowKey)
	}
}

func TestResultsFigure_NeedsAnAccuracy(t *testing.T) {
	other := result("m", "t", 12)
	other.Metric = "rankme"
	for _, results := range [][]record.Result{nil, {other}} {
		if _, err := ResultsFigure(results); !usage.Is(err) {
			t.Errorf("%d results: got %v", len(results), err)
		}
	}
}

func TestMeasurePicture_LeavesTheMapAlone(t *testing.T) {
	if got := MeasurePicture(record.MetricRetrieval); got != "retrieval.png" {
		t.Errorf("retrieval is drawn into %s", got)
	}
	if got := MeasurePicture(record.MetricNMI); got != "nmi.png" {
		t.Errorf("NMI is drawn into %s", got)
	}
}
