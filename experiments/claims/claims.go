// Package claims registers five beliefs about joint-embedding self-supervised learning that "Towards Democratizing
// Joint-Embedding Self-Supervised Learning" questions (Bordes, Balestriero and Vincent 2023,
// https://arxiv.org/abs/2303.01986), as experiments with verdicts. A program imports it for effect:
//
//	import _ "github.com/sslx-go/lab/experiments/claims"
//
// and finds them with [experiments.Claims] and [experiments.Named]: minibatch, augmentation, protocol, negatives, cost.
// A sixth, lejepa, is about a later method. [Select] says how well measures without labels choose among the encoders of
// a plan.
package claims

import "github.com/sslx-go/lab/experiments"

func init() {
	// In the order of the paper, then those of others.
	for _, c := range []experiments.Claim{minibatch, augmentation, protocols, negatives, cost, lejepa} {
		experiments.Register(c)
	}
}
