package statistics

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	// normalReach is where the integral over the standard normal is cut off: 2e-19 of it lies beyond.
	normalReach = 9
	// quadraturePoints is the number of Gauss-Legendre points on each smooth piece of that integral. Between 2 and 1000
	// seeds, twice as many change no power by more than 1e-12; with 100000 seeds the power is right to 1e-8
	// (power_test.go).
	quadraturePoints = 100
	// maxPower keeps the power away from 1, which no finite effect has.
	maxPower = 0.9999
)

// SmallestEffect returns the smallest true mean difference, in the unit of sd, that a two-sided paired t-test with n
// seeds finds with probability power, when one difference has the standard deviation sd (Cohen, "Statistical Power
// Analysis for the Behavioral Sciences", 2nd edition, 1988, chapter 2). The test is at 1-level, so that level 0.95 is
// the test at 5 %; an effect counts as found in either direction. An sd of 0 gives 0.
//
// Cost: about 50 integrals of at most 800 points, some milliseconds.
//
// SmallestEffect returns a usage error for fewer than two seeds, for an sd that is negative or not finite, for a level
// outside (0, 1), and for a power outside (1-level, 0.9999]: with no effect at all the test already finds one with
// probability 1-level.
func SmallestEffect(sd float64, n int, level, power float64) (float64, error) {
	if n < 2 {
		return 0, usage.Errorf("a paired t-test needs at least two seeds, got %d", n)
	}
	if !isFinite(sd) || sd < 0 {
		return 0, usage.Errorf("the standard deviation is %g; it must be finite and not negative", sd)
	}
	if err := checkLevel(level); err != nil {
		return 0, err
	}
	if !(power > 1-level && power <= maxPower) {
		return 0, usage.Errorf("power is %g; at level %g it must be above %.4g and at most %g", power, level, 1-level,
			maxPower)
	}

	// A noncentrality is an effect in units of SD/√n.
	return smallestNoncentrality(n, critical(n, level), power) * sd / math.Sqrt(float64(n)), nil
}

// smallestNoncentrality returns by bisection the noncentrality, mean √n / SD, at which powerOfT reaches power, to ten
// digits. powerOfT grows with it, from 1-level at 0 to 1.
func smallestNoncentrality(n int, criticalT, power float64) float64 {
	// Double the upper end until it is high enough, then halve the interval.
	low, high := 0.0, 1.0
	for powerOfT(n, criticalT, high, quadraturePoints) < power {
		low, high = high, 2*high
	}

	// The power is too low at low and high enough at high; so the answer is between them.
	for high-low > 1e-10*high {
		middle := low + (high-low)/2
		if powerOfT(n, criticalT, middle, quadraturePoints) < power {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// powerOfT returns the probability that a noncentral t variable with n-1 degrees of freedom exceeds criticalT in
// absolute value. Such a variable is (Z + noncentrality) / √(V/(n-1)), with Z standard normal and V an independent
// chi-squared variable of n-1 degrees of freedom (https://en.wikipedia.org/wiki/Noncentral_t-distribution), so that the
// probability is that of V <= (n-1) (Z + noncentrality)² / criticalT²: the integral over z of the normal density times
// the distribution function of V. It is cut at z = -noncentrality, where the integrand has a kink for n = 2, and to
// either side of that at criticalT, where many seeds make the distribution function almost a step, and at 3 and 9 times
// as far, by which it is flat; each piece is integrated by Gauss-Legendre with the given number of points.
func powerOfT(n int, criticalT, noncentrality float64, points int) float64 {
	freedom := float64(n - 1)
	chi := distuv.ChiSquared{K: freedom}

	integrand := func(z float64) float64 {
		t := (z + noncentrality) / criticalT
		return distuv.UnitNormal.Prob(z) * chi.CDF(freedom*t*t)
	}

	// Cut where the integrand bends, and integrate piece by piece.
	cuts := []float64{-normalReach, normalReach}
	for _, steps := range []float64{-9, -3, -1, 0, 1, 3, 9} {
		if z := steps*criticalT - noncentrality; z > -normalReach && z < normalReach {
			cuts = append(cuts, z)
		}
	}
	slices.Sort(cuts)

	var sum float64
	for i, to := range cuts[1:] {
		sum += quad.Fixed(integrand, cuts[i], to, points, quad.Legendre{}, 0)
	}
	return sum
}
