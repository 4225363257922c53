package pretrain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/objective"
)

// queues returns the queue, or one for each view where the objective asks for that: embeddings [size, dim] of earlier
// images, each of length 1. They start as random directions (He et al. 2020, https://arxiv.org/abs/1911.05722, code).
// Z is embeddings [batch, dim].
func queues(root *model.Scope, c Config, z *Node) []*model.Variable {
	needs := c.Objective.Needs()
	all := []*model.Variable{directions(root.At(queueScope), "keys", c.Seed, needs.Queue, z).SetTrainable(false)}
	for view := 1; needs.QueuePerView && view < len(c.Views); view++ {
		name := fmt.Sprintf("keys%d", view)
		queue := directions(root.At(queueScope), name, c.Seed+uint64(view)<<32, needs.Queue, z)
		all = append(all, queue.SetTrainable(false))
	}
	return all
}

// keys returns what enters queue i: the target's embeddings of the queue's view, or of the second view where one queue
// serves for all, as in the code of He et al. 2020; without a target, the trained network's of the queue's view.
func (out outputs) keys(i int, needs objective.Needs) *Node {
	switch {
	case !needs.Target:
		return StopGradient(out.online[i].z())
	case needs.QueuePerView:
		return out.targets[i]
	}
	return out.targets[1]
}

// prototypes returns the trainable vectors [count, dim] of the objective, or those of the target where scope is its
// scope. Z is embeddings [batch, dim].
func prototypes(scope *model.Scope, c Config, z *Node) *model.Variable {
	return directions(scope.At(prototypesScope), "vectors", c.Seed, c.Objective.Needs().Prototypes, z)
}

// scalePrototypes scales the new values of the prototypes, if there are any, to length 1 (Caron et al. 2020,
// https://arxiv.org/abs/2006.09882, code).
func scalePrototypes(root *model.Scope, of *Node) {
	if v := root.At(prototypesScope).GetVariable("vectors"); v != nil {
		v.SetNodeValue(objective.Normalize(v.NodeValue(of)))
	}
}

// directions returns the variable of a name, which starts as so many random directions of the width of z.
func directions(scope *model.Scope, name string, seed uint64, count int, z *Node) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	dim := z.Shape().Dimensions[1]
	start := tensors.FromFlatDataAndDimensions(randomDirections(seed, count, dim), count, dim)
	return scope.VariableWithValue(name, start)
}

// stateOf returns the vector of a name that the objective keeps from step to step. It starts as zeros.
func stateOf(root *model.Scope, name string, length int) *model.Variable {
	scope := root.At(stateScope)
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	start := tensors.FromFlatDataAndDimensions(make([]float32, length), length)
	return scope.VariableWithValue(name, start).SetTrainable(false)
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

// enqueue replaces the oldest rows of the queue by rows [batch, width]. Step counts from 1.
func enqueue(queue *model.Variable, rows, step *Node) {
	g, old := rows.Graph(), queue.NodeValue(rows)
	size, batch := queue.Shape().Dimensions[0], rows.Shape().Dimensions[0]

	// The queue is a ring of size/batch slots, one a step.
	slot := ConvertDType(ModScalar(AddScalar(step, -1.0), float64(size/batch)), dtypes.Int32)
	if g.Backend().Capabilities().Operations[compute.OpTypeDynamicUpdateSlice] {
		start := []*Node{MulScalar(slot, float64(batch)), Const(g, int32(0))} // row, column
		queue.SetNodeValue(DynamicUpdateSlice(old, rows, start))
		return
	}

	// The pure-Go backend writes the whole queue.
	at := Iota(g, shapes.Make(dtypes.Int32, size), 0)
	repeated := Gather(rows, InsertAxes(ModScalar(at, batch), -1)) // [size, width]
	queue.SetNodeValue(Where(Equal(DivScalar(at, batch), slot), repeated, old))
}
