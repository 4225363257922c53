package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("moco", MoCo{Temperature: 0.2, EMA: 0.99, Queue: 4096})
}

// MoCo is InfoNCE against a queue of keys (He et al. 2020, https://arxiv.org/abs/1911.05722, equation 1), with the
// temperature of MoCo v2 (Chen et al. 2020, https://arxiv.org/abs/2003.04297) and made symmetric in the views as in
// MoCo v3: a query q(v) of each view is contrasted with the key k(w) of each other view,
//
//	mean over images and ordered pairs (v,w) of -log exp(q(v)·k(w)/τ) / (exp(q(v)·k(w)/τ) + Σ_k exp(q(v)·k/τ)),
//
// where keys come from the target network, k in the sum goes over the queue, and all are normalized. Keys get no
// gradient. Equal embeddings give ln(K+1). Cost: 2·V·N·K·dim operations and memory for V·N·K similarities.
type MoCo struct {
	// Temperature is τ; positive. Its default is 0.2.
	Temperature float64 `yaml:"temperature"`

	// EMA is the share of the target network that a step keeps, in (0, 1) (He et al. 2020, equation 2). Its default is
	// 0.99.
	EMA float64 `yaml:"ema"`

	// Queue is K, the number of keys of earlier batches; positive. Its default is 4096.
	Queue int `yaml:"queue"`
}

// Needs asks for a target network and a queue.
func (m MoCo) Needs() Needs {
	return Needs{
		NormPerView:    true,
		Target:         true,
		TargetMomentum: func(float64) float64 { return m.EMA },
		Queue:          m.Queue,
	}
}

// Check returns an error of package usage when a parameter is out of range.
func (m MoCo) Check() error {
	err := checkPositive(parameter{"temperature", m.Temperature}, parameter{"queue", float64(m.Queue)})
	if err != nil {
		return err
	}
	return checkEMA(m.EMA)
}

// Loss builds the loss of a batch.
func (m MoCo) Loss(in Inputs) Terms {
	z := normalized(Concatenate(in.Views, 0))
	keys := normalized(StopGradient(Concatenate(in.Targets, 0)))
	queue := StopGradient(in.Queue)

	contrast := newContrast(otherViews(z, keys, len(in.Views)), cosineMatrix(z, queue), in.inverse(m.Temperature))
	return contrast.terms(contrast.crossEntropies(), math.Log1p(float64(queue.Shape().Dimensions[0])))
}
