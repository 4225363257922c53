package probe

import (
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// preconditionLimit is the width above which a fit goes without preconditioner: its factorization costs D^3/3.
const preconditionLimit = 4096

// preconditioner changes variables so that the Hessian is near the identity. The Hessian of mean cross-entropy is at
// most (I - 11ᵀ/C)/2 ⊗ XᵀX/N (Böhning, "Multinomial logistic regression algorithm", 1992), so with UᵀU = XᵀX/(C N) + l2
// I and W = V U⁻ᵀ the curvature along V is of order 1 in all directions, however correlated the features are, where
// plain L-BFGS needs hundreds of iterations. 1/C in place of 1/2 is the curvature at W = 0. A nil preconditioner,
// for wide features, changes nothing.
type preconditioner struct {
	upper   blas64.Triangular // U, [D, D]
	classes int
}

func newPreconditioner(second *mat.SymDense, classes int, l2 float64) *preconditioner {
	if second == nil {
		return nil
	}

	// XᵀX/(C N) + l2 I
	d := second.SymmetricDim()
	p := mat.NewSymDense(d, nil)
	p.ScaleSym(1/float64(classes), second)
	for j := range d {
		p.SetSym(j, j, p.At(j, j)+l2)
	}

	// Not positive definite in float64: the fit goes without, and takes more iterations.
	var cholesky mat.Cholesky
	if !cholesky.Factorize(p) {
		return nil
	}
	var upper mat.TriDense
	cholesky.UTo(&upper)
	return &preconditioner{upper.RawTriangular(), classes}
}

// weights returns the part of parameters that is W or V, [C, D].
func (p *preconditioner) weights(parameters []float64) blas64.General {
	return blas64.General{Rows: p.classes, Cols: p.upper.N, Stride: p.upper.N, Data: parameters}
}

// toV returns parameters with W replaced by V = W Uᵀ.
func (p *preconditioner) toV(parameters []float64) []float64 {
	out := slices.Clone(parameters)
	if p != nil {
		blas64.Trmm(blas.Right, blas.Trans, 1, p.upper, p.weights(out))
	}
	return out
}

// toW writes v with V replaced by W = V U⁻ᵀ to dst.
func (p *preconditioner) toW(dst, v []float64) {
	copy(dst, v)
	if p != nil {
		blas64.Trsm(blas.Right, blas.Trans, 1, p.upper, p.weights(dst))
	}
}

// gradientToV turns a gradient to W into the gradient to V, in place: G U⁻¹.
func (p *preconditioner) gradientToV(gradient []float64) {
	if p != nil {
		blas64.Trsm(blas.Right, blas.NoTrans, 1, p.upper, p.weights(gradient))
	}
}
