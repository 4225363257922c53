package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("mocov3", MoCoV3{Temperature: 0.2, EMA: 0.99})
}

// MoCoV3 is the loss of Chen, Xie and He 2021 (https://arxiv.org/abs/2104.02057, equation 1 and algorithm 1): the
// prediction q(v) of each view is contrasted with the target's embeddings k(w) of another view; the embeddings of the
// other images being its negatives,
//
//	2 · mean over images i and ordered pairs (v,w) of 2τ · -log exp(q(v,i)·k(w,i)/τ) / Σ_j exp(q(v,i)·k(w,j)/τ),
//
// all normalized, which adds both directions of two views. Keys get no gradient. Equal embeddings give 4τ·ln(N). Cost:
// 2·V·(V-1)·N²·dim operations and memory for V·(V-1)·N² similarities.
type MoCoV3 struct {
	// Temperature is τ; positive. Its default is 0.2, the authors' for vision transformers; they take 1 for ResNet-50.
	Temperature float64 `yaml:"temperature"`

	// EMA is the share of the target network that the first step keeps, in (0, 1). Its default is 0.99. From there it
	// rises to 1 along half a cosine over the training.
	EMA float64 `yaml:"ema"`
}

// Needs asks for a predictor, a target network and a normalized output.
func (m MoCoV3) Needs() Needs {
	return Needs{NormPerView: true, OutputNorm: true, Predictor: true, Target: true,
		TargetMomentum: rising(m.EMA), LeastBatch: 2, LeastBatchReason: noNegative}
}

// Check returns an error of package usage when a parameter is out of range.
func (m MoCoV3) Check() error {
	if err := checkPositive(parameter{"temperature", m.Temperature}); err != nil {
		return err
	}
	return checkEMA(m.EMA)
}

// Loss builds the loss of a batch.
func (m MoCoV3) Loss(in Inputs) Terms {
	sharpness := in.inverse(m.Temperature)
	var positives, losses []*Node
	for v, prediction := range in.Predictions {
		q := normalized(prediction)
		for w, key := range in.Targets {
			if v != w {
				c := amongBatch(q, normalized(StopGradient(key)), sharpness)
				positives, losses = append(positives, c.positives...), append(losses, c.crossEntropies()...)
			}
		}
	}

	terms := contrast{positives: positives, sharpness: sharpness}.terms(losses,
		4*m.Temperature*math.Log(float64(in.images())))
	// 2τ of the equation, twice for both directions of a pair.
	factor := MulScalar(Inverse(sharpness), 4)
	for name, part := range terms.Parts {
		terms.Parts[name] = Mul(part, factor)
	}
	terms.Loss = Mul(terms.Loss, factor)
	return terms
}

// amongBatch contrasts each row of a [N, dim] with the same row of b, its positive, among all rows of b.
func amongBatch(a, b, sharpness *Node) contrast {
	others := mask(Not(Diagonal(a.Graph(), a.Shape().Dimensions[0])), cosineMatrix(a, b)) // [N, N]
	return newContrast([]*Node{cosine(a, b)}, others, sharpness)
}
