package statistics

import (
	"math"
	"testing"
)

// between is an interval of five seeds with these ends.
func between(low, high float64) Interval {
	return Interval{Mean: (low + high) / 2, Low: low, High: high, N: 5, Level: 0.95}
}

func TestTheVerdictFollowsFromWhereTheIntervalLies(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name         string
		low, high, m float64
		want         Verdict
		reversed     bool
	}{
		{"within the margin", -1, 1, 2, Debunked, false},
		{"significant but too small to matter", 0.5, 1.5, 2, Debunked, false},
		{"at both margins", -2, 2, 2, Debunked, false},
		{"wholly above", 2.1, 5, 2, Upheld, false},
		{"from the margin on", 2, 5, 2, NotSettled, false},
		{"across the margin", 1, 3, 2, NotSettled, false},
		{"across the margin below", -3, -1, 2, NotSettled, false},
		{"up to the margin below", -3, -2, 2, NotSettled, false},
		{"wider than the margin", -3, 3, 2, NotSettled, false},
		{"wholly below", -5, -2.1, 2, Debunked, true},
		{"no margin, above", 0.1, 1, 0, Upheld, false},
		{"no margin, below", -1, -0.1, 0, Debunked, true},
		{"no margin, nothing", 0, 0, 0, Debunked, false},
		{"negative margin", -5, -4, -2, NotSettled, false},
		{"NaN margin", 4, 5, nan, NotSettled, false},
		{"NaN interval", nan, nan, 2, NotSettled, false},
	} {
		i := between(c.low, c.high)
		if got := Judge(i, c.m); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if got := Reversed(i, c.m); got != c.reversed {
			t.Errorf("%s: reversed %t, want %t", c.name, got, c.reversed)
		}
	}
}

func TestAnIntervalThatWasNeverMeasuredSettlesNothing(t *testing.T) {
	for _, i := range []Interval{{}, {N: 1}, {Mean: -9, Low: -9, High: -9, N: 1}} {
		if Judge(i, 2) != NotSettled || Reversed(i, 2) {
			t.Errorf("%+v: %s, reversed %t", i, Judge(i, 2), Reversed(i, 2))
		}
	}
}

func TestSeedsToSettleIsTheFirstNumberThatSettles(t *testing.T) {
	for _, c := range []struct {
		name     string
		mean, sd float64
		n        int
		verdict  Verdict // of the interval with that many seeds
	}{
		{"equivalence", 0.3, 2, 3, Debunked},
		{"upheld", 4, 3, 3, Upheld},
		{"reversed", -4, 3, 3, Debunked},
		{"a little below the margin", 1.8, 1, 5, Debunked},
		{"a little above the margin", 2.2, 1, 5, Upheld},
		{"two seeds", 3, 0.5, 2, Upheld},
	} {
		i := Interval{Mean: c.mean, SD: c.sd, Level: 0.95}.withSeeds(c.n)
		got := SeedsToSettle(i, 2)
		if got <= c.n || got >= maxSeeds {
			t.Errorf("%s: %d seeds after %d", c.name, got, c.n)
			continue
		}
		if v := Judge(i.withSeeds(got), 2); v != c.verdict {
			t.Errorf("%s: %s with %d seeds, want %s", c.name, v, got, c.verdict)
		}
		if v := Judge(i.withSeeds(got-1), 2); v != NotSettled {
			t.Errorf("%s: already %s with %d seeds", c.name, v, got-1)
		}
	}
}

func TestSeedsToSettleIsZeroWhenSettledAndCapped(t *testing.T) {
	for _, c := range []struct {
		name     string
		mean, sd float64
		n        int
		margin   float64
		want     int
	}{
		{"settled", 5, 0.8, 5, 2, 0},
		{"equal differences at the margin", 2, 0, 5, 2, 0},
		{"at the margin", 2, 0.8, 5, 2, maxSeeds},
		{"too near the margin", 2.01, 0.8, 5, 2, maxSeeds},
		{"more seeds than the cap already", 2.001, 0.8, 2000, 2, maxSeeds},
		{"no margin to settle against", 5, 0.8, 5, -1, maxSeeds},
	} {
		i := Interval{Mean: c.mean, SD: c.sd, Level: 0.95}.withSeeds(c.n)
		if got := SeedsToSettle(i, c.margin); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
