package statistics

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestPower_IntegralHasConverged(t *testing.T) {
	for _, n := range []int{2, 3, 5, 17, 100, 1000} {
		for _, level := range []float64{0.01, 0.9, 0.95, 0.999} {
			for _, noncentrality := range []float64{0, 0.1, 1, 3, 10, 1000} {
				c := critical(n, level)
				got := powerOfT(n, c, noncentrality, quadraturePoints)
				want := powerOfT(n, c, noncentrality, 2*quadraturePoints)
				if math.Abs(got-want) > 1e-12 {
					t.Errorf("n %d, level %g, noncentrality %g: %g and %g with twice the points", n, level,
						noncentrality, got, want)
				}
			}
		}
	}
}

func TestPower_WithoutAnEffectIsAlpha(t *testing.T) {
	for _, n := range []int{2, 5, 50, 100000} {
		for _, level := range []float64{0.1, 0.95, 0.9999} {
			if got := powerOfT(n, critical(n, level), 0, quadraturePoints); math.Abs(got-(1-level)) > 1e-8 {
				t.Errorf("n %d: %g, want %g", n, got, 1-level)
			}
		}
	}
}

// 1.959964 and 0.841621 are the standard normal quantiles at 0.975 and 0.8.
func TestSmallestEffect_WithManySeedsIsThatOfTheNormalTest(t *testing.T) {
	const n = 1000000
	got, err := SmallestEffect(1, n, 0.95, 0.8)
	if want := (1.959964 + 0.841621) / math.Sqrt(n); err != nil || math.Abs(got/want-1) > 1e-5 {
		t.Errorf("got %g, %v; want %g", got, err, want)
	}
}

func TestSmallestEffect_ScalesWithTheStandardDeviation(t *testing.T) {
	one, err := SmallestEffect(1, 5, 0.95, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	for _, sd := range []float64{0, 0.8, 100} {
		if got, err := SmallestEffect(sd, 5, 0.95, 0.8); err != nil || math.Abs(got-sd*one) > 1e-12*sd {
			t.Errorf("sd %g: %g, %v; want %g", sd, got, err, sd*one)
		}
	}
}

func TestSmallestEffect_EndsAtTheEdgesOfItsRange(t *testing.T) {
	for _, c := range []struct {
		n            int
		level, power float64
	}{
		{2, math.Nextafter(1, 0), maxPower},
		{2, 0.001, maxPower},
		{1000000, math.Nextafter(1, 0), 1e-15},
		{5, 0.75, math.Nextafter(0.25, 1)},
	} {
		got, err := SmallestEffect(1, c.n, c.level, c.power)
		if err != nil || !(got >= 0) || math.IsInf(got, 0) {
			t.Errorf("%+v: %g, %v", c, got, err)
		}
	}
}

func TestSmallestEffect_RefusesWhatHasNoAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		sd           float64
		n            int
		level, power float64
	}{
		"one seed":       {1, 1, 0.95, 0.8},
		"negative sd":    {-1, 5, 0.95, 0.8},
		"NaN sd":         {math.NaN(), 5, 0.95, 0.8},
		"infinite sd":    {math.Inf(1), 5, 0.95, 0.8},
		"level 1":        {1, 5, 1, 0.8},
		"power 1":        {1, 5, 0.95, 1},
		"power NaN":      {1, 5, 0.95, math.NaN()},
		"power of alpha": {1, 5, 0.75, 0.25},
	} {
		if got, err := SmallestEffect(c.sd, c.n, c.level, c.power); !usage.Is(err) || got != 0 {
			t.Errorf("%s: %g, %v; want a usage error", name, got, err)
		}
	}
}
