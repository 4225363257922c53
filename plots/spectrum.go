package plots

import (
	"math"

	"github.com/sslx-go/lab/internal/usage"
)

// Spectrum draws how much of the variance of representations their first principal components hold together: 1, 2, 4
// and so on up to all. variances are those along each component, the largest first. Where they are all zero, or one is
// negative or not finite, it is a usage error.
func Spectrum(variances []float64) (*Figure, error) {
	var total float64
	for _, v := range variances {
		if !(v >= 0) || math.IsInf(v, 0) {
			return nil, usage.Errorf("%v is no variance", v)
		}
		total += v
	}

	if total == 0 {
		return nil, usage.Errorf("there is no spectrum: the representations are all alike")
	}

	var held float64
	var points []Point
	for k, v := range variances {
		held += v

		// Powers of two, and the last: evenly spaced on the logarithmic axis.
		if n := k + 1; n&(n-1) == 0 || n == len(variances) {
			points = append(points, Point{X: float64(n), Mean: 100 * held / total, Low: math.NaN(), High: math.NaN()})
		}
	}

	return SeriesPlot{X: "principal components, the largest first", Y: "variance that they hold (%)", Log2: true,
		Series: []Series{{Name: "representations", Points: points}}}.Figure()
}
