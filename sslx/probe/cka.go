package probe

import (
	"gonum.org/v1/gonum/mat"

	"github.com/sslx-go/lab/internal/usage"
)

// CKA returns the linear centered kernel alignment of two representations of the same N >= 2 images, in [0, 1]: with X
// and Y the features less their column means, |XᵀY|² / (|XᵀX| |YᵀY|) in Frobenius norms (Kornblith et al., "Similarity
// of Neural Network Representations Revisited", 2019, section 3 and table 1, https://arxiv.org/abs/1905.00414). It is 1
// when one is a rotation, a reflection, a shift or a uniform scaling of the other, and does not survive other
// invertible maps. It is symmetric. Where either is the same for all images, which has no similarity, it is 0.
//
// a is [N, Da] and b [N, Db]; the widths may differ, the images may not. The value is biased upwards for few images:
// for independent features it is near 0 only when N is well above Da and Db, and tends to 1 for N well below both.
// Compare values of equal N and width only, and take N of several times the width.
//
// Different N is a usage error, a value that is not finite an ordinary one. Everything is float64 on the host. Cost:
// N*(Da + Db)² operations, 8*N*(Da + Db) bytes.
func CKA(a, b Features) (float64, error) {
	if err := a.Check("first"); err != nil {
		return 0, err
	}
	if err := b.Check("second"); err != nil {
		return 0, err
	}
	if a.N != b.N || a.N < 2 {
		return 0, usage.Errorf("CKA needs two representations of the same images, at least two, got %d and %d images",
			a.N, b.N)
	}

	x, y := dense(a), dense(b) // [N, Da], [N, Db]
	center(x)
	center(y)

	// |XᵀY| over features is the kernel form's product of [N, N] matrices, at the size of the features.
	var cross mat.Dense // [Da, Db]
	cross.Mul(x.T(), y)
	shared, own := mat.Norm(&cross, 2), gramNorm(x)*gramNorm(y)
	if own == 0 {
		return 0, nil
	}
	return min(1, shared*shared/own), nil
}

// gramNorm returns the Frobenius norm of xᵀx.
func gramNorm(x *mat.Dense) float64 {
	var gram mat.SymDense
	gram.SymOuterK(1, x.T())
	return mat.Norm(&gram, 2)
}
