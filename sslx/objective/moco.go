package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() {
	Register("moco", MoCo{Temperature: 0.2, EMA: 0.99, Queue: 4096, QueuePerView: true, NormPart: 32})
}

// MoCo is InfoNCE against a queue of keys (He et al. 2020, https://arxiv.org/abs/1911.05722, equation 1), with the
// temperature of MoCo v2 (Chen et al. 2020, https://arxiv.org/abs/2003.04297) and made symmetric in the views as in
// MoCo v3: a query q(v) of each view is contrasted with the key k(w) of each other view,
//
//	mean over images and ordered pairs (v,w) of -log exp(q(v)·k(w)/τ) / (exp(q(v)·k(w)/τ) + Σ_k exp(q(v)·k/τ)),
//
// where keys come from the target network, k in the sum goes over the queue of view w, and all are normalized. Keys get
// no gradient. Equal embeddings give ln(K+1). Cost: 2·V·N·K·dim operations and memory for V·N·K similarities.
type MoCo struct {
	// Temperature is τ; positive. Its default is 0.2.
	Temperature float64 `yaml:"temperature"`

	// EMA is the share of the target network that a step keeps, in (0, 1) (He et al. 2020, equation 2). Its default is
	// 0.99.
	EMA float64 `yaml:"ema"`

	// Queue is K, the number of keys of earlier batches; positive. Its default is 4096.
	Queue int `yaml:"queue"`

	// QueuePerView gives each view a queue: the query of one view and the key of another are contrasted with earlier
	// keys of the other view. Its default is true. Records without it had one queue, with keys of the second view.
	QueuePerView bool `yaml:"queue_per_view,omitempty"`

	// NormPart is the fewest images of a part of a view that batch normalization takes by itself, 0 for the whole view.
	// The target's parts are not the trained network's, so that key and query cannot know each other by their
	// statistics: the shuffled batch normalization of He et al. 2020 (section 3.3) on one device. Its default is 32,
	// their images for each of 8 GPUs. Records without it took the whole.
	NormPart int `yaml:"norm_part,omitempty"`
}

// Needs asks for a target network and a queue.
func (m MoCo) Needs() Needs {
	return Needs{
		NormPerView:    true,
		Target:         true,
		TargetMomentum: func(float64) float64 { return m.EMA },
		Queue:          m.Queue,
		QueuePerView:   m.QueuePerView,
		NormPart:       m.NormPart,
	}
}

// Check returns an error of package usage when a parameter is out of range.
func (m MoCo) Check() error {
	err := checkPositive(parameter{"temperature", m.Temperature}, parameter{"queue", float64(m.Queue)})
	if err != nil {
		return err
	}
	if m.NormPart < 0 {
		return usage.Errorf("objective.norm_part is %d: it must be 0 or more", m.NormPart)
	}
	return checkEMA(m.EMA)
}

// Loss builds the loss of a batch.
func (m MoCo) Loss(in Inputs) Terms {
	z := normalized(Concatenate(in.Views, 0)) // [V·N, dim]
	keys := normalized(StopGradient(Concatenate(in.Targets, 0)))
	positives := otherViews(z, keys, len(in.Views)) // of the next view, the one after, …

	var losses []*Node
	of := contrast{positives: positives, sharpness: in.inverse(m.Temperature)}
	for turn, positive := range positives {
		c := newContrast([]*Node{positive}, m.negatives(in, z, turn+1), of.sharpness)
		losses = append(losses, c.crossEntropies()...)
	}
	return of.terms(losses, math.Log1p(float64(m.Queue)))
}

// negatives returns the cosines [V·N, queue] of each anchor with the queue of the view that is so many views after its
// own.
func (m MoCo) negatives(in Inputs, z *Node, turn int) *Node {
	if !m.QueuePerView {
		return cosineMatrix(z, StopGradient(in.Queue))
	}

	var rows []*Node
	for v, anchors := range in.Views {
		n := anchors.Shape().Dimensions[0]
		queue := StopGradient(in.Queues[(v+turn)%len(in.Views)])
		rows = append(rows, cosineMatrix(Slice(z, AxisRange(v*n, (v+1)*n)), queue)) // [N, queue]
	}
	return Concatenate(rows, 0)
}
