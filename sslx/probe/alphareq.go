package probe

import (
	"fmt"
	"math"
	"slices"
)

// Ranks of the eigenvalues that AlphaReQ is fitted to, as in the code of the paper.
const (
	alphaFirst = 4
	alphaLast  = 100
)

// alphaLeast is the share of the largest eigenvalue below which eigenvalues are rounding noise of float32.
const alphaLeast = 1e-12

// AlphaReQ returns the coefficient alpha with which the eigenvalues of the covariance of the features decay, as
// rank^(-alpha): the slope of a line through their logarithms over those of their ranks, 4 to 100 or the last one that
// is not 0, weighted by 1/rank (Agrawal et al., "alpha-ReQ: Assessing Representation Quality in Self-Supervised
// Learning by Measuring Eigenspectrum Decay", 2022, https://arxiv.org/abs/2202.05808; the ranks and the weights are
// those of its code, after Stringer et al. 2019). The paper finds good encoders near 1. It is not ok, and 0, where
// fewer than two eigenvalues can be fitted.
//
// A value that is not finite is an error. Cost: N*D*min(N, D) operations on the host.
func AlphaReQ(f Features) (alpha float64, ok bool, err error) {
	if err := f.Check("embedding"); err != nil {
		return 0, false, err
	}
	x := dense(f)
	center(x)
	eigenvalues, err := gramEigenvalues(x)
	if err != nil {
		return 0, false, fmt.Errorf("alpha-ReQ: %w", err)
	}
	slices.Reverse(eigenvalues) // the largest first

	// Weighted means of the logarithms of ranks and eigenvalues, then the slope about them.
	var points [][3]float64 // weight, log rank, log eigenvalue
	var total, meanRank, meanValue float64
	for rank := alphaFirst; rank <= min(alphaLast, len(eigenvalues)); rank++ {
		value := eigenvalues[rank-1]
		if value <= alphaLeast*eigenvalues[0] {
			break
		}
		p := [3]float64{1 / float64(rank), math.Log(float64(rank)), math.Log(value)}
		points = append(points, p)
		total, meanRank, meanValue = total+p[0], meanRank+p[0]*p[1], meanValue+p[0]*p[2]
	}
	if len(points) < 2 {
		return 0, false, nil
	}
	meanRank, meanValue = meanRank/total, meanValue/total

	var shared, own float64
	for _, p := range points {
		shared += p[0] * (p[1] - meanRank) * (p[2] - meanValue)
		own += p[0] * (p[1] - meanRank) * (p[1] - meanRank)
	}
	return -shared / own, true, nil
}
