package probe

import (
	"math"
	"testing"
)

func near(t *testing.T, name string, got, want, tolerance float64, err error) {
	t.Helper()
	if err != nil || !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, %v; want %v", name, got, err, want)
	}
}

func TestRankMe_CountsTheDirectionsInUse(t *testing.T) {
	identity := func(n, d int) Features {
		f := Features{N: n, D: d, X: make([]float32, n*d)}
		for i := range n {
			f.X[i*d+i%d] = 3
		}
		return f
	}
	rankOne := Features{N: 9, D: 5}
	for i := range 9 * 5 {
		rankOne.X = append(rankOne.X, float32((i/5+1)*(i%5+1)))
	}
	// Two equal directions of length 1 and one of length 2: p = 1/4, 1/4, 1/2, entropy 1.5 ln 2.
	unequal := Features{N: 3, D: 4, X: []float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0}}
	for _, c := range []struct {
		name string
		f    Features
		want float64
	}{
		{"identity", identity(6, 6), 6},
		{"repeated identity", identity(40, 8), 8},
		{"fewer rows than columns", identity(4, 9), 4},
		{"rank one", rankOne, 1},
		{"unequal", unequal, math.Pow(2, 1.5)},
		{"zero", Features{N: 3, D: 2, X: make([]float32, 6)}, 0},
	} {
		got, err := RankMe(c.f)
		near(t, c.name, got, c.want, 1e-4, err)
	}
}

func TestAlignment_AndUniformityOnTheCircle(t *testing.T) {
	axes := Features{N: 4, D: 2, X: []float32{2, 0, 0, 1, -3, 0, 0, -0.5}}
	turned := Features{N: 4, D: 2, X: []float32{0, 1, -1, 0, 0, -1, 1, 0}}
	got, err := Alignment(axes, axes)
	near(t, "alignment with itself", got, 0, 1e-12, err)
	got, err = Alignment(axes, turned)
	near(t, "alignment at right angles", got, 2, 1e-6, err)
	// Of six pairs four are at squared distance 2 and two at 4.
	got, err = Uniformity(axes)
	near(t, "uniformity", got, math.Log((4*math.Exp(-4)+2*math.Exp(-8))/6), 1e-6, err)
	got, err = Uniformity(Features{N: 3, D: 2, X: []float32{1, 1, 2, 2, 3, 3}})
	near(t, "uniformity of a point", got, 0, 1e-6, err)
	if _, err := Alignment(axes, Features{N: 2, D: 2, X: axes.X[:4]}); err == nil {
		t.Error("views of different images were aligned")
	}
	if _, err := Uniformity(Features{N: 1, D: 2, X: []float32{1, 1}}); err == nil {
		t.Error("one image has a uniformity")
	}
}

func TestStdPerDimension_IsThePopulations(t *testing.T) {
	// The values 2, 4, 4, 4, 5, 5, 7, 9 have mean 5 and variance 32/8.
	f := Features{N: 8, D: 2, X: []float32{2, 1, 4, 1, 4, 1, 4, 1, 5, 1, 5, 1, 7, 1, 9, 1}}
	got, err := StdPerDimension(f)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "first", got[0], 2, 1e-12, nil)
	near(t, "second", got[1], 0, 1e-12, nil)
}
