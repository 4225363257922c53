package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("simclr", SimCLR{Temperature: 0.5, Negatives: Negatives{Kind: "batch"}})
}

// SimCLR is the normalized-temperature cross entropy of Chen et al. 2020 (https://arxiv.org/abs/2002.05709, equation 1
// and algorithm 1). Over the V views of N images, it is
//
//	mean over anchors a and positives p of -log exp(s(a,p)/τ) / (exp(s(a,p)/τ) + Σ_{n∈Neg(a)} exp(s(a,n)/τ))
//
// with s the cosine similarity. The anchors are all V·N embeddings, and the positives of an anchor are the V-1 other
// views of its image, each contrasted alone (Tian et al. 2020, https://arxiv.org/abs/1906.05849, full graph; here the
// mean over pairs, as in solo-learn 1.0). Neg(a) is what Negatives says; with "batch" the V·(N-1) views of the other
// images. Equal embeddings give log(1 + |Neg(a)|). Cost with "batch": 2·(V·N)²·dim operations and memory for (V·N)²
// similarities.
type SimCLR struct {
	// Temperature is τ; positive. Its default, 0.5, is that of the paper on CIFAR-10 past 300 epochs (B.9), as the
	// defaults of all methods are those of their papers. Trainings of minutes learn more with less: the recipes and the
	// claims set 0.2.
	Temperature float64 `yaml:"temperature"`

	// Negatives are the negatives of an anchor.
	Negatives Negatives `yaml:",inline"`
}

// Loss builds the loss of a batch.
func (s SimCLR) Loss(in Inputs) Terms {
	contrast, negatives := contrastive(in, s.Temperature, s.Negatives)
	return contrast.terms(contrast.crossEntropies(), math.Log1p(float64(negatives)))
}

// Needs returns what the negatives need.
func (s SimCLR) Needs() Needs { return s.Negatives.needs(0) }

// Check returns an error of package usage when a parameter is out of range.
func (s SimCLR) Check() error {
	if err := checkPositive(parameter{"temperature", s.Temperature}); err != nil {
		return err
	}
	return s.Negatives.check("simclr")
}

// Resolved returns the objective with the parameters of its negatives filled in.
func (s SimCLR) Resolved() Objective { return s.choosing(s.Negatives.resolved()) }

func (s SimCLR) chosen() Negatives { return s.Negatives }

func (s SimCLR) choosing(n Negatives) Objective {
	s.Negatives = n
	return s
}

// contrastive returns what simclr, dcl and dclw are made of, and the number of negatives of an anchor.
func contrastive(in Inputs, temperature float64, n Negatives) (contrast, int) {
	z := normalized(Concatenate(in.Views, 0)) // [V·N, dim]
	negatives, number := n.cosines(in, z)
	return newContrast(otherViews(z, z, len(in.Views)), negatives, in.inverse(temperature)), number
}

// NTXent is the loss of SimCLR for two views a and b of N images, each [N, dim], in two terms: similarity is the mean
// of -s/τ of the positives and entropy the mean of the logarithm of the denominator; their sum is the loss (Chen et
// al. 2020, https://arxiv.org/abs/2002.05709, equation 1). The positive is in the denominator, the temperature τ is
// positive, and equal embeddings give ln(2N-1). Cost: 8·N²·dim operations, and memory for 4·N² similarities.
func NTXent(a, b *Node, temperature float64) (similarity, entropy *Node) {
	terms := Loss(SimCLR{Temperature: temperature}, Inputs{Views: []*Node{a, b}})
	return terms.Parts["similarity"], terms.Parts["entropy"]
}
