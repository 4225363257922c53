package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() {
	Register("byol", BYOL{EMA: 0.996})
}

// BYOL is the loss of bootstrap your own latent (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 2 and
// its symmetric form): with q(v) the prediction of view v and z'(w) the target network's embedding of view w, both
// normalized,
//
//	2 · mean over images and ordered pairs (v,w), v≠w, of |q(v) - z'(w)|²,
//
// which is 2-2cos for each direction, added for two views. Targets get no gradient. It lies in [0, 8], and is 0 when
// all embeddings collapse to one: no value tells that nothing is learned. Cost: 4·V·(V-1)·N·dim operations.
type BYOL struct {
	// EMA is the share of the target network that the first step keeps, in (0, 1). Its default is 0.996. From there it
	// rises to 1 along half a cosine over the training.
	EMA float64 `yaml:"ema"`
}

// Needs asks for a predictor and a target network.
func (b BYOL) Needs() Needs {
	return Needs{NormPerView: true, Predictor: true, Target: true, TargetMomentum: rising(b.EMA)}
}

// Check returns an error of package usage when EMA is out of range.
func (b BYOL) Check() error { return checkEMA(b.EMA) }

// Loss builds the loss of a batch.
func (BYOL) Loss(in Inputs) Terms {
	return Terms{Loss: MulScalar(predictionError(in.Predictions, in.Targets), 2)}
}

// rising returns the share that a step leaves of the target: ema at first, and 1 at the end of half a cosine.
func rising(ema float64) func(progress float64) float64 {
	return func(progress float64) float64 { return 1 - (1-ema)*(math.Cos(math.Pi*progress)+1)/2 }
}

func checkEMA(ema float64) error {
	if err := checkPositive(parameter{"ema", ema}); err != nil {
		return err
	}
	if ema >= 1 {
		return usage.Errorf("objective.ema is %g: it must be below 1, or the target would never move", ema)
	}
	return nil
}

// predictionError returns the mean over images and ordered pairs (v, w) of different views of |q(v) - z(w)|², both
// normalized, with no gradient to z. As a square it keeps its digits near 0, where 2-2cos cancels.
func predictionError(predictions, targets []*Node) *Node {
	views, n := len(predictions), predictions[0].Shape().Dimensions[0]
	q := normalized(Concatenate(predictions, 0))
	z := normalized(StopGradient(Concatenate(targets, 0)))

	// the predictions of each view against the targets of the next one, the one after, …
	var errors []*Node
	for start := n; start < views*n; start += n {
		turned := Concatenate([]*Node{Slice(z, AxisRange(start)), Slice(z, AxisRange(0, start))}, 0)
		errors = append(errors, ReduceSum(Square(Sub(q, turned)), 1))
	}
	return mean(errors)
}
