package probe

import (
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestLiDAR_OfIdenticalViewsCountsDirectionsBetweenImages(t *testing.T) {
	simplex := func(n, d int) Features {
		f := Features{N: n, D: d, X: make([]float32, n*d)}
		for i := range n {
			f.X[i*d+i] = 10
		}
		return f
	}
	for _, c := range []struct {
		name string
		f    Features
		want float64
	}{
		{"five points at equal distances", simplex(5, 5), 4},
		{"in more dimensions", simplex(5, 40), 4},
		{"points on a line", Features{N: 4, D: 3, X: []float32{0, 1, 0, 0, 2, 0, 0, 5, 0, 0, 9, 0}}, 1},
		{"the corners of a square", Features{N: 4, D: 2, X: []float32{1, 1, 1, -1, -1, 1, -1, -1}}, 2},
		{"one point", Features{N: 7, D: 2, X: slices.Repeat([]float32{0.1, 2.3}, 7)}, 0},
	} {
		got, err := LiDAR([]Features{c.f, c.f, c.f})
		near(t, c.name, got, c.want, 3e-4, err) // the epsilon adds 1.6e-6 to the entropy for each unused dimension
	}
}

// The corners of a square have covariance 4/3 in both dimensions. Two views at ±s in the second one have variance 2s²
// there, so that the eigenvalues are as 1 to delta/(delta + 2s²).
func TestLiDAR_CountsADirectionByHowMuchViewsAgreeOnIt(t *testing.T) {
	corners := []float32{1, 1, 1, -1, -1, 1, -1, -1}
	for _, c := range []struct{ variance, want float64 }{
		{1e-4, 3 / math.Pow(2, 2./3)}, // p = 2/3, 1/3
		{3e-4, 5 / math.Pow(4, 4./5)}, // p = 4/5, 1/5
		{1, 1},
	} {
		s := float32(math.Sqrt(c.variance / 2))
		views := []Features{{N: 4, D: 2, X: slices.Clone(corners)}, {N: 4, D: 2, X: slices.Clone(corners)}}
		for i := range 4 {
			views[0].X[2*i+1] += s
			views[1].X[2*i+1] -= s
		}
		got, err := LiDAR(views)
		near(t, "LiDAR", got, c.want, 2e-3, err)
	}
}

func TestLiDAR_DoesNotDependOnTheOrderOfViewsOrImages(t *testing.T) {
	a, b := gaussian(20, 4, 1), gaussian(20, 4, 2)
	reversed := func(f Features) Features {
		out := Features{N: f.N, D: f.D}
		for i := range f.N {
			out.X = append(out.X, f.Row(f.N-1-i)...)
		}
		return out
	}
	want, err := LiDAR([]Features{a, b})
	near(t, "LiDAR of unrelated views", want, 2.5, 1.5, err)
	got, err := LiDAR([]Features{reversed(b), reversed(a)})
	near(t, "in reverse", got, want, 1e-9, err)
}

func TestLiDAR_RefusesViewsThatDoNotFitTogether(t *testing.T) {
	bad := gaussian(6, 3, 1)
	bad.X[4] = float32(math.Inf(1))
	for name, c := range map[string]struct {
		views []Features
		usage bool
	}{
		"one view":         {[]Features{gaussian(6, 3, 1)}, true},
		"one image":        {[]Features{gaussian(1, 3, 1), gaussian(1, 3, 2)}, true},
		"different images": {[]Features{gaussian(6, 3, 1), gaussian(5, 3, 2)}, true},
		"different widths": {[]Features{gaussian(6, 3, 1), gaussian(6, 2, 2)}, true},
		"not finite":       {[]Features{gaussian(6, 3, 1), bad}, false},
	} {
		if got, err := LiDAR(c.views); err == nil || usage.Is(err) != c.usage {
			t.Errorf("%s: %v, %v; want an error, of usage: %t", name, got, err, c.usage)
		}
	}
}
