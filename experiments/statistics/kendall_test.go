package statistics

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestKendallTau_IsOneForTheSameOrderAndMinusOneForTheReverse(t *testing.T) {
	a := []float64{70.1, 71.5, 69.2, 73}
	for _, c := range []struct {
		b    []float64
		want float64
	}{
		{[]float64{2, 3, 1, 4}, 1},
		{[]float64{-2, -3, -1, -4}, -1},
		{[]float64{1, 3, 2, 4}, 2.0 / 3}, // one of six pairs differs
	} {
		if got, err := KendallTau(a, c.b); err != nil || got != c.want {
			t.Errorf("%v: %g, %v; want %g", c.b, got, err, c.want)
		}
	}
}

func TestKendallTau_RefusesWhatHasNoTau(t *testing.T) {
	for name, c := range map[string]struct{ a, b []float64 }{
		"none":        {nil, nil},
		"one":         {[]float64{1}, []float64{1}},
		"lengths":     {[]float64{1, 2}, []float64{1, 2, 3}},
		"NaN":         {[]float64{1, math.NaN()}, []float64{1, 2}},
		"infinite":    {[]float64{1, 2}, []float64{1, math.Inf(1)}},
		"first tied":  {[]float64{1, 1, 1}, []float64{1, 2, 3}},
		"second tied": {[]float64{1, 2, 3}, []float64{1, 1, 1}},
	} {
		if got, err := KendallTau(c.a, c.b); !usage.Is(err) || got != 0 {
			t.Errorf("%s: %g, %v; want a usage error", name, got, err)
		}
		if _, _, err := KendallInterval(c.a, c.b, 0.95, 100, 1); !usage.Is(err) {
			t.Errorf("%s: %v; want a usage error of the interval too", name, err)
		}
	}
}

func TestKendallInterval_RefusesTooFewResamples(t *testing.T) {
	a, b := []float64{1, 2, 3}, []float64{2, 1, 3}
	for _, c := range []struct {
		level     float64
		resamples int
		refused   bool
	}{
		{0.95, 39, true}, {0.95, 40, false}, {0.9, 19, true}, {0.9, 20, false}, {0.95, -1, true}, {1, 100, true},
		{0, 100, true}, {math.NaN(), 100, true},
	} {
		if _, _, err := KendallInterval(a, b, c.level, c.resamples, 1); usage.Is(err) != c.refused {
			t.Errorf("level %g, %d resamples: %v; want refused %t", c.level, c.resamples, err, c.refused)
		}
	}
}

func TestKendallInterval_SameSeedGivesTheSameInterval(t *testing.T) {
	var a, b []float64
	for i := range 30 {
		a, b = append(a, float64(i)), append(b, float64(i*17%30+i))
	}
	interval := func(seed uint64) [2]float64 {
		low, high, err := KendallInterval(a, b, 0.9, 200, seed)
		if tau, _ := KendallTau(a, b); err != nil || !(-1 <= low && low < tau && tau < high && high <= 1) {
			t.Errorf("seed %d: [%g, %g], %v; tau %g", seed, low, high, err, tau)
		}
		return [2]float64{low, high}
	}
	if interval(1) != interval(1) || interval(1) == interval(2) {
		t.Errorf("seed 1 gave %v and %v, seed 2 %v", interval(1), interval(1), interval(2))
	}
}

// Of two items, half of all draws hold one item only, and none of these can count.
func TestKendallInterval_DrawsAgainWhatIsAllTied(t *testing.T) {
	low, high, err := KendallInterval([]float64{1, 2}, []float64{5, 3}, 0.95, 1000, 1)
	if err != nil || low != -1 || high != -1 {
		t.Errorf("got [%g, %g], %v", low, high, err)
	}
}
