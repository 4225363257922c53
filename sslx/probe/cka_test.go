package probe

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/sslx-go/lab/internal/usage"
)

// linearMap returns f times m, less shift.
func linearMap(f Features, m mat.Matrix, shift float64) Features {
	var product mat.Dense
	product.Mul(dense(f), m)
	n, d := product.Dims()
	out := Features{N: n, D: d, X: make([]float32, n*d)}
	for i := range out.X {
		out.X[i] = float32(product.RawMatrix().Data[i] - shift)
	}
	return out
}

func TestCKA_IsOneForRotationsShiftsAndScalingsAlone(t *testing.T) {
	f := gaussian(3000, 6, 1)
	var qr mat.QR
	qr.Factorize(dense(gaussian(6, 6, 2)))
	var rotation, scaled mat.Dense
	qr.QTo(&rotation)
	scaled.Scale(1000, &rotation)
	stretch := mat.NewDiagDense(6, []float64{100, 1, 1, 1, 1, 1})
	for _, c := range []struct {
		name string
		g    Features
		want float64
		near float64
	}{
		{"itself", f, 1, 1e-12},
		{"rotated", linearMap(f, &rotation, 0), 1, 1e-10},
		{"rotated, scaled and shifted", linearMap(f, &scaled, 7), 1, 1e-10},
		{"stretched in one dimension of six", linearMap(f, stretch, 0), 1 / math.Sqrt(6), 0.05},
		{"constant", Features{N: 3000, D: 2, X: slices.Repeat([]float32{0.1, 2.3}, 3000)}, 0, 0},
	} {
		got, err := CKA(f, c.g)
		near(t, c.name, got, c.want, c.near, err)
		back, err := CKA(c.g, f)
		near(t, c.name+", the other way", back, got, 1e-12, err)
	}
}

// The expected value for independent Gaussians of equal width D is about D/(N + D) and tends to 1 for D well above N.
func TestCKA_OfNoiseIsSmallForManyImagesAndNearOneForFew(t *testing.T) {
	got, err := CKA(gaussian(3000, 8, 1), gaussian(3000, 5, 2))
	near(t, "3000 images", got, 0, 0.01, err)
	got, err = CKA(gaussian(6, 500, 1), gaussian(6, 700, 2))
	near(t, "6 images in 500 dimensions", got, 1, 0.05, err)
}

func TestCKA_NeedsTheSameImages(t *testing.T) {
	bad := gaussian(6, 3, 1)
	bad.X[4] = float32(math.NaN())
	for name, c := range map[string]struct {
		a, b  Features
		usage bool
	}{
		"different images": {gaussian(6, 3, 1), gaussian(5, 3, 1), true},
		"one image":        {gaussian(1, 3, 1), gaussian(1, 3, 1), true},
		"none":             {Features{}, Features{}, true},
		"not finite":       {gaussian(6, 3, 1), bad, false},
	} {
		if got, err := CKA(c.a, c.b); err == nil || usage.Is(err) != c.usage {
			t.Errorf("%s: %v, %v; want an error, of usage: %t", name, got, err, c.usage)
		}
	}
}
