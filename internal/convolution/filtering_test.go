package convolution

import (
	"math"
	"math/rand/v2"
	"testing"
)

// transformed returns m·x·mᵀ of a square x.
func transformed(m [][]float64, x func(i, j int) float64) (all []float64) {
	for _, u := range m {
		for _, v := range m {
			var sum float64
			for i, a := range u {
				for j, b := range v {
					sum += a * b * x(i, j)
				}
			}
			all = append(all, sum)
		}
	}
	return all
}

// TestTransforms compares spread and gather with the matrices of the algorithm, for matrices that are apart and with
// all that gather adds.
func TestTransforms(t *testing.T) {
	needKernels(t)
	const channels, apart, floor = 32, 37, -0.25
	random := rand.New(rand.NewPCG(1, 2))
	check := func(name string, got func(p, c int) float32, want func(c int) []float64) {
		for c := range channels {
			for p, w := range want(c) {
				if !(math.Abs(float64(got(p, c))-w) <= 2e-5*max(1, math.Abs(w))) {
					t.Fatalf("%s: value %d of channel %d is %g, want %g", name, p, c, got(p, c), w)
				}
			}
		}
	}

	x, points := normal(random, tilePoints*apart), make([]float32, tilePoints*apart)
	s := &transform{constants: spreadConstants, points: &points[0], stride: 4 * apart, channels: channels}
	for p := range s.pixels {
		s.pixels[p] = &x[p*apart]
	}
	spread(s)
	check("spread", func(p, c int) float32 { return points[p*apart+c] }, func(c int) []float64 {
		return transformed(algorithm.Input, func(i, j int) float64 { return float64(x[(i*pointSide+j)*apart+c]) })
	})

	bias, others, maps := normal(random, channels), normal(random, tilePixels*apart), make([]float32, tilePixels*apart)
	for name, plus := range map[string][]float32{"gather": make([]float32, len(others)), "gather with plus": others} {
		g := &transform{constants: gatherConstants, points: &x[0], stride: 4 * apart, channels: channels,
			bias: &bias[0], origin: &maps[0], floor: floor}
		if name != "gather" {
			g.plus = &plus[0]
		}
		for p := range tilePixels {
			g.pixels[p] = &maps[p*apart]
		}
		gather(g)
		check(name, func(p, c int) float32 { return maps[p*apart+c] }, func(c int) []float64 {
			want := transformed(algorithm.Output, func(i, j int) float64 {
				return float64(x[(i*pointSide+j)*apart+c])
			})
			for p := range want {
				want[p] = max(want[p]+float64(bias[c])+float64(plus[p*apart+c]), floor)
			}
			return want
		})
	}
}
