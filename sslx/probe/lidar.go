package probe

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	// lidarDelta is added to the diagonal of the within-class covariance (Thilak et al. 2023, section 4).
	lidarDelta = 1e-4
	// lidarEpsilon is added to each normalized eigenvalue, as in [RankMe], whose form the paper takes.
	lidarEpsilon = rankMeEpsilon
)

// LiDAR returns the effective rank of the linear discriminant analysis that tells images apart by their views, between
// 1 and min(n-1, D) up to the epsilon below, and 0 when all images coincide (Thilak et al., "LiDAR: Sensing Linear
// Probing Performance in Joint Embedding SSL Architectures", 2023, section 4, https://arxiv.org/abs/2312.04000). Where
// [RankMe] counts every direction in which embeddings vary, LiDAR counts those that vary more between images than
// between the views of one image.
//
// views are q >= 2 matrices [n, D]: row i of each is a view of image i of n >= 2, usually at the projector's output.
// With m_i the mean of the views of image i and m that of all,
//
//	between = sum_i (m_i - m)(m_i - m)ᵀ / (n - 1)
//	within  = sum_ij (x_ij - m_i)(x_ij - m_i)ᵀ / (n (q - 1)) + 1e-4 I
//
// and e the D eigenvalues of within^(-1/2) between within^(-1/2), it is the exponential of the entropy of
// p_k = e_k / sum(e) + 1e-7. The delta of 1e-4 is absolute: features much smaller than 0.01 are ruled by it. The value
// grows with n until n is well above D, so that only those of equal n and q compare; the paper's runs have n in the
// thousands and q of 10 to 50.
//
// It is a usage error when views differ in size or are too few, an ordinary one when a value is not finite. Everything
// is float64 on the host. Cost: n*q*D*D + D*D*D/3 + n*D*min(n, D) operations.
func LiDAR(views []Features) (float64, error) {
	if err := checkViews(views); err != nil {
		return 0, err
	}

	// Whitening by the covariance within images: within = Uᵀ U.
	means := meanOfViews(views) // [n, D]
	var cholesky mat.Cholesky
	if !cholesky.Factorize(withinCovariance(views, means)) {
		return 0, fmt.Errorf("LiDAR: the within-class covariance is not positive definite: the embeddings are too" +
			" large for its delta of 1e-4 to count")
	}
	var upper mat.TriDense // U, [D, D]
	cholesky.UTo(&upper)

	// U⁻ᵀ between U⁻¹ has the same eigenvalues as the symmetric form, and is AᵀA for A = (means - mean) U⁻¹ /
	// sqrt(n-1), whose last factor cancels.
	center(means)
	blas64.Trsm(blas.Right, blas.NoTrans, 1, upper.RawTriangular(), means.RawMatrix())
	eigenvalues, err := gramEigenvalues(means)
	if err != nil {
		return 0, fmt.Errorf("LiDAR: %w", err)
	}

	all := make([]float64, views[0].D) // those beyond the n-1 that there can be are zero
	copy(all, eigenvalues)
	return effectiveRank(all, lidarEpsilon), nil
}

func checkViews(views []Features) error {
	if len(views) < 2 {
		return usage.Errorf("LiDAR needs at least two views of each image, got %d", len(views))
	}

	for i, v := range views {
		if err := v.Check(fmt.Sprintf("view %d's", i)); err != nil {
			return err
		}
		if v.N != views[0].N || v.D != views[0].D {
			return usage.Errorf("LiDAR needs views of the same images, got [%d, %d] for view 0 and [%d, %d] for view"+
				" %d", views[0].N, views[0].D, v.N, v.D, i)
		}
	}

	if views[0].N < 2 {
		return usage.Errorf("LiDAR needs views of at least two images, got %d", views[0].N)
	}
	return nil
}

// meanOfViews returns the mean over views, [n, D].
func meanOfViews(views []Features) *mat.Dense {
	means := dense(views[0])
	for _, v := range views[1:] {
		means.Add(means, dense(v))
	}
	means.Scale(1/float64(len(views)), means)
	return means
}

// withinCovariance returns the covariance [D, D] of the views about the means of their images, plus delta.
func withinCovariance(views []Features, means *mat.Dense) *mat.SymDense {
	n, d := means.Dims()
	within := mat.NewSymDense(d, nil)
	for _, v := range views {
		deviation := dense(v)
		deviation.Sub(deviation, means)
		deviation.Scale(1/math.Sqrt(float64(n*(len(views)-1))), deviation)
		within.SymRankK(within, 1, deviation.T())
	}

	// Delta keeps the covariance positive definite where the views of an image agree.
	for j := range d {
		within.SetSym(j, j, within.At(j, j)+lidarDelta)
	}
	return within
}

// center subtracts its column means from x, in place. A column that varies by less than float32 can tell from a
// constant becomes 0.
func center(x *mat.Dense) {
	n, d := x.Dims()
	column := make([]float64, n)
	for j := range d {
		mat.Col(column, j, x)
		mean, std := stat.PopMeanStdDev(column, nil)
		for i, v := range column {
			column[i] = v - mean
		}

		if std <= constantShare*math.Abs(mean) {
			clear(column)
		}
		x.SetCol(j, column)
	}
}
