package pretrain

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Scopes of the variables of a training, below the root.
const (
	encoderScope    = "encoder"
	projectorScope  = "projector"
	predictorScope  = "predictor"
	classifierScope = "classifier"
	targetScope     = "target" // the moving average of encoder and projector
	queueScope      = "queue"
)

// graph builds the step and returns its measures [len(s.measures)].
func (s *stepper) graph(scope *model.Scope, c Config, d stepData, size int, inputs []*Node) *Node {
	b := newBatch(d, inputs)
	needs := c.Objective.Needs()
	views := normalizedViews(c, d, size, b)
	outputs := forward(scope, c, views)
	n := len(c.Views)
	online := outputs[:n]
	in := objective.Inputs{Views: embeddings(online), Negatives: embeddings(outputs[n:]), Random: b.random}
	if needs.Predictor {
		in.Predictions = predict(scope.At(predictorScope), c, in.Views)
	}
	if needs.Target {
		in.Targets = targets(scope.At(targetScope), c, views[:n])
	}
	if needs.Queue > 0 {
		in.Queue = keys(scope.At(queueScope), c, needs.Queue, in.Views[0]).NodeValue(in.Views[0])
	}
	if needs.Labels {
		in.Labels = b.labels
	}
	if needs.Logits {
		in.Logits = classify(scope.At(classifierScope), online, d.classes)
	}
	terms := c.Objective.Loss(in)
	s.chance = terms.Chance
	descend(scope.At("optimizer"), c.Optimizer, terms.Loss, b.lr, b.step, scope.At(encoderScope),
		scope.At(projectorScope), scope.At(predictorScope), scope.At(classifierScope))
	if needs.Target {
		follow(scope, b.ema)
	}
	if needs.Queue > 0 {
		enqueue(keys(scope.At(queueScope), c, needs.Queue, in.Views[0]), in.Targets[1], b.step)
	}
	measures := map[string]*Node{lossMeasure: terms.Loss, spreadMeasure: spread(in.Views[0]), rankMeasure: rank(in.Views[0])}
	maps.Copy(measures, terms.Parts)
	if d.labels != nil {
		for i, layer := range Layers(c) {
			measures[probeName(layer)] = probe(scope, probeName(layer), c, d, online[0][i], b)
		}
	}
	return s.row(measures)
}

// row returns the measures in the order of their names, which it keeps.
func (s *stepper) row(measures map[string]*Node) *Node {
	s.measures = slices.Sorted(maps.Keys(measures))
	row := make([]*Node, len(s.measures))
	for i, name := range s.measures {
		row[i] = Reshape(measures[name], 1)
	}
	return Concatenate(row, 0)
}

// batch is the inputs of a step as nodes.
type batch struct {
	images        *Node // float32 [batch, height, width, 3] in [0, 1]
	labels        *Node // int32 [batch]
	key           augment.Key
	lr, step, ema *Node // scalars
}

func newBatch(d stepData, inputs []*Node) batch {
	pixels, labels, indices, stream, scalars := inputs[0], inputs[1], inputs[2], inputs[3], inputs[4]
	if !d.streamed {
		pixels = Gather(pixels, InsertAxes(indices, -1))
	}
	scalar := func(i int) *Node { return Reshape(Slice(scalars, AxisElem(i))) }
	return batch{
		images: augment.FromBytes(pixels),
		labels: Gather(labels, InsertAxes(indices, -1)),
		key:    augment.Key{Stream: stream, Samples: ConvertDType(indices, dtypes.Uint32)},
		lr:     scalar(0), step: scalar(1), ema: scalar(2),
	}
}

// random draws float32 [batch, n] for the objective.
func (b batch) random(n int) *Node { return b.key.Uniform("objective", n) }

// descend makes one optimizer step on the trainable variables of some scopes.
func descend(own *model.Scope, c optimizer.Config, loss, lr, step *Node, scopes ...*model.Scope) {
	var variables []*model.Variable
	for _, scope := range scopes {
		for v := range scope.IterVariables() {
			if v.Trainable {
				variables = append(variables, v)
			}
		}
	}
	slices.SortFunc(variables, func(a, b *model.Variable) int { return cmp.Compare(a.Path(), b.Path()) })
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(loss)
	}
	c.Update(own, variables, Gradient(loss, values...), lr, step)
}

// probe trains the online linear probe of a name on h [batch, dim] and returns its accuracy.
func probe(scope *model.Scope, name string, c Config, d stepData, h *Node, b batch) *Node {
	logits := encoder.Dense(scope.At("%s", name), StopGradient(h), d.classes, 1, true)
	rate := Scalar(h.Graph(), h.DType(), c.Probe.LR)
	descend(scope.At("%s_optimizer", name), optimizer.Config{Name: "adamw"}, crossEntropy(logits, b.labels), rate,
		b.step, scope.At("%s", name))
	right := Equal(ArgMax(logits, -1, dtypes.Int32), b.labels)
	return ReduceAllMean(ConvertDType(right, logits.DType()))
}
