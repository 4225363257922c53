package statistics

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestPaired_EqualDifferencesGiveAnIntervalOfWidthZero(t *testing.T) {
	for _, v := range []float64{0, 0.1, -1.7} { // the mean of six 0.1 in floating point is not 0.1
		got, err := Paired([]float64{v, v, v, v, v, v}, 0.95)
		if want := (Interval{Mean: v, Low: v, High: v, N: 6, Level: 0.95}); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		wantP := 0.0
		if v == 0 {
			wantP = 1
		}
		if p := got.P(); p != wantP {
			t.Errorf("p-value of differences all %g is %g, want %g", v, p, wantP)
		}
	}
}

func TestPaired_RefusesWhatHasNoInterval(t *testing.T) {
	for name, c := range map[string]struct {
		differences []float64
		level       float64
	}{
		"none":           {nil, 0.95},
		"one":            {[]float64{1}, 0.95},
		"NaN":            {[]float64{1, math.NaN()}, 0.95},
		"infinite":       {[]float64{1, math.Inf(-1)}, 0.95},
		"overflow":       {[]float64{math.MaxFloat64, -math.MaxFloat64}, 0.95},
		"level 0":        {[]float64{1, 2}, 0},
		"level 1":        {[]float64{1, 2}, 1},
		"level in %":     {[]float64{1, 2}, 95},
		"level NaN":      {[]float64{1, 2}, math.NaN()},
		"negative level": {[]float64{1, 2}, -0.95},
	} {
		if got, err := Paired(c.differences, c.level); !usage.Is(err) || got != (Interval{}) {
			t.Errorf("%s: got %+v, %v; want a usage error", name, got, err)
		}
	}
}

func TestIntervalP_IsBelowAlphaExactlyWhenTheIntervalLeavesOutZero(t *testing.T) {
	for _, want := range readGolden(t).Paired {
		i, err := Paired(want.Differences, want.Level)
		if err != nil {
			t.Fatal(err)
		}
		if leavesOut := i.Low > 0 || i.High < 0; leavesOut != (i.P() < 1-i.Level) {
			t.Errorf("%+v has p-value %g", i, i.P())
		}
	}
}

func TestIntervalP_OfNoIntervalIsNaN(t *testing.T) {
	if p := (Interval{}).P(); !math.IsNaN(p) {
		t.Errorf("got %g", p)
	}
}

func TestPaired_LevelNearOneStaysFinite(t *testing.T) {
	got, err := Paired([]float64{1, 2}, math.Nextafter(1, 0))
	if err != nil || !(got.Low < -1e14 && got.High > 1e14) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestInterval_IsStoredInLowerCase(t *testing.T) {
	data, err := json.Marshal(Interval{Mean: 1, Low: 0.5, High: 1.5, SD: 0.4, N: 5, Level: 0.95})
	want := `{"mean":1,"low":0.5,"high":1.5,"sd":0.4,"n":5,"level":0.95}`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v; want %s", data, err, want)
	}
}
