package pretrain

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// chunkedStep makes a step with the gradient of the whole batch in the memory of a part of it (Gao et al. 2021,
// https://arxiv.org/abs/2101.06983): each chunk of the batch goes through the networks, and only its outputs are kept;
// the loss of all outputs gives their gradient; and each chunk goes through the trained network once more, to carry its
// share of that gradient on to the variables.
//
// Batch normalization takes the views of a chunk as its batch, which is ghost batch normalization (Hoffer et al. 2017,
// https://arxiv.org/abs/1705.08741, algorithm 1); running statistics move with every chunk. The predictor works on
// embeddings, and sees the whole batch. Cost: a third more operations than at once, and all views twice.
type chunkedStep struct {
	step   *stepper
	config Config
	data   stepData
	size   int // of the views, 0 for the size of the images

	// The programs of a step, in the order in which they run.
	embed    *model.Exec // outputs of a chunk
	loss     *model.Exec // measures, and the gradient of the loss to the outputs of each chunk
	backward *model.Exec // the gradient to the variables, by a chunk's share of the gradient to the outputs
	update   *model.Exec // the optimizer's step

	// Of a chunk: the outputs of embed, and those among them that the loss depends on.
	outputs, lossInputs []shapes.Shape
}

// chunked reports whether a step takes its batch in more than one chunk.
func (c Config) chunked() bool { return c.Chunk > 0 && c.Chunk < c.Batch }

// newChunkedStep compiles the programs, in the order in which they make the variables.
func newChunkedStep(b compute.Backend, store *model.Store, s *stepper, c Config, d stepData,
	size int) (*chunkedStep, error) {
	k := &chunkedStep{step: s, config: c, data: d, size: size}
	labels := s.data[0].labels.Shape()
	batch := batchShapes(labels, c.Batch)
	chunk := stepInputs[shapes.Shape]{s.pixelShape(d), batchShapes(labels, c.Chunk)}

	// What a program takes is known only when the programs before it are built.
	variables := func() []shapes.Shape { return shapesOf(networkVariables(store.RootScope(), true)) }
	takesEmbed := func() []shapes.Shape { return chunk.list() }
	takesLoss := func() []shapes.Shape {
		return lossProgram[shapes.Shape]{batch, slices.Repeat([][]shapes.Shape{k.outputs}, k.count())}.list()
	}
	takesBackward := func() []shapes.Shape {
		return backwardProgram[shapes.Shape]{chunk, k.lossInputs, variables()}.list()
	}
	takesUpdate := func() []shapes.Shape { return updateProgram[shapes.Shape]{batch.scalars, variables()}.list() }

	for _, p := range []struct {
		exec  **model.Exec
		graph func(*model.Scope, []*Node) []*Node
		takes func() []shapes.Shape
	}{
		{&k.embed, k.embedGraph, takesEmbed},
		{&k.loss, k.lossGraph, takesLoss},
		{&k.backward, k.backwardGraph, takesBackward},
		{&k.update, k.updateGraph, takesUpdate},
	} {
		exec, err := model.NewExec(b, store, p.graph)
		if err == nil {
			*p.exec = exec
			_, err = exec.Compile(p.takes()...)
		}
		if err != nil {
			k.close()
			return nil, err
		}
	}
	return k, nil
}

// count returns the number of chunks of a batch.
func (k *chunkedStep) count() int { return k.config.Batch / k.config.Chunk }

// lossProgram has one T for each input of the loss program, in its order.
type lossProgram[T any] struct {
	batchInputs[T]
	outputs [][]T // of each chunk, as outputs.nodes has them
}

func (in lossProgram[T]) list() []T {
	return append(in.batchInputs.list(), slices.Concat(in.outputs...)...)
}

// splitLoss is the inverse of lossProgram.list, for so many outputs a chunk.
func splitLoss[T any](all []T, each int) (in lossProgram[T]) {
	in.batchInputs, all = splitBatch(all)
	in.outputs = slices.Collect(slices.Chunk(all, each))
	return in
}

// lossResults has one T for each output of the loss program, in its order.
type lossResults[T any] struct {
	measures  T
	sums      []T   // zeros, of the shape of each trainable variable of encoder and projector
	gradients [][]T // of the loss, to what it depends on of each chunk
}

func (r lossResults[T]) list() []T {
	return slices.Concat([]T{r.measures}, r.sums, slices.Concat(r.gradients...))
}

