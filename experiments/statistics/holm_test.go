package statistics

import (
	"math"
	"slices"
	"testing"
)

func TestHolm_KeepsTheOrderOfItsArgumentAndTheArgument(t *testing.T) {
	p := []float64{0.5, 0.0625, 0.125, 0.03125} // powers of two: exact in floating point
	given := slices.Clone(p)
	want := []float64{0.5, 0.1875, 0.25, 0.125} // 1*0.5, 3*0.0625, 2*0.125, 4*0.03125
	if got := Holm(p); !slices.Equal(got, want) || !slices.Equal(p, given) {
		t.Errorf("got %v, want %v; argument %v, was %v", got, want, p, given)
	}
}

func TestHolm_NeverReversesAnOrderAndStopsAtOne(t *testing.T) {
	// 2*0.375 is below 3*0.3125, which carries over; 3*0.5 is cut.
	for _, c := range []struct{ p, want []float64 }{
		{[]float64{0.3125, 0.375, 0.9375}, []float64{0.9375, 0.9375, 0.9375}},
		{[]float64{0.5, 0.5, 0.5}, []float64{1, 1, 1}},
		{[]float64{0, 1}, []float64{0, 1}},
	} {
		if got := Holm(c.p); !slices.Equal(got, c.want) {
			t.Errorf("Holm(%v) = %v, want %v", c.p, got, c.want)
		}
	}
}

func TestHolm_IgnoresATestThatWasNotMade(t *testing.T) {
	got := Holm([]float64{math.NaN(), 0.25, math.NaN(), 0.125})
	if !math.IsNaN(got[0]) || !math.IsNaN(got[2]) || got[1] != 0.25 || got[3] != 0.25 {
		t.Errorf("got %v", got)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("Holm(nil) = %v", got)
	}
}
