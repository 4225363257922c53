package statistics

import (
	"math"
	"testing"
)

func TestWilson_EqualsPublishedValues(t *testing.T) {
	// R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score without continuity correction).
	for _, c := range []struct{ hits, n, low, high float64 }{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		low, high := Wilson(c.hits/c.n, int(c.n), 0.95)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%v of %v: [%.4f, %.4f], want [%.4f, %.4f]", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}

func TestWilson_StaysWithinZeroAndOne(t *testing.T) {
	for _, p := range []float64{-1, 0, 1, 2} {
		if low, high := Wilson(p, 10, 0.95); !(low >= 0 && high <= 1 && low <= high) {
			t.Errorf("share %v: [%v, %v]", p, low, high)
		}
	}
}
