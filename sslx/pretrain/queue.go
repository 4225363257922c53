package pretrain

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/objective"
)

// queueKeys returns the queue: the embeddings [size, dim] of earlier images by the target network, each of length 1.
// They start as random directions (He et al. 2020, https://arxiv.org/abs/1911.05722, code). Z is embeddings
// [batch, dim].
func queueKeys(scope *model.Scope, c Config, size int, z *Node) *model.Variable {
	if v := scope.GetVariable("keys"); v != nil {
		return v
	}

	dim := z.Shape().Dimensions[1]
	start := tensors.FromFlatDataAndDimensions(randomDirections(c.Seed, size, dim), size, dim)
	return scope.VariableWithValue("keys", start).SetTrainable(false)
}

// randomDirections returns n vectors of length 1, [n, dim]: normal numbers, scaled.
func randomDirections(seed uint64, n, dim int) []float32 {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	values := make([]float32, n*dim)
	for row := range slices.Chunk(values, dim) {
		square := 0.0
		for i := range row {
			row[i] = float32(random.NormFloat64())
			square += float64(row[i] * row[i])
		}

		// Normal numbers prefer no direction, also when they are scaled to length 1.
		length := float32(math.Sqrt(square))
		for i := range row {
			row[i] /= length
		}
	}
	return values
}

// enqueue replaces the oldest keys of the queue by the directions of z [batch, dim]. Step counts from 1.
func enqueue(queue *model.Variable, z, step *Node) {
	size, batch := queue.Shape().Dimensions[0], z.Shape().Dimensions[0]

	// The queue is a ring of size/batch slots, one a step.
	slot := ConvertDType(ModScalar(AddScalar(step, -1.0), float64(size/batch)), dtypes.Int32)
	start := []*Node{MulScalar(slot, float64(batch)), Const(z.Graph(), int32(0))} // row, column
	queue.SetNodeValue(DynamicUpdateSlice(queue.NodeValue(z), objective.Normalize(z), start))
}
