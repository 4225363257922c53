package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// dcl is the decoupled contrastive loss of Yeh et al. 2022 (https://arxiv.org/abs/2110.06848, equation 6): that of
// [simCLR] without the positive in the denominator,
//
//	mean over anchors a and positives p of -s(a,p)/τ + log Σ_{n∈Neg(a)} exp(s(a,n)/τ).
//
// Equal embeddings give log |Neg(a)|. It takes two images or more with negatives of the batch. Cost: that of simCLR.
func dcl(c Config, in Inputs) Terms {
	contrast, negatives := c.contrastive(in)
	return contrast.terms(contrast.excess, math.Log(float64(negatives)))
}

// dclw is [dcl] with a weight on each positive's similarity (Yeh et al. 2022, DCLW),
//
//	w(a,p) = 2 - exp(s(a,p)/σ) / mean over the images of exp(s/σ),
//
// the mean being over the positive pairs of the same two views. Weights get no gradient. Its similarity term is the
// mean of -w·s/τ.
func dclw(c Config, in Inputs) Terms {
	contrast, negatives := c.contrastive(in)
	losses, weighted := make([]*Node, len(contrast.excess)), make([]*Node, len(contrast.excess))
	for i, cosine := range contrast.positives {
		weighted[i] = Mul(c.misesFisher(cosine, len(in.Views)), cosine)
		losses[i] = Add(contrast.excess[i], Mul(Sub(cosine, weighted[i]), contrast.sharpness))
	}
	contrast.positives = weighted
	return contrast.terms(losses, math.Log(float64(negatives)))
}

// misesFisher returns the weights of positives of these cosines, both [V·N, 1].
func (c Config) misesFisher(cosines *Node, views int) *Node {
	n := cosines.Shape().Dimensions[0] / views
	x := MulScalar(Reshape(StopGradient(cosines), views, n), 1/c.Sigma)
	return Reshape(AddScalar(MulScalar(Softmax(x, 1), -float64(n)), 2), views*n, 1)
}
