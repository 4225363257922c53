package statistics

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson returns the score interval of a share p, in [0, 1], of n draws, which covers the true share with probability
// about level, in (0, 1) (E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927,
// https://doi.org/10.1080/01621459.1927.10502953). It lies within [0, 1]. Shares outside [0, 1] are taken for the
// nearest end; without draws the interval has no width.
func Wilson(p float64, n int, level float64) (low, high float64) {
	if n <= 0 {
		return p, p
	}
	p = min(1, max(0, p))

	z := distuv.UnitNormal.Quantile((1 + level) / 2)
	count := float64(n)
	center := p + z*z/(2*count)
	half := z * math.Sqrt(p*(1-p)/count+z*z/(4*count*count))
	scale := 1 + z*z/count
	return max(0, (center-half)/scale), min(1, (center+half)/scale)
}
