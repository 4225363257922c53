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
	e := encode(scope, c, normalizedViews(c, d, size, b))
	terms := c.Objective.Loss(e.inputs(scope, c, d, b))
	descend(scope.At("optimizer"), c.Optimizer, terms.Loss, b.lr, b.step, scope.At(encoderScope),
		scope.At(projectorScope), scope.At(predictorScope), scope.At(classifierScope))
	if c.Objective.Needs().Target {
		follow(scope, b.ema)
	}
	return s.conclude(scope, c, d, b, e, terms)
}

// conclude builds what follows the loss, the queue and the probes, and returns the measures.
func (s *stepper) conclude(scope *model.Scope, c Config, d stepData, b batch, e embedded, terms objective.Terms) *Node {
	s.chance = terms.Chance
	z := e.online[0].z()
	if queue := c.Objective.Needs().Queue; queue > 0 {
		enqueue(keys(scope.At(queueScope), c, queue, z), e.targets[1], b.step)
	}
	measures := map[string]*Node{lossMeasure: terms.Loss, spreadMeasure: spread(z), rankMeasure: rank(z)}
	maps.Copy(measures, terms.Parts)
	if d.labels != nil {
		for i, layer := range Layers(c) {
			measures[probeName(layer)] = probe(scope, probeName(layer), c, d, e.online[0][i], b)
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
	pixels, indices := inputs[0], inputs[2]
	if !d.streamed {
		pixels = Gather(pixels, InsertAxes(indices, -1))
	}
	b := batchWithoutImages(inputs[1:])
	b.images = augment.FromBytes(pixels)
	return b
}

func batchWithoutImages(inputs []*Node) batch {
	labels, indices, stream, scalars := inputs[0], inputs[1], inputs[2], inputs[3]
	b := batch{
		labels: Gather(labels, InsertAxes(indices, -1)),
		key:    augment.Key{Stream: stream, Samples: ConvertDType(indices, dtypes.Uint32)},
	}
	b.lr, b.step, b.ema = rates(scalars)
	return b
}

// rates returns the scalars of a step.
func rates(scalars *Node) (lr, step, ema *Node) {
	scalar := func(i int) *Node { return Reshape(Slice(scalars, AxisElem(i))) }
	return scalar(0), scalar(1), scalar(2)
}

// random draws float32 [batch, n] for the objective.
func (b batch) random(n int) *Node { return b.key.Uniform("objective", n) }

// descend makes one optimizer step on the trainable variables of some scopes.
func descend(own *model.Scope, c optimizer.Config, loss, lr, step *Node, scopes ...*model.Scope) {
	variables := variablesOf(true, scopes...)
	c.Update(own, variables, Gradient(loss, valuesOf(variables, loss)...), lr, step)
}

// variablesOf returns the variables of some scopes that are trainable or not, sorted by path.
func variablesOf(trainable bool, scopes ...*model.Scope) (variables []*model.Variable) {
	for _, scope := range scopes {
		for v := range scope.IterVariables() {
			if v.Trainable == trainable {
				variables = append(variables, v)
			}
		}
	}
	slices.SortFunc(variables, func(a, b *model.Variable) int { return cmp.Compare(a.Path(), b.Path()) })
	return variables
}

// valuesOf returns the values of variables in the graph of a node.
func valuesOf(variables []*model.Variable, of *Node) []*Node {
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(of)
	}
	return values
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
