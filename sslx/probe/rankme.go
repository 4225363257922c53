package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// rankMeEpsilon is added to each normalized singular value (Garrido et al. 2023, equation 1).
const rankMeEpsilon = 1e-7

// RankMe returns the effective rank of the features, between 1 and min(N, D) up to the epsilon below, and 0 when all
// are zero: the exponential of the entropy of p_k = s_k / sum(s) + 1e-7, where s are the singular values of the [N, D]
// matrix, not centered (Garrido et al., "RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised
// Representations by Their Rank", 2023, equation 1, https://arxiv.org/abs/2210.02885). A collapsed encoder is near 1.
//
// The singular values are square roots of the eigenvalues of the smaller Gram matrix in float64, so that those below
// about 1e-8 of the largest are noise, which the epsilon hides. Cost: N*D*min(N, D) operations on the host.
func RankMe(f Features) (float64, error) {
	if err := f.Check("embedding"); err != nil {
		return 0, err
	}
	eigenvalues, err := gramEigenvalues(dense(f))
	if err != nil {
		return 0, fmt.Errorf("RankMe: %w", err)
	}

	// Singular values of the features are square roots of the eigenvalues of their Gram matrix.
	for i, v := range eigenvalues {
		eigenvalues[i] = math.Sqrt(v)
	}
	return effectiveRank(eigenvalues, rankMeEpsilon), nil
}

// effectiveRank is the exponential of the entropy of p_k = v_k / sum(v) + epsilon, and 0 when all values are zero.
func effectiveRank(values []float64, epsilon float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	if sum == 0 {
		return 0
	}

	var entropy float64
	for _, v := range values {
		p := v/sum + epsilon
		entropy -= p * math.Log(p)
	}
	return math.Exp(entropy)
}

// dense returns the features in float64.
func dense(f Features) *mat.Dense {
	x := make([]float64, len(f.X))
	for i, v := range f.X {
		x[i] = float64(v)
	}
	return mat.NewDense(f.N, f.D, x)
}

// gramEigenvalues returns the min(n, d) largest eigenvalues, ascending and none below 0, of xᵀx for x [n, d]: those of
// the smaller of xᵀx and xxᵀ. Cost: n*d*min(n, d) operations.
func gramEigenvalues(x *mat.Dense) ([]float64, error) {
	var matrix mat.Matrix = x
	if n, d := x.Dims(); n > d {
		matrix = x.T()
	}

	var gram mat.SymDense // [min(n, d), min(n, d)]
	gram.SymOuterK(1, matrix)
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, false) {
		size := gram.SymmetricDim()
		return nil, fmt.Errorf("the eigenvalues of the %dx%d Gram matrix did not converge", size, size)
	}

	values := eigen.Values(nil) // rounding can leave some just below 0
	for i, v := range values {
		values[i] = max(v, 0)
	}
	return values, nil
}
