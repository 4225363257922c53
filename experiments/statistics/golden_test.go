package statistics

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// golden is testdata/statistics.json, written by testdata/statistics.py with SciPy 1.17.1 and NumPy 2.4.6.
type golden struct {
	Paired []struct {
		Interval
		Differences []float64 `json:"differences"`
		P           float64   `json:"p"`
	} `json:"paired"`
	Holm []struct {
		P        []*float64 `json:"p"` // nil is NaN
		Adjusted []*float64 `json:"adjusted"`
	} `json:"holm"`
	Power []struct {
		N             int     `json:"n"`
		Level         float64 `json:"level"`
		Noncentrality float64 `json:"noncentrality"`
		Power         float64 `json:"power"`
	} `json:"power"`
	SmallestEffect []struct {
		SD     float64 `json:"sd"`
		N      int     `json:"n"`
		Level  float64 `json:"level"`
		Power  float64 `json:"power"`
		Effect float64 `json:"effect"`
	} `json:"smallest_effect"`
	Kendall []struct {
		A   []float64 `json:"a"`
		B   []float64 `json:"b"`
		Tau float64   `json:"tau"`
	} `json:"kendall"`
	Bootstrap []struct {
		A     []float64 `json:"a"`
		B     []float64 `json:"b"`
		Level float64   `json:"level"`
		Low   float64   `json:"low"`
		High  float64   `json:"high"`
	} `json:"bootstrap"`
}

func readGolden(t *testing.T) (want golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/statistics.json")
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// agreement collects the worst disagreement of one quantity: absolute where the wanted value is below 1 in absolute
// value, relative above.
type agreement struct{ worst float64 }

func (a *agreement) add(got, want float64) {
	a.worst = math.Max(a.worst, math.Abs(got-want)/math.Max(1, math.Abs(want))) // NaN stays
}

func (a *agreement) within(t *testing.T, tolerance float64) {
	t.Helper()
	t.Logf("worst disagreement %.2g", a.worst)
	if !(a.worst <= tolerance) {
		t.Errorf("worst disagreement %.2g, want %g at most", a.worst, tolerance)
	}
}

func TestPaired_AgreesWithSciPy(t *testing.T) {
	var a agreement
	for _, want := range readGolden(t).Paired {
		got, err := Paired(want.Differences, want.Level)
		if err != nil {
			t.Fatal(err)
		}
		if got.N != len(want.Differences) || got.Level != want.Level {
			t.Errorf("N %d and level %g, want %d and %g", got.N, got.Level, len(want.Differences), want.Level)
		}
		a.add(got.Mean, want.Mean)
		a.add(got.SD, want.SD)
		a.add(got.Low, want.Low)
		a.add(got.High, want.High)
	}
	a.within(t, 1e-9)
}

func TestIntervalP_AgreesWithSciPy(t *testing.T) {
	var a, logarithm agreement
	for _, want := range readGolden(t).Paired {
		got, err := Paired(want.Differences, want.Level)
		if err != nil {
			t.Fatal(err)
		}
		a.add(got.P(), want.P)
		logarithm.add(math.Log(got.P()), math.Log(want.P))
	}
	a.within(t, 1e-9)
	logarithm.within(t, 1e-9)
}

func TestHolm_AgreesWithTheClosedTestOfBonferroni(t *testing.T) {
	orNaN := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	var a agreement
	for _, want := range readGolden(t).Holm {
		var p []float64
		for _, v := range want.P {
			p = append(p, orNaN(v))
		}
		got := Holm(p)
		for i, v := range want.Adjusted {
			if w := orNaN(v); math.IsNaN(w) != math.IsNaN(got[i]) {
				t.Errorf("Holm(%v) = %v, want %g at %d", p, got, w, i)
			} else if !math.IsNaN(w) {
				a.add(got[i], w)
			}
		}
	}
	a.within(t, 1e-12)
}

func TestPower_AgreesWithSciPysNoncentralT(t *testing.T) {
	var a agreement
	for _, want := range readGolden(t).Power {
		a.add(powerOfT(want.N, critical(want.N, want.Level), want.Noncentrality, quadraturePoints), want.Power)
	}
	a.within(t, 1e-9)
}

func TestSmallestEffect_AgreesWithSciPysNoncentralT(t *testing.T) {
	var a agreement
	for _, want := range readGolden(t).SmallestEffect {
		got, err := SmallestEffect(want.SD, want.N, want.Level, want.Power)
		if err != nil {
			t.Fatal(err)
		}
		a.add(got, want.Effect)
	}
	a.within(t, 1e-8)
}

func TestKendallTau_AgreesWithSciPy(t *testing.T) {
	var a agreement
	for _, want := range readGolden(t).Kendall {
		got, err := KendallTau(want.A, want.B)
		if err != nil {
			t.Fatal(err)
		}
		a.add(got, want.Tau)
	}
	a.within(t, 1e-12)
}

// The wanted quantiles are those of all possible draws; each lies at least five standard errors of 20000 draws away
// from a jump of their distribution, so that the sample must hit it.
func TestKendallInterval_AgreesWithTheEnumerationOfAllDraws(t *testing.T) {
	var a agreement
	for _, want := range readGolden(t).Bootstrap {
		low, high, err := KendallInterval(want.A, want.B, want.Level, 20000, 1)
		if err != nil {
			t.Fatal(err)
		}
		a.add(low, want.Low)
		a.add(high, want.High)
	}
	a.within(t, 1e-12)
}
