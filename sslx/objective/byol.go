package objective

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// byol is the loss of bootstrap your own latent (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 2 and
// its symmetric form): with q(v) the prediction of view v and z'(w) the target network's embedding of view w, both
// normalised,
//
//	2 · mean over images and ordered pairs (v,w), v≠w, of |q(v) - z'(w)|²,
//
// which is 2-2cos for each direction, added for two views. Targets get no gradient. It lies in [0, 8], and is 0 when
// all embeddings collapse to one: no value tells that nothing is learned. Cost: 4·V·(V-1)·N·dim operations.
func byol(_ Config, in Inputs) Terms {
	return Terms{Loss: MulScalar(predictionError(in.Predictions, in.Targets), 2)}
}

// predictionError returns the mean over images and ordered pairs (v, w) of different views of |q(v) - z(w)|², both
// normalised, with no gradient to z. As a square it keeps its digits near 0, where 2-2cos cancels.
func predictionError(predictions, targets []*Node) *Node {
	views, n := len(predictions), predictions[0].Shape().Dimensions[0]
	q := normalized(Concatenate(predictions, 0))
	z := normalized(StopGradient(Concatenate(targets, 0)))
	var errors []*Node
	for start := n; start < views*n; start += n {
		turned := Concatenate([]*Node{Slice(z, AxisRange(start)), Slice(z, AxisRange(0, start))}, 0)
		errors = append(errors, ReduceSum(Square(Sub(q, turned)), 1))
	}
	return mean(errors)
}
