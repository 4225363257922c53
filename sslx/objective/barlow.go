package objective

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("barlow", Barlow{Lambda: 0.0051, Scale: 1})
}

// Barlow is the loss of Zbontar et al. 2021 (https://arxiv.org/abs/2103.03230, equations 1 and 2), for each pair of
// views, and the mean over pairs:
//
//	scale · (Σ_i (1 - C(i,i))² + lambda · Σ_{i≠j} C(i,j)²)
//
// with C [dim, dim] the correlations over the batch between the dimensions of both views:
// Σ_b a(b,i)·b(b,j) / (√Σ_b a(b,i)² · √Σ_b b(b,j)²) of the centered embeddings. No epsilon enters, and the divisors of
// mean and variance cancel. A dimension whose standard deviation is below a millionth of its largest magnitude counts
// as constant: it has correlation 0 with all. lambda 0.0051 comes from the authors' code
// (https://github.com/facebookresearch/barlowtwins). It takes two images or more. Correlations of 0 give scale·dim.
// Cost: 2·N·dim² operations for each pair of views and memory for dim² correlations.
type Barlow struct {
	// Lambda is the weight of the correlations between different dimensions, and Scale the weight of the whole loss.
	// Both are positive; their defaults are 0.0051 and 1.
	Lambda float64 `yaml:"lambda"`
	Scale  float64 `yaml:"scale"`
}

// Needs asks for two images or more.
func (Barlow) Needs() Needs {
	return Needs{NormPerView: true, LeastBatch: 2, LeastBatchReason: noSpread}
}

// Check returns an error of package usage when a weight is out of range.
func (b Barlow) Check() error {
	return checkPositive(parameter{"lambda", b.Lambda}, parameter{"scale", b.Scale})
}

// Loss builds the loss of a batch.
func (b Barlow) Loss(in Inputs) Terms {
	var standard, diagonals, others []*Node
	for i, z := range in.Views {
		// [N, dim], each dimension of mean 0 and length 1, so that products of two are correlations
		standard = append(standard, unit(centered(moderate(z, 0)), 0))

		for _, other := range standard[:i] {
			diagonal := ReduceSum(Mul(standard[i], other), 0)
			diagonals = append(diagonals, ReduceAllSum(Square(OneMinus(diagonal))))
			others = append(others, sumOfSquares(withoutDiagonal(crossProducts(standard[i], other))))
		}
	}

	return added(map[string]*Node{
		"invariance": MulScalar(mean(diagonals), b.Scale),
		"redundancy": MulScalar(mean(others), b.Scale*b.Lambda),
	}, b.Scale*float64(in.Views[0].Shape().Dimensions[1]))
}
