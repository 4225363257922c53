package pretrain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

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
	prototypesScope = "prototypes"
	stateScope      = "state" // what the objective keeps from step to step
	optimizerScope  = "optimizer"
)

// lossMeasure is the name of the loss among the measures of a step.
const lossMeasure = "loss"

// stepGraph builds the step and returns its measures [len(s.measureNames)].
func (s *stepper) stepGraph(scope *model.Scope, c Config, d stepData, size int, in stepInputs[*Node]) *Node {
	// Forward: views, networks, loss.
	b := newBatch(d, in)
	out := encode(scope, c, normalizedViews(c, d, size, b))
	terms := objective.Loss(c.Objective, out.objectiveInputs(scope, c, d, b))

	// Backward, through all that the loss trains.
	applyGradients(scope.At(optimizerScope), c.Optimizer, terms.Loss, b.lr, b.step, scope.At(encoderScope),
		scope.At(projectorScope), scope.At(predictorScope), scope.At(classifierScope), scope.At(prototypesScope))
	scalePrototypes(scope, terms.Loss)
	if c.Objective.Needs().Target {
		updateTarget(scope, b.ema) // follows the new values
	}
	return s.measures(scope, c, d, b, out, terms)
}

// measures builds what follows the loss (the queues, the state, the probes and the online kNN) and returns the
// measures.
func (s *stepper) measures(scope *model.Scope, c Config, d stepData, b batch, out outputs,
	terms objective.Terms) *Node {
	s.chance = terms.Chance
	z := out.online[0].z() // [batch, dim]

	// The loss has read queues and state by now: this batch's keys replace the oldest.
	needs := c.Objective.Needs()
	if needs.Queue > 0 {
		for i, queue := range queues(scope, c, z) {
			enqueue(queue, objective.Normalize(out.keys(i, needs)), b.step)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(needs.State)) {
		stateOf(scope, name, needs.State[name]).SetNodeValue(StopGradient(terms.State[name]))
	}

	measures := map[string]*Node{lossMeasure: terms.Loss, spreadMeasure: spread(z), rankMeasure: rank(z)}
	for name, part := range terms.Parts {
		if measures[name] != nil || name == knnMeasure || strings.HasPrefix(name, probeMeasure) {
			panic(fmt.Errorf("objective %s has a part of the loss named %q: another measure has that name",
				objective.NameOf(c.Objective), name)) // which becomes the error of compilation
		}
		measures[name] = part
	}

	// A probe for each layer, on the first view.
	if d.labels != nil {
		for i, layer := range Layers(c) {
			measures[probeName(layer)] = trainProbe(scope, probeName(layer), c, d, out.online[0][i], b)
		}
	}
	if d.knnRows > 0 {
		measures[knnMeasure] = onlineKNN(scope, d, out.online[0].h(), b)
	}
	return s.inOrder(measures)
}

// inOrder joins scalar measures in the order of their names, which it keeps.
func (s *stepper) inOrder(measures map[string]*Node) *Node {
	s.measureNames = slices.Sorted(maps.Keys(measures))
	values := make([]*Node, len(s.measureNames))
	for i, name := range s.measureNames {
		values[i] = Reshape(measures[name], 1)
	}
	return Concatenate(values, 0)
}

// applyGradients makes one optimizer step on the trainable variables of some scopes. The optimizer's own variables are
// in state.
func applyGradients(state *model.Scope, c optimizer.Config, loss, lr, step *Node, scopes ...*model.Scope) {
	variables := variablesOf(true, scopes...)
	gradients := Gradient(loss, valuesOf(variables, loss)...)
	c.Update(state, variables, gradients, lr, step)
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
