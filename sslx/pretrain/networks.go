package pretrain

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

// output is what the layers of encoder and projector make of one view, in the order of Layers: the representations h
// first, the embeddings z last, each [batch, width].
type output []*Node

func (o output) h() *Node { return o[0] }

func (o output) z() *Node { return o[len(o)-1] }

// forward runs encoder and projector on views. Neighbours of one size go through together: batch normalisation sees them
// as one batch.
func forward(scope *model.Scope, c Config, views []*Node) (outputs []output) {
	for len(views) > 0 {
		same := 1
		for same < len(views) && slices.Equal(views[same].Shape().Dimensions[1:], views[0].Shape().Dimensions[1:]) {
			same++
		}
		joined := make([]output, same)
		for _, layer := range layers(scope, c, c.rounded(augment.Join(views[:same], 0)), encoder.Train) {
			for i, x := range partsLike(layer, views[:same]) {
				joined[i] = append(joined[i], x)
			}
		}
		outputs = append(outputs, joined...)
		views = views[same:]
	}
	return outputs
}

// partsLike cuts the first axis of x into parts as long as those of wholes.
func partsLike(x *Node, wholes []*Node) []*Node {
	cut, start := make([]*Node, len(wholes)), 0
	for i, whole := range wholes {
		size := whole.Shape().Dimensions[0]
		cut[i] = SliceAxis(x, 0, AxisRange(start, start+size))
		start += size
	}
	return cut
}

func embeddings(outputs []output) []*Node {
	z := make([]*Node, len(outputs))
	for i, o := range outputs {
		z[i] = o.z()
	}
	return z
}

// embedded is what the networks make of a batch.
type embedded struct {
	online    []output // of each view
	negatives []*Node  // embeddings of the views that are negatives only
	targets   []*Node  // embeddings of each view by the target network, if there is one
}

// encode runs all networks on the views that normalizedViews returns.
func encode(scope *model.Scope, c Config, views []*Node) embedded {
	e := encodeOnline(scope, c, views)
	if c.Objective.Needs().Target {
		e.targets = targets(scope.At(targetScope), c, views[:len(c.Views)])
	}
	return e
}

// encodeOnline leaves the target network out.
func encodeOnline(scope *model.Scope, c Config, views []*Node) embedded {
	outputs, n := forward(scope, c, views), len(c.Views)
	return embedded{online: outputs[:n], negatives: embeddings(outputs[n:])}
}

// inputs returns what the objective needs, with what predictor and classifier make of it.
func (e embedded) inputs(scope *model.Scope, c Config, d stepData, b batch) objective.Inputs {
	needs := c.Objective.Needs()
	in := objective.Inputs{Views: embeddings(e.online), Negatives: e.negatives, Targets: e.targets, Random: b.random}
	if needs.Predictor {
		in.Predictions = predict(scope.At(predictorScope), c, in.Views)
	}
	if needs.Queue > 0 {
		in.Queue = keys(scope.At(queueScope), c, needs.Queue, in.Views[0]).NodeValue(in.Views[0])
	}
	if needs.Labels {
		in.Labels = b.labels
	}
	if needs.Logits {
		in.Logits = classify(scope.At(classifierScope), e.online, d.classes)
	}
	return in
}

// predict returns what the predictor, a projector back to the width of the embeddings, makes of each view's.
func predict(scope *model.Scope, c Config, z []*Node) []*Node {
	widths := append(slices.Clone(c.Predictor), z[0].Shape().Dimensions[1])
	layers := encoder.Projector(scope, c.rounded(Concatenate(z, 0)), widths, encoder.Train)
	return partsLike(ConvertDType(layers[len(layers)-1], dtypes.Float32), z)
}

// classify returns the logits of a linear classifier of each view's representations.
func classify(scope *model.Scope, outputs []output, classes int) []*Node {
	h := make([]*Node, len(outputs))
	for i, o := range outputs {
		h[i] = o.h()
	}
	return partsLike(encoder.Dense(scope, Concatenate(h, 0), classes, 1, true), h)
}

// targets returns the embeddings of the views by the target network, without a gradient. Its batch normalisation uses
// the statistics of the batch, as the online network's does.
func targets(scope *model.Scope, c Config, views []*Node) []*Node {
	z := embeddings(forward(scope, c, views))
	for i := range z {
		z[i] = StopGradient(z[i])
	}
	return z
}

// follow moves each trained variable of the target network towards the new value of the online network's:
// ema·target + (1-ema)·online (Grill et al. 2020, https://arxiv.org/abs/2006.07733, equation 1).
func follow(root *model.Scope, ema *Node) {
	for v := range root.At(targetScope).IterVariables() {
		if !v.Trainable {
			continue
		}
		old := v.NodeValue(ema)
		value := onlineOf(root.Store(), v).NodeValue(ema)
		v.SetNodeValue(Add(Mul(old, ema), Mul(value, OneMinus(ema))))
	}
}

// onlineOf returns the variable of the online network that a variable of the target network follows.
func onlineOf(store *model.Store, target *model.Variable) *model.Variable {
	prefix := model.RootScopePath + targetScope + model.ScopeSeparator
	return store.GetVariable(model.RootScopePath + strings.TrimPrefix(target.Path(), prefix))
}

// startTarget gives the target network, if there is one, the values of the online network.
func startTarget(store *model.Store) error {
	for v := range store.RootScope().At(targetScope).IterVariables() {
		value, err := onlineOf(store, v).Value()
		if err != nil {
			return err
		}
		if value, err = value.LocalClone(); err != nil {
			return err
		}
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

// keys is the queue: the embeddings [size, dim] of earlier images by the target network, of length 1. They start as
// random directions (He et al. 2020, https://arxiv.org/abs/1911.05722, code).
func keys(scope *model.Scope, c Config, size int, z *Node) *model.Variable {
	if v := scope.GetVariable("keys"); v != nil {
		return v
	}
	dim := z.Shape().Dimensions[1]
	random := rand.New(rand.NewPCG(c.Seed, uint64(size)))
	values := make([]float32, size*dim)
	for row := range slices.Chunk(values, dim) {
		square := 0.0
		for i := range row {
			row[i] = float32(random.NormFloat64())
			square += float64(row[i] * row[i])
		}
		for i := range row {
			row[i] /= float32(math.Sqrt(square))
		}
	}
	return scope.VariableWithValue("keys", tensors.FromFlatDataAndDimensions(values, size, dim)).SetTrainable(false)
}

// enqueue replaces the oldest keys of the queue by those of z [batch, dim]; step counts from 1.
func enqueue(queue *model.Variable, z, step *Node) {
	size, batch := queue.Shape().Dimensions[0], z.Shape().Dimensions[0]
	slot := ConvertDType(ModScalar(AddScalar(step, -1.0), float64(size/batch)), dtypes.Int32)
	start := []*Node{MulScalar(slot, float64(batch)), Const(z.Graph(), int32(0))}
	queue.SetNodeValue(DynamicUpdateSlice(queue.NodeValue(z), objective.Normalize(z), start))
}
