package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Components are the principal components of features.
type Components struct {
	// Variances are those along each component, the largest first.
	Variances []float64

	// Plane has the place of each row along the first two.
	Plane [][2]float64
}

// Principal returns the principal components of the features, which are centered first. The first row lies on the
// positive side of each. Cost: N*D*min(N, D) operations on the host.
func Principal(f Features) (Components, error) {
	if err := f.Check("embedding"); err != nil {
		return Components{}, err
	}

	x := dense(f) // [N, D]
	for j := range f.D {
		column := mat.Col(nil, j, x)
		mean := mat.Sum(mat.NewVecDense(f.N, column)) / float64(f.N)
		for i, v := range column {
			x.Set(i, j, v-mean)
		}
	}

	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThinU) {
		return Components{}, fmt.Errorf("the singular values of the [%d, %d] features did not converge", f.N, f.D)
	}
	var u mat.Dense
	svd.UTo(&u)

	// The sign of a component is arbitrary: the first row decides it.
	c := Components{Variances: svd.Values(nil), Plane: make([][2]float64, f.N)}
	for k := range min(2, len(c.Variances)) {
		scale := math.Copysign(c.Variances[k], u.At(0, k))
		for i := range c.Plane {
			c.Plane[i][k] = scale * u.At(i, k)
		}
	}

	// Until here they were singular values.
	for k, s := range c.Variances {
		c.Variances[k] = s * s / float64(f.N)
	}
	return c, nil
}
