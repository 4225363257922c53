package probe

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestPrincipal_FindsAnEllipseThatWasTurnedAndMoved(t *testing.T) {
	// Four points at the ends of the axes 3 and 1, turned by 30 degrees in the first two of three dimensions.
	cos, sin := math.Cos(math.Pi/6), math.Sin(math.Pi/6)
	ends := [][2]float64{{3, 0}, {0, 1}, {-3, 0}, {0, -1}}
	f := Features{N: 4, D: 3}
	for _, p := range ends {
		f.X = append(f.X, float32(cos*p[0]-sin*p[1]+10), float32(sin*p[0]+cos*p[1]-5), 7)
	}
	c, err := Principal(f)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{4.5, 0.5, 0} {
		if got := c.Variances[k]; math.Abs(got-want) > 1e-5 {
			t.Errorf("the variance of component %d is %v, want %v", k, got, want)
		}
	}
	for i, want := range ends {
		if got := c.Plane[i]; math.Abs(got[0]-want[0]) > 1e-5 || math.Abs(math.Abs(got[1])-math.Abs(want[1])) > 1e-5 {
			t.Errorf("row %d lies at %v, want %v", i, got, want)
		}
	}
}

func TestPrincipal_OfEqualFeaturesHasNoVariance(t *testing.T) {
	c, err := Principal(Features{N: 2, D: 1, X: []float32{3, 3}})
	if err != nil || len(c.Variances) != 1 || c.Variances[0] != 0 || c.Plane[1] != [2]float64{} {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Principal(Features{}); !usage.Is(err) {
		t.Errorf("no features: %v", err)
	}
}
