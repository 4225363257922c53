package scene

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset/internal/counter"
)

func TestDrawLabels_AreUniformAndIndependent(t *testing.T) {
	const n = 3000
	labels := make([][]int32, n)
	for i := range labels {
		labels[i] = make([]int32, len(Factors))
		DrawLabels(rand.New(rand.NewPCG(uint64(i), 1)), labels[i])
	}
	for a := range Factors {
		for b := range a {
			ka, kb := len(Factors[a].Values), len(Factors[b].Values)
			counts := make([]float64, ka*kb)
			for _, l := range labels {
				counts[int(l[a])*kb+int(l[b])]++
			}
			expected, chi := float64(n)/float64(ka*kb), 0.0
			for _, c := range counts {
				chi += (c - expected) * (c - expected) / expected
			}
			// Pearson's statistic has mean k-1 and variance 2(k-1); five deviations are never reached by chance here.
			k := float64(ka*kb - 1)
			if chi > k+5*math.Sqrt(2*k) {
				t.Errorf("%s and %s: chi square is %.0f for %.0f degrees of freedom", Factors[a].Name, Factors[b].Name,
					chi, k)
			}
		}
	}
}

// Without nuisances, the pixels must show what the labels say.
func TestScene_LabelsDescribeThePixels(t *testing.T) {
	for position := range int32(9) {
		labels := []int32{0, 3, 0, 0, 1, position, 0}
		at := ^uint64(position)
		s := New(rand.New(rand.NewPCG(counter.Mix(0, at), counter.Mix(1, at))), labels)
		s.clutter, s.object, s.light, s.dark = nil, rgb{1, 1, 1}, rgb{}, rgb{}
		var mass, x, y float64
		for i := range Side * Side {
			px, py := float64(i%Side)+0.5, float64(i/Side)+0.5
			v := s.at(px, py)[0]
			mass, x, y = mass+v, x+v*px, y+v*py
		}
		// Cells are 5.5 pixels apart and their edges lie 2.75 from the middle.
		column, row := math.Round((x/mass-16)/5.5)+1, math.Round((y/mass-16)/5.5)+1
		if int32(3*row+column) != position {
			t.Errorf("position %d: the object lies in column %v of row %v", position, column, row)
		}
		if want := math.Pi * s.long * s.short; math.Abs(mass-want) > 0.1*want {
			t.Errorf("the ellipse covers %.1f pixels, want %.1f", mass, want)
		}
	}
}

func TestHSV_GivesTheHuesOfTheColorCircle(t *testing.T) {
	for hue, want := range map[float64]rgb{
		0: {1, 0, 0}, 60: {1, 1, 0}, 120: {0, 1, 0}, 240: {0, 0, 1}, -60: {1, 0, 1},
	} {
		for k, v := range hsv(hue, 1, 1) {
			if math.Abs(v-want[k]) > 1e-12 {
				t.Errorf("hue %v gives %v, want %v", hue, hsv(hue, 1, 1), want)
			}
		}
	}
}
