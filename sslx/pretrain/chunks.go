package pretrain

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// chunks makes a step with the gradient of the whole batch in the memory of a part of it (Gao et al. 2021,
// https://arxiv.org/abs/2101.06983): each chunk of the batch goes through the networks, which keeps its embeddings
// only; the loss of all embeddings gives their gradient; and each chunk goes through the trained network once more, to
// carry its share of that gradient on to the variables.
//
// The views of a chunk are one batch to batch normalisation: a step is that of ghost batch normalisation (Hoffer et al.
// 2017, https://arxiv.org/abs/1705.08741, algorithm 1), whose running statistics move with every chunk. The predictor
// works on embeddings, and sees the whole batch. Cost: a third more operations than at once, and all views twice.
type chunks struct {
	step   *stepper
	config Config
	data   stepData
	size   int // of the views, 0 for that of the images

	embed, judge, carry, update *model.Exec

	embedded, judged []shapes.Shape // outputs of embed, and those of them that the loss depends on
}

// chunked reports whether a step takes its batch in more than one chunk.
func (c Config) chunked() bool { return c.Chunk > 0 && c.Chunk < c.Batch }

// newChunks compiles the programs, in the order in which they make the variables.
func newChunks(b compute.Backend, store *model.Store, s *stepper, c Config, d stepData, size int) (*chunks, error) {
	k := &chunks{step: s, config: c, data: d, size: size}
	scalars, stream := shapes.Make(dtypes.Float32, 3), shapes.Make(dtypes.Uint32, 2)
	labels, pixels := s.data[0].labels.Shape(), s.pixelShape(d)
	chunk := []shapes.Shape{pixels, labels, shapes.Make(dtypes.Int32, c.Chunk), stream, scalars}
	batch := []shapes.Shape{labels, shapes.Make(dtypes.Int32, c.Batch), stream, scalars}
	trained := func() []shapes.Shape { return shapesOf(network(store.RootScope(), true)) }
	for _, p := range []struct {
		exec  **model.Exec
		graph func(*model.Scope, []*Node) []*Node
		takes func() []shapes.Shape
	}{
		{&k.embed, k.embedGraph, func() []shapes.Shape { return chunk }},
		{&k.judge, k.judgeGraph, func() []shapes.Shape {
			return slices.Concat(batch, slices.Repeat(k.embedded, c.Batch/c.Chunk))
		}},
		{&k.carry, k.carryGraph, func() []shapes.Shape { return slices.Concat(chunk, k.judged, trained()) }},
		{&k.update, k.updateGraph, func() []shapes.Shape { return append([]shapes.Shape{scalars}, trained()...) }},
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

// shapesOf returns the shapes of nodes or variables.
func shapesOf[T interface{ Shape() shapes.Shape }](of []T) []shapes.Shape {
	s := make([]shapes.Shape, len(of))
	for i, x := range of {
		s[i] = x.Shape()
	}
	return s
}

// run makes one step and returns its measures.
func (k *chunks) run(in input) ([]float32, error) {
	count := k.config.Batch / k.config.Chunk
	var embedded []*tensors.Tensor
	for i := range count {
		outputs, err := k.embed.Call(k.chunk(in, i)...)
		if err != nil {
			return nil, err
		}
		embedded = append(embedded, outputs...)
	}
	judged, err := k.judge.Call(append([]any{k.step.data[0].labels, in.indices, in.stream, in.scalars()},
		asAny(embedded)...)...)
	if err = errors.Join(err, finalize(embedded)); err != nil {
		return nil, err
	}
	measures, err := tensors.CopyFlatData[float32](judged[0])
	if err != nil {
		return nil, err
	}
	gradients := judged[1 : len(judged)-count*len(k.judged)]
	shares := judged[1+len(gradients):]
	for i := range count {
		args := append(k.chunk(in, i), asAny(shares[i*len(k.judged):(i+1)*len(k.judged)])...)
		sums, err := k.carry.Call(append(args, asAny(gradients)...)...)
		if err = errors.Join(err, finalize(gradients)); err != nil {
			return nil, err
		}
		gradients = sums
	}
	updated, err := k.update.Call(append([]any{in.scalars()}, asAny(gradients)...)...)
	return measures, errors.Join(err, finalize(gradients), finalize(shares), finalize(judged[:1]), finalize(updated))
}

// chunk returns the inputs of embed and carry for chunk i of a batch.
func (k *chunks) chunk(in input, i int) []any {
	n := k.config.Chunk
	part := in
	part.indices = in.indices[i*n : (i+1)*n]
	if in.pixels != nil {
		share := len(in.pixels) / len(in.indices) * n
		part.pixels = in.pixels[i*share : (i+1)*share]
	}
	return k.step.args(part)
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

func (k *chunks) close() {
	for _, exec := range []*model.Exec{k.embed, k.judge, k.carry, k.update} {
		if exec != nil {
			exec.Finalize()
		}
	}
}
