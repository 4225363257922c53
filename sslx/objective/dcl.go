package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("dcl", DCL{Temperature: 0.1, Negatives: Negatives{Kind: "batch"}})
	Register("dclw", DCLW{Temperature: 0.1, Negatives: Negatives{Kind: "batch"}, Sigma: 0.5})
}

// DCL is the decoupled contrastive loss of Yeh et al. 2022 (https://arxiv.org/abs/2110.06848, equation 6): that of
// [SimCLR] without the positive in the denominator,
//
//	mean over anchors a and positives p of -s(a,p)/τ + log Σ_{n∈Neg(a)} exp(s(a,n)/τ).
//
// Equal embeddings give log |Neg(a)|. It takes two images or more with negatives of the batch. Cost: as SimCLR.
type DCL struct {
	// Temperature is τ; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`

	// Negatives are the negatives of an anchor.
	Negatives Negatives `yaml:",inline"`
}

// Loss builds the loss of a batch.
func (d DCL) Loss(in Inputs) Terms {
	contrast, negatives := contrastive(in, d.Temperature, d.Negatives)
	return contrast.terms(contrast.excess, math.Log(float64(negatives)))
}

// Needs returns what the negatives need.
func (d DCL) Needs() Needs { return d.Negatives.needs(2) }

// Check returns an error of package usage when a parameter is out of range.
func (d DCL) Check() error {
	if err := checkPositive(parameter{"temperature", d.Temperature}); err != nil {
		return err
	}
	return d.Negatives.check("dcl")
}

// Resolved returns the objective with the parameters of its negatives filled in.
func (d DCL) Resolved() Objective { return d.choosing(d.Negatives.resolved()) }

func (d DCL) chosen() Negatives { return d.Negatives }

func (d DCL) choosing(n Negatives) Objective {
	d.Negatives = n
	return d
}

// DCLW is [DCL] with a weight on each positive's similarity (Yeh et al. 2022, DCLW),
//
//	w(a,p) = 2 - exp(s(a,p)/σ) / mean over the images of exp(s/σ),
//
// the mean being over the positive pairs of the same two views. Weights get no gradient. Its similarity term is the
// mean of -w·s/τ.
type DCLW struct {
	// Temperature is τ; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`

	// Negatives are the negatives of an anchor.
	Negatives Negatives `yaml:",inline"`

	// Sigma is σ, the temperature of the weights; positive. Its default is 0.5.
	Sigma float64 `yaml:"sigma"`
}

// Loss builds the loss of a batch.
func (d DCLW) Loss(in Inputs) Terms {
	contrast, negatives := contrastive(in, d.Temperature, d.Negatives)

	// -w·s/τ in place of -s/τ: the difference is added to the losses of DCL
	losses, weighted := make([]*Node, len(contrast.excess)), make([]*Node, len(contrast.excess))
	for i, cosine := range contrast.positives {
		weighted[i] = Mul(d.misesFisher(cosine, len(in.Views)), cosine)
		losses[i] = Add(contrast.excess[i], Mul(Sub(cosine, weighted[i]), contrast.sharpness))
	}
	contrast.positives = weighted
	return contrast.terms(losses, math.Log(float64(negatives)))
}

// misesFisher returns the weights of positives of these cosines, both [V·N, 1].
func (d DCLW) misesFisher(cosines *Node, views int) *Node {
	n := cosines.Shape().Dimensions[0] / views
	x := MulScalar(Reshape(StopGradient(cosines), views, n), 1/d.Sigma)
	return Reshape(AddScalar(MulScalar(Softmax(x, 1), -float64(n)), 2), views*n, 1)
}

// Needs returns what the negatives need.
func (d DCLW) Needs() Needs { return d.Negatives.needs(2) }

// Check returns an error of package usage when a parameter is out of range.
func (d DCLW) Check() error {
	if err := checkPositive(parameter{"temperature", d.Temperature}, parameter{"sigma", d.Sigma}); err != nil {
		return err
	}
	return d.Negatives.check("dclw")
}

// Resolved returns the objective with the parameters of its negatives filled in.
func (d DCLW) Resolved() Objective { return d.choosing(d.Negatives.resolved()) }

func (d DCLW) chosen() Negatives { return d.Negatives }

func (d DCLW) choosing(n Negatives) Objective {
	d.Negatives = n
	return d
}
