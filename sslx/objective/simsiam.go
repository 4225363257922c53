package objective

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("simsiam", SimSiam{OutputNorm: true})
}

// SimSiam is the loss of Chen and He 2021 (https://arxiv.org/abs/2011.10566, equations 1 to 4): with p(v) the
// prediction of view v and z(w) the embedding of view w,
//
//	mean over images and ordered pairs (v,w), v≠w, of -cos(p(v), z(w)).
//
// The embeddings z get no gradient here: it comes through the predictions. It lies in [-1, 1], and is -1 when all
// embeddings collapse to one: no value tells that nothing is learned. Cost: 4·V·(V-1)·N·dim operations.
type SimSiam struct {
	// OutputNorm is batch normalization of the projector's output, without scale and offset, as in the authors' code
	// (https://github.com/facebookresearch/simsiam). Its default is true; records without it had none.
	OutputNorm bool `yaml:"output_norm,omitempty"`
}

// Needs asks for a predictor.
func (s SimSiam) Needs() Needs {
	return Needs{NormPerView: true, Predictor: true, OutputNorm: s.OutputNorm}
}

// Loss builds the loss of a batch.
func (SimSiam) Loss(in Inputs) Terms {
	return Terms{Loss: AddScalar(MulScalar(predictionError(in.Predictions, in.Views), 0.5), -1)}
}
