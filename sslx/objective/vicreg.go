package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("vicreg", VICReg{Similarity: 25, Variance: 25, Covariance: 1})
}

// vicRegEpsilon is added to the variance under the root (Bardes et al. 2022, equation 2).
const vicRegEpsilon = 1e-4

// noSpread is why a loss of variances needs two images.
const noSpread = "the spread over a batch is not defined for fewer"

// VICReg is the loss of Bardes et al. 2022 (https://arxiv.org/abs/2105.04906, equations 1 to 6), scaled as in the
// authors' code (https://github.com/facebookresearch/vicreg), from which the usual weights 25, 25 and 1 come:
//
//	similarity · mean over pairs of views, images and dimensions of (z - z')²
//	+ variance · mean over views and dimensions of max(0, 1 - √(var + 1e-4))
//	+ covariance · 2 · mean over views of Σ_{i≠j} cov(i,j)² / dim
//
// where var and cov are over the batch, with divisor N-1. (In the paper's equations the similarity is summed over
// dimensions, and the variance over the two views.) It takes two images or more. Embeddings are not normalized: their
// length matters. Equal embeddings give variance·(1 - 0.01). Cost: 2·V·N·dim² operations, memory for dim² covariances.
type VICReg struct {
	// Similarity, Variance and Covariance are the weights of the terms; positive. Their defaults are 25, 25 and 1.
	Similarity float64 `yaml:"similarity"`
	Variance   float64 `yaml:"variance"`
	Covariance float64 `yaml:"covariance"`
}

// Needs asks for two images or more.
func (VICReg) Needs() Needs {
	return Needs{NormPerView: true, LeastBatch: 2, LeastBatchReason: noSpread}
}

// Check returns an error of package usage when a weight is out of range.
func (r VICReg) Check() error {
	return checkPositive(parameter{"similarity", r.Similarity}, parameter{"variance", r.Variance},
		parameter{"covariance", r.Covariance})
}

// Loss builds the loss of a batch.
func (r VICReg) Loss(in Inputs) Terms {
	var distances, hinges, covariances []*Node
	for i, z := range in.Views {
		for _, other := range in.Views[:i] {
			distances = append(distances, ReduceMean(Square(Sub(z, other)), 1))
		}

		n, dim := z.Shape().Dimensions[0], z.Shape().Dimensions[1]
		z = centered(z)
		variance := DivScalar(ReduceSum(Square(z), 0), float64(n-1)) // [dim]
		hinges = append(hinges, MaxScalar(OneMinus(Sqrt(AddScalar(variance, vicRegEpsilon))), 0.0))

		covariance := withoutDiagonal(DivScalar(crossProducts(z, z), float64(n-1))) // [dim, dim]
		covariances = append(covariances, DivScalar(sumOfSquares(covariance), float64(dim)))
	}

	return added(map[string]*Node{
		"similarity": MulScalar(mean(distances), r.Similarity),
		"variance":   MulScalar(mean(hinges), r.Variance),
		// The authors add the covariances of both views, and take the mean of the rest.
		"covariance": MulScalar(mean(covariances), 2*r.Covariance),
	}, r.Variance*(1-math.Sqrt(vicRegEpsilon)))
}

// centered subtracts the mean over the batch from z [n, dim].
func centered(z *Node) *Node { return Sub(z, ReduceAndKeep(z, ReduceMean, 0)) }

// crossProducts returns [dim, dim], the sums over the batch of the products of a's and b's numbers, both [n, dim].
func crossProducts(a, b *Node) *Node { return Dot(a, b).EinsumAxes([][2]int{{0, 0}}, nil) }

// sumOfSquares adds the squares of a matrix row by row, which keeps digits on a backend that adds one by one.
func sumOfSquares(x *Node) *Node { return ReduceAllSum(ReduceSum(Square(x), 1)) }

// withoutDiagonal returns the square matrix x with zeros on its diagonal.
func withoutDiagonal(x *Node) *Node {
	return Where(Diagonal(x.Graph(), x.Shape().Dimensions[0]), ZerosLike(x), x)
}
