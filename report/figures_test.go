package report

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTheMapOfAModelPlacesItsAccuracies(t *testing.T) {
	results := threeModels()
	results[1].Value = 0.25
	linear, layer := result("simclr", "factors/hue", 0.7), result("simclr", "factors/hue", 0.6)
	linear.Protocol = record.ParseProtocol("linear/lbfgs/l2-val@encoder")
	layer.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector0")
	loss := result("simclr", "x", 3)
	loss.Metric = "rankme"
	val := result("simclr", "factors/hue", 0.99)
	val.Split = "val"
	got, err := TaskProtocolMap(append([]record.Result{val}, append(results, linear, layer, loss)...), "simclr")
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
	want := HeatMap{Title: "simclr", Unit: "test accuracy (%)", PerRow: true, Rows: []string{"factors/hue", "factors/shape"},
		Columns: []string{"knn/cosine/k20/t0.07", "linear/lbfgs/l2-val", "knn/cosine/k20/t0.07@projector0"},
		Values:  [][]float64{{40, 70, 60}, {61.27}}, Floors: []float64{31, 25}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTheMapShowsTheMeanOverSeeds(t *testing.T) {
	a, b := result("m", "t", 0.25), result("m", "t", 0.75)
	b.Seed = 1
	m, err := TaskProtocolMap([]record.Result{a, b}, "m")
	if err != nil || m.Values[0][0] != 50 {
		t.Errorf("got %v (%v), want 50", m.Values, err)
	}
	if newHeatDrawing(m).begin() != "lowest" {
		t.Errorf("a floor is told that was not measured")
	}
}

func TestTheMapOfTheFloorsHasColumnsWithoutTheLayer(t *testing.T) {
	for _, model := range []string{record.ModelPixels, record.ModelUntrained} {
		m, err := TaskProtocolMap(threeModels(), model)
		if err != nil || !reflect.DeepEqual(m.Columns, []string{"knn/cosine/k20/t0.07"}) {
			t.Errorf("%s: got %v (%v)", model, m.Columns, err)
		}
	}
}

func TestTheMapOfAModelWithoutAccuracyIsAUsageError(t *testing.T) {
	if _, err := TaskProtocolMap(threeModels(), "simclear"); !usage.Is(err) || !strings.Contains(err.Error(), `"simclr"`) {
		t.Errorf("another name: got %v", err)
	}
	if _, err := TaskProtocolMap(nil, "simclr"); !usage.Is(err) {
		t.Errorf("no results: got %v", err)
	}
}
