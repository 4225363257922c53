package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Projector is the multi-layer perceptron from a representation to an embedding: for each hidden width a Dense layer
// without bias, batch normalization and a ReLU, and a last Dense layer without bias (Bordes et al. 2023,
// https://arxiv.org/abs/2303.01986, code). Widths are those of its layers in order, for example 8192, 8192, 8192;
// without any, the embedding is the representation.
//
// It returns the output of every layer, the embedding last: each [batch, width]. It computes in the type of h. The
// embedding is float32 even where h is bfloat16: a loss is not to see rounded numbers.
func Projector(scope *model.Scope, h *Node, widths []int, mode Mode) []*Node {
	outputs := make([]*Node, 0, len(widths))
	for i, width := range widths {
		layer := scope.At("layer%d", i)
		if i == len(widths)-1 {
			h = dense(layer, h, width, 1).WithOutputDType(wideType(h.DType())).Product()
		} else {
			h = relu(BatchNorm(layer, Dense(layer, h, width, 2, false), mode))
		}
		outputs = append(outputs, h)
	}

	if len(outputs) == 0 {
		outputs = append(outputs, h)
	}
	return outputs
}
