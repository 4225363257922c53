package pretrain

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// stepInputs has one T for each input of the program of a step: its shape, its node, its value. The order of a
// program's inputs is known to list and split, here and in batchInputs, and nowhere else.
type stepInputs[T any] struct {
	pixels T // uint8 [n, height, width, channels]: all training images, or a streamed batch
	batchInputs[T]
}

// batchInputs are the inputs of a step without pixels.
type batchInputs[T any] struct {
	labels  T // int32 [images], of all training images
	indices T // int32 [batch], which images the batch has
	stream  T // uint32 [2], augment.Stream of the epoch
	scalars T // float32 [3], see stepValues.scalars
}

func (in stepInputs[T]) list() []T { return append([]T{in.pixels}, in.batchInputs.list()...) }

func (in batchInputs[T]) list() []T { return []T{in.labels, in.indices, in.stream, in.scalars} }

// splitStep is the inverse of stepInputs.list. The rest is what a program takes after these inputs.
func splitStep[T any](all []T) (in stepInputs[T], rest []T) {
	in.pixels = all[0]
	in.batchInputs, rest = splitBatch(all[1:])
	return in, rest
}

// splitBatch is the inverse of batchInputs.list.
func splitBatch[T any](all []T) (in batchInputs[T], rest []T) {
	return batchInputs[T]{all[0], all[1], all[2], all[3]}, all[4:]
}

// batchShapes returns the shapes of the inputs of a step on n images, with the labels of all training images.
func batchShapes(labels shapes.Shape, n int) batchInputs[shapes.Shape] {
	return batchInputs[shapes.Shape]{
		labels:  labels,
		indices: shapes.Make(dtypes.Int32, n),
		stream:  shapes.Make(dtypes.Uint32, 2),
		scalars: shapes.Make(dtypes.Float32, 3),
	}
}

// stepValues is what changes from step to step.
type stepValues struct {
	indices []int32  // of the batch's images
	pixels  []byte   // of the batch's images, when they are streamed
	stream  []uint32 // augment.Stream of the epoch
	lr, ema float64
	step    int // counts from 1
}

// scalars returns what rates takes apart.
func (v stepValues) scalars() []float32 {
	return []float32{float32(v.lr), float32(v.step), float32(v.ema)}
}

// rates returns the scalars of a step.
func rates(scalars *Node) (lr, step, ema *Node) {
	scalar := func(i int) *Node { return Reshape(Slice(scalars, AxisElem(i))) }
	return scalar(0), scalar(1), scalar(2)
}

// part returns the values for images from to to-1 of the batch.
func (v stepValues) part(from, to int) stepValues {
	part := v
	part.indices = v.indices[from:to]
	if v.pixels != nil {
		stride := len(v.pixels) / len(v.indices)
		part.pixels = v.pixels[from*stride : to*stride]
	}
	return part
}

// batch is the inputs of a step as a graph uses them.
type batch struct {
	images        *Node // uint8 [batch, height, width, channels]
	labels        *Node // int32 [batch]
	indices       *Node // int32 [batch], which images they are
	key           augment.Key
	lr, step, ema *Node // scalars
}

func newBatch(d stepData, in stepInputs[*Node]) batch {
	pixels := in.pixels
	if !d.streamed {
		pixels = Gather(pixels, InsertAxes(in.indices, -1)) // [batch, height, width, channels]
	}

	b := batchWithoutImages(in.batchInputs)
	b.images = pixels
	return b
}

func batchWithoutImages(in batchInputs[*Node]) batch {
	b := batch{
		labels:  Gather(in.labels, InsertAxes(in.indices, -1)), // [batch]
		indices: in.indices,
		key:     augment.Key{Stream: in.stream, Samples: ConvertDType(in.indices, dtypes.Uint32)},
	}
	b.lr, b.step, b.ema = rates(in.scalars)
	return b
}

// random draws float32 [batch, n] for the objective.
func (b batch) random(n int) *Node { return b.key.Uniform("objective", n) }

// directions draws float32 [n, dim] of length 1, the same for all images and devices.
func (b batch) directions(n, dim int) *Node {
	key := augment.Key{Stream: b.key.Stream, Samples: Reshape(ConvertDType(b.step, dtypes.Uint32), 1)}
	return objective.Normalize(Reshape(key.Normal("directions", n*dim), n, dim))
}