// splitResults is the inverse of lossResults.list, for so many gradients a chunk.
func splitResults[T any](all []T, count, each int) (r lossResults[T]) {
	end := len(all) - count*each // of the sums
	return lossResults[T]{all[0], all[1:end], slices.Collect(slices.Chunk(all[end:], each))}
}

// backwardProgram has one T for each input of the backward program, in its order.
type backwardProgram[T any] struct {
	stepInputs[T]     // on a chunk
	gradients     []T // of the loss, to what it depends on of the chunk
	sums          []T // gradients to the trainable variables, by the chunks before
}

func (in backwardProgram[T]) list() []T {
	return slices.Concat(in.stepInputs.list(), in.gradients, in.sums)
}

// splitBackward is the inverse of backwardProgram.list, for so many gradients.
func splitBackward[T any](all []T, gradients int) (in backwardProgram[T]) {
	in.stepInputs, all = splitStep(all)
	in.gradients, in.sums = all[:gradients], all[gradients:]
	return in
}

// updateProgram has one T for each input of the update program, in its order.
type updateProgram[T any] struct {
	scalars   T
	gradients []T // to the trainable variables of encoder and projector
}

func (in updateProgram[T]) list() []T { return append([]T{in.scalars}, in.gradients...) }

// embedGraph builds the outputs of the networks for a chunk. Running statistics move.
func (k *chunkedStep) embedGraph(scope *model.Scope, inputs []*Node) []*Node {
	in, _ := splitStep(inputs)
	nodes := encode(scope, k.config, k.views(in)).nodes() // each [chunk, width]
	k.outputs = shapesOf(nodes)
	return nodes
}

// views builds the views of a chunk.
func (k *chunkedStep) views(in stepInputs[*Node]) []*Node {
	return normalizedViews(k.config, k.data, k.size, newBatch(k.data, in))
}

// lossGraph builds the loss of the whole batch from the outputs of its chunks, and the step of all variables outside of
// encoder and projector.
func (k *chunkedStep) lossGraph(scope *model.Scope, inputs []*Node) []*Node {
	c, in := k.config, splitLoss(inputs, len(k.outputs))
	b := batchWithoutImages(in.batchInputs)
	out := outputsOf(c, joinChunks(in.outputs)) // each [batch, width]
	terms := objective.Loss(c.Objective, out.objectiveInputs(scope, c, k.data, b))

	// The gradient stops at the outputs of the networks: the backward program carries it on.
	lossInputs := out.lossInputs(c)
	own := variablesOf(true, scope.At(predictorScope), scope.At(classifierScope), scope.At(prototypesScope))
	gradients := Gradient(terms.Loss, append(slices.Clone(lossInputs), valuesOf(own, terms.Loss)...)...)
	gradients, ownGradients := gradients[:len(lossInputs)], gradients[len(lossInputs):]
	c.Optimizer.Update(scope.At(optimizerScope), own, ownGradients, b.lr, b.step)
	scalePrototypes(scope, terms.Loss)

	results := lossResults[*Node]{measures: k.step.measures(scope, c, k.data, b, out, terms)}

	// The sums over chunks begin at 0, on the device.
	for _, v := range networkVariables(scope, true) {
		results.sums = append(results.sums, Zeros(terms.Loss.Graph(), v.Shape()))
	}

	// Each chunk gets its rows of the gradient.
	for start := 0; start < c.Batch; start += c.Chunk {
		var rows []*Node
		for _, g := range gradients {
			rows = append(rows, SliceAxis(g, 0, AxisRange(start, start+c.Chunk))) // [chunk, width]
		}
		results.gradients = append(results.gradients, rows)
	}
	k.lossInputs = shapesOf(results.gradients[0])
	return results.list()
}

// backwardGraph adds the gradients to the trainable variables by a chunk to those by the chunks before. The chunk goes
// through the trained network again, and <outputs, gradient of the loss to them> is differentiated: its gradient is the
// chunk's share of the batch's.
func (k *chunkedStep) backwardGraph(scope *model.Scope, inputs []*Node) []*Node {
	in := splitBackward(inputs, len(k.lossInputs))

	// The embed program has moved the running statistics by this chunk: they stay as they are.
	statistics := networkVariables(scope, false)
	before := valuesOf(statistics, in.pixels)
	out := encodeOnline(scope, k.config, k.views(in.stepInputs))
	for i, v := range statistics {
		v.SetNodeValue(before[i])
	}

	product := innerProduct(out.lossInputs(k.config), in.gradients)
	sums := slices.Clone(in.sums)
	for i, g := range Gradient(product, valuesOf(networkVariables(scope, true), product)...) {
		sums[i] = Add(sums[i], g)
	}
	return sums
}

