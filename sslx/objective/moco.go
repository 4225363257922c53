package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// moco is InfoNCE against a queue of keys (He et al. 2020, https://arxiv.org/abs/1911.05722, equation 1), with the
// temperature of MoCo v2 (Chen et al. 2020, https://arxiv.org/abs/2003.04297) and made symmetric in the views as in
// MoCo v3: a query q(v) of each view is contrasted with the key k(w) of each other view,
//
//	mean over images and ordered pairs (v,w) of -log exp(q(v)·k(w)/τ) / (exp(q(v)·k(w)/τ) + Σ_k exp(q(v)·k/τ)),
//
// where keys come from the target network, k in the sum goes over the queue, and all are normalised. Keys get no
// gradient. Equal embeddings give ln(K+1). Cost: 2·V·N·K·dim operations and memory for V·N·K similarities.
func moco(c Config, in Inputs) Terms {
	z := normalized(Concatenate(in.Views, 0))
	keys := normalized(StopGradient(Concatenate(in.Targets, 0)))
	queue := StopGradient(in.Queue)
	contrast := newContrast(otherViews(z, keys, len(in.Views)), cosineMatrix(z, queue), c.inverseTemperature(in))
	return contrast.terms(contrast.crossEntropies(), math.Log1p(float64(queue.Shape().Dimensions[0])))
}
