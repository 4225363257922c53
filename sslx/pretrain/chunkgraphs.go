package pretrain

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
)

// network returns the variables of encoder and projector that are trainable or not, sorted by path.
func network(root *model.Scope, trainable bool) []*model.Variable {
	return variablesOf(trainable, root.At(encoderScope), root.At(projectorScope))
}

// embedGraph takes the inputs of a step on a chunk and returns what the networks make of it. Running statistics move.
func (k *chunks) embedGraph(scope *model.Scope, inputs []*Node) []*Node {
	nodes := encode(scope, k.config, k.views(inputs)).nodes()
	k.embedded = shapesOf(nodes)
	return nodes
}

// views returns what normalizedViews makes of the inputs of a step on a chunk.
func (k *chunks) views(inputs []*Node) []*Node {
	return normalizedViews(k.config, k.data, k.size, newBatch(k.data, inputs))
}

// judgeGraph takes the inputs of a step without images, and the outputs of embed for each chunk. It makes the step of
// all variables outside of the networks, and returns the measures, a zero for each trainable variable of encoder and
// projector, and for each chunk the gradients to what the loss depends on of it.
func (k *chunks) judgeGraph(scope *model.Scope, inputs []*Node) []*Node {
	c, b := k.config, batchWithoutImages(inputs[:4])
	e := embeddedOf(c, joinChunks(inputs[4:], len(k.embedded)))
	terms := c.Objective.Loss(e.inputs(scope, c, k.data, b))
	seen := e.seen(c)
	own := variablesOf(true, scope.At(predictorScope), scope.At(classifierScope))
	gradients := Gradient(terms.Loss, append(slices.Clone(seen), valuesOf(own, terms.Loss)...)...)
	c.Optimizer.Update(scope.At("optimizer"), own, gradients[len(seen):], b.lr, b.step)
	outputs := []*Node{k.step.conclude(scope, c, k.data, b, e, terms)}
	for _, v := range network(scope, true) {
		outputs = append(outputs, Zeros(terms.Loss.Graph(), v.Shape()))
	}
	for start := 0; start < c.Batch; start += c.Chunk {
		for _, g := range gradients[:len(seen)] {
			outputs = append(outputs, SliceAxis(g, 0, AxisRange(start, start+c.Chunk)))
		}
	}
	k.judged = shapesOf(outputs[len(outputs)-len(seen):])
	return outputs
}

// carryGraph takes the inputs of a step on a chunk, the gradients to what the loss depends on of it, and the gradients
// to the trainable variables by earlier chunks, to which it adds those by this chunk. Running statistics stay.
func (k *chunks) carryGraph(scope *model.Scope, inputs []*Node) []*Node {
	gradients, sums := inputs[5:5+len(k.judged)], slices.Clone(inputs[5+len(k.judged):])
	statistics := network(scope, false)
	before := valuesOf(statistics, inputs[0])
	e := encodeOnline(scope, k.config, k.views(inputs[:5]))
	for i, v := range statistics {
		v.SetNodeValue(before[i])
	}
	var along *Node
	for i, x := range e.seen(k.config) {
		product := ReduceAllSum(Mul(x, gradients[i]))
		if i == 0 {
			along = product
		} else {
			along = Add(along, product)
		}
	}
	for i, g := range Gradient(along, valuesOf(network(scope, true), along)...) {
		sums[i] = Add(sums[i], g)
	}
	return sums
}

// updateGraph takes the scalars of a step and the gradients to the trainable variables of encoder and projector. What
// it returns is of no use: a program returns something.
func (k *chunks) updateGraph(scope *model.Scope, inputs []*Node) []*Node {
	lr, step, ema := rates(inputs[0])
	k.config.Optimizer.Update(scope.At("optimizer"), network(scope, true), inputs[1:], lr, step)
	if k.config.Objective.Needs().Target {
		follow(scope, ema)
	}
	return []*Node{step}
}

// nodes returns all nodes in an order that embeddedOf knows.
func (e embedded) nodes() (nodes []*Node) {
	for _, o := range e.online {
		nodes = append(nodes, o...)
	}
	return slices.Concat(nodes, e.negatives, e.targets)
}

// embeddedOf is the inverse of nodes.
func embeddedOf(c Config, nodes []*Node) (e embedded) {
	take := func(n int) (taken []*Node) {
		taken, nodes = nodes[:n], nodes[n:]
		return taken
	}
	for range c.Views {
		e.online = append(e.online, take(len(Layers(c))))
	}
	e.negatives = take(c.Objective.Needs().Negatives.Count)
	e.targets = nodes
	return e
}

// seen returns those nodes of the trained network that the loss depends on.
func (e embedded) seen(c Config) []*Node {
	if !c.Objective.Needs().Logits {
		return slices.Concat(embeddings(e.online), e.negatives)
	}
	h := make([]*Node, len(e.online))
	for i, o := range e.online {
		h[i] = o.h()
	}
	return h
}

// joinChunks joins the nodes of all chunks, so many of each, to those of the batch.
func joinChunks(nodes []*Node, each int) []*Node {
	joined := make([]*Node, each)
	for i := range joined {
		var parts []*Node
		for j := i; j < len(nodes); j += each {
			parts = append(parts, nodes[j])
		}
		joined[i] = augment.Join(parts, 0)
	}
	return joined
}