// innerProduct is the sum over i and all elements of x[i]·y[i].
func innerProduct(x, y []*Node) (sum *Node) {
	for i := range x {
		product := ReduceAllSum(Mul(x[i], y[i]))
		if sum == nil {
			sum = product
		} else {
			sum = Add(sum, product)
		}
	}
	return sum
}

// updateGraph makes the optimizer's step of encoder and projector, by the gradients of all chunks. Its result is of no
// use: a program returns something.
func (k *chunkedStep) updateGraph(scope *model.Scope, inputs []*Node) []*Node {
	in := updateProgram[*Node]{inputs[0], inputs[1:]}
	lr, step, ema := rates(in.scalars)
	k.config.Optimizer.Update(scope.At(optimizerScope), networkVariables(scope, true), in.gradients, lr, step)
	if k.config.Objective.Needs().Target {
		updateTarget(scope, ema)
	}
	return []*Node{step}
}

// joinChunks joins the outputs of all chunks, each [chunk, width], to outputs of the batch, each [batch, width].
func joinChunks(chunks [][]*Node) []*Node {
	joined := make([]*Node, len(chunks[0]))
	for i := range joined {
		var parts []*Node
		for _, outputs := range chunks {
			parts = append(parts, outputs[i])
		}
		joined[i] = augment.Join(parts, 0)
	}
	return joined
}

// run makes one step and returns its measures.
func (k *chunkedStep) run(v stepValues) ([]float32, error) {
	// Forward: of each chunk the outputs are kept, and its activations are gone when the next one starts.
	chunks := make([][]any, k.count())
	var outputs []*tensors.Tensor
	for i := range chunks {
		made, err := k.embed.Call(k.args(v, i).list()...)
		if err != nil {
			return nil, errors.Join(err, finalize(outputs))
		}
		chunks[i], outputs = asAny(made), append(outputs, made...)
	}

	// The loss of the whole batch.
	batch := batchInputs[any]{k.step.data[0].labels, v.indices, v.stream, v.scalars()}
	all, err := k.loss.Call(lossProgram[any]{batch, chunks}.list()...)
	if err = errors.Join(err, finalize(outputs)); err != nil {
		return nil, err
	}
	results := splitResults(all, k.count(), len(k.lossInputs))
	measures, err := tensors.CopyFlatData[float32](results.measures)
	if err != nil {
		return nil, err
	}

	// Backward: each chunk adds its gradients to the variables.
	sums := results.sums
	for i, gradients := range results.gradients {
		next, err := k.backward.Call(backwardProgram[any]{k.args(v, i), asAny(gradients), asAny(sums)}.list()...)
		if err = errors.Join(err, finalize(sums)); err != nil {
			return nil, err
		}
		sums = next
	}

	updated, err := k.update.Call(updateProgram[any]{v.scalars(), asAny(sums)}.list()...)
	return measures, errors.Join(err, finalize(sums), finalize(slices.Concat(results.gradients...)),
		results.measures.FinalizeAll(), finalize(updated))
}

// args returns the inputs of a step on chunk i of a batch.
func (k *chunkedStep) args(v stepValues, i int) stepInputs[any] {
	return k.step.args(0, v.part(i*k.config.Chunk, (i+1)*k.config.Chunk))
}

func (k *chunkedStep) close() {
	for _, exec := range []*model.Exec{k.embed, k.loss, k.backward, k.update} {
		if exec != nil {
			exec.Finalize()
		}
	}
}

// shapesOf returns the shapes of nodes or variables.
func shapesOf[T interface{ Shape() shapes.Shape }](of []T) []shapes.Shape {
	s := make([]shapes.Shape, len(of))
	for i, x := range of {
		s[i] = x.Shape()
	}
	return s
}

func asAny(list []*tensors.Tensor) []any {
	all := make([]any, len(list))
	for i, t := range list {
		all[i] = t
	}
	return all
}

// finalize releases tensors.
func finalize(list []*tensors.Tensor) (err error) {
	for _, t := range list {
		err = errors.Join(err, t.FinalizeAll())
	}
	return err
}
