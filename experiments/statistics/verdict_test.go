package statistics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// between is an interval of five seeds with these ends.
func between(low, high float64) Interval {
	return Interval{Mean: (low + high) / 2, Low: low, High: high, N: 5, Level: 0.95}
}

func TestVerdictOf_FollowsFromWhereTheIntervalLies(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name         string
		low, high, m float64
		want         Verdict
	}{
		{"within the margin", -1, 1, 2, Equivalent},
		{"significant but too small to matter", 0.5, 1.5, 2, Equivalent},
		{"at both margins", -2, 2, 2, Equivalent},
		{"wholly above", 2.1, 5, 2, Upheld},
		{"from the margin on", 2, 5, 2, NotSettled},
		{"across the margin", 1, 3, 2, NotSettled},
		{"across the margin below", -3, -1, 2, NotSettled},
		{"up to the margin below", -3, -2, 2, NotSettled},
		{"wider than the margin", -3, 3, 2, NotSettled},
		{"wholly below", -5, -2.1, 2, Reversed},
		{"no margin, above", 0.1, 1, 0, Upheld},
		{"no margin, below", -1, -0.1, 0, Reversed},
		{"no margin, nothing", 0, 0, 0, Equivalent},
		{"negative margin", -5, -4, -2, NotSettled},
		{"NaN margin", 4, 5, nan, NotSettled},
		{"NaN interval", nan, nan, 2, NotSettled},
	} {
		i := between(c.low, c.high)
		if got := VerdictOf(i, c.m); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestVerdictOf_FewDifferencesSettleNothing(t *testing.T) {
	for _, i := range []Interval{{}, {N: 1}, {Mean: -9, Low: -9, High: -9, N: 1}} {
		if v := VerdictOf(i, 2); v != NotSettled {
			t.Errorf("%+v: %s", i, v)
		}
	}
}

func TestSeedsToSettle_IsTheFirstNumberThatSettles(t *testing.T) {
	for _, c := range []struct {
		name     string
		mean, sd float64
		n        int
		verdict  Verdict // of the interval with that many seeds
	}{
		{"equivalence", 0.3, 2, 3, Equivalent},
		{"upheld", 4, 3, 3, Upheld},
		{"reversed", -4, 3, 3, Reversed},
		{"a little below the margin", 1.8, 1, 5, Equivalent},
		{"a little above the margin", 2.2, 1, 5, Upheld},
		{"two seeds", 3, 0.5, 2, Upheld},
	} {
		i := Interval{Mean: c.mean, SD: c.sd, Level: 0.95}.withSeeds(c.n)
		got := SeedsToSettle(i, 2)
		if got <= c.n || got >= maxSeeds {
			t.Errorf("%s: %d seeds after %d", c.name, got, c.n)
			continue
		}
		if v := VerdictOf(i.withSeeds(got), 2); v != c.verdict {
			t.Errorf("%s: %s with %d seeds, want %s", c.name, v, got, c.verdict)
		}
		if v := VerdictOf(i.withSeeds(got-1), 2); v != NotSettled {
			t.Errorf("%s: already %s with %d seeds", c.name, v, got-1)
		}
	}
}

func TestSeedsToSettle_IsZeroWhenSettledAndCapped(t *testing.T) {
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

// The p-value and the verdict are two ways to say one thing: at every level, one is below where the other settles.
func TestVerdictP_AgreesWithTheVerdictAtEveryLevel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	settled := 0
	for range 2000 {
		differences := make([]float64, 2+random.IntN(8))
		center, spread := 6*random.NormFloat64(), 2*random.Float64()
		for i := range differences {
			differences[i] = center + spread*random.NormFloat64()
		}
		i, err := Paired(differences, 0.5+0.49*random.Float64())
		if err != nil {
			t.Fatal(err)
		}
		p, v := VerdictP(i, 2), VerdictOf(i, 2)
		if (p <= 1-i.Level) != (v != NotSettled) {
			t.Errorf("%+v: p %g, %s", i, p, v)
		}
		if v != NotSettled {
			settled++
		}
	}
	if settled < 200 || settled > 1800 {
		t.Errorf("%d of 2000 are settled", settled)
	}
}

func TestVerdictP_OfNothingMeasuredIsNaN(t *testing.T) {
	for name, p := range map[string]float64{
		"one difference":  VerdictP(Interval{N: 1}, 2),
		"negative margin": VerdictP(between(1, 2), -1),
		"NaN margin":      VerdictP(between(1, 2), math.NaN()),
	} {
		if !math.IsNaN(p) {
			t.Errorf("%s: %g", name, p)
		}
	}
	if p := VerdictP(Interval{Mean: 1, Low: 1, High: 1, N: 3, Level: 0.95}, 2); p != 0 {
		t.Errorf("equal differences: %g", p)
	}
}

func TestVerdict_ThreeOfThemDebunk(t *testing.T) {
	for _, v := range Verdicts() {
		if want := v == Equivalent || v == Reversed || v == Debunked; v.Debunks() != want {
			t.Errorf("%s debunks: %t", v, v.Debunks())
		}
	}
}

func TestVerdictBelow_ItsPAgreesWithItsInterval(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	counts := map[Verdict]int{}
	for range 2000 {
		differences := make([]float64, 5)
		mean := 2 + 2*random.NormFloat64()
		for i := range differences {
			differences[i] = mean + random.NormFloat64()
		}
		i, err := Paired(differences, 0.95)
		if err != nil {
			t.Fatal(err)
		}

		v, p := VerdictBelow(i, 2)
		want := NotSettled
		switch {
		case i.Low > 2:
			want = Reversed
		case i.High < 2:
			want = Upheld
		}
		if v != want || (p <= 0.05) != (v != NotSettled) {
			t.Errorf("%+v: %s, p %g, want %s", i, v, p, want)
		}
		counts[v]++
	}
	for _, v := range []Verdict{Upheld, Reversed, NotSettled} {
		if counts[v] < 100 {
			t.Errorf("%s: %d of 2000", v, counts[v])
		}
	}

	if v, p := VerdictBelow(Interval{Mean: -9, Low: -9, High: -9, N: 1}, 2); v != NotSettled || !math.IsNaN(p) {
		t.Errorf("one difference: %s, p %g", v, p)
	}
}
