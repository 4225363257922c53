package pretrain

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/probe"
)

// knnMeasure is the name of the scope and the measure of the online kNN.
const knnMeasure = "knn"

const (
	// knnRows bounds the queue of the online kNN, and knnRowsPerElement does for small encoders, whose step it would
	// slow down: by the number of elements of a representation.
	knnRows           = 4096
	knnRowsPerElement = 8

	// knnEvery classifies one in so many images of a batch, for the same reason.
	knnEvery = 4
)

// knnQueueSize returns the number of rows of the online kNN's queue, whole batches, for representations of dim elements
// and so many training images, which are at least a batch.
func knnQueueSize(batch, dim, images int) int {
	return batch * max(1, min(knnRows, knnRowsPerElement*dim, images)/batch)
}

// onlineKNN puts representations h [batch, dim] into the queue of the online kNN, and returns the accuracy of the
// protocol's vote of the queue on one in knnEvery images of the batch, a scalar. No view of an image votes on the image
// itself: from the last epoch, it may still be in the queue.
func onlineKNN(scope *model.Scope, d stepData, h *Node, b batch) *Node {
	features, owners := knnQueue(scope.At(knnMeasure), d.knnRows, h)
	h = objective.Normalize(StopGradient(h))
	labels, images := ConvertDType(b.labels, h.DType()), ConvertDType(b.indices, h.DType())

	// This batch votes too: its representations are of the same weights.
	enqueue(features, h, b.step)
	enqueue(owners, Stack([]*Node{labels, images}, 1), b.step) // [batch, 2]

	// Similarity to every row; what has no vote is less similar than anything.
	queries := func(x *Node) *Node { return Slice(x, AxisRange().Stride(knnEvery)) }
	similarity := DotGeneral(features.NodeValue(h), []int{1}, nil, queries(h), []int{1}, nil) // [rows, queries]
	label := Slice(owners.NodeValue(h), AxisRange(), AxisElem(0))                             // [rows, 1]
	image := Slice(owners.NodeValue(h), AxisRange(), AxisElem(1))
	silent := LogicalOr(IsNegative(label), Equal(image, InsertAxes(queries(images), 0)))
	similarity = Where(silent, Infinity(h.Graph(), h.DType(), -1), similarity)

	predicted := vote(similarity, label, d.classes) // [queries]
	return accuracy(predicted, queries(b.labels))
}

// knnQueue returns the variables of the online kNN: representations [rows, dim] of length 1, and the label and the
// index of the image of each [rows, 2], both -1 in a row that is still empty. Checkpoints hold float32 alone: above
// 2^24 images, indices are rounded, and a few other images have no vote.
func knnQueue(scope *model.Scope, rows int, h *Node) (features, owners *model.Variable) {
	features, owners = scope.GetVariable("features"), scope.GetVariable("owners")
	if features != nil {
		return features, owners
	}

	dim := h.Shape().Dimensions[1]
	none := tensors.FromFlatDataAndDimensions(make([]float32, rows*dim), rows, dim)
	empty := tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{-1}, 2*rows), rows, 2)
	features = scope.VariableWithValue("features", none).SetTrainable(false)
	owners = scope.VariableWithValue("owners", empty).SetTrainable(false)
	return features, owners
}

// vote returns the class int32 [queries] that the most similar rows of a queue vote for, as [probe.KNN] does, from
// similarities [rows, queries] and the labels of the rows [rows, 1]. Rows of equal similarity count as one neighbor,
// and all vote.
func vote(similarity, label *Node, classes int) *Node {
	knn := probe.KNNOptions{}.Resolved()
	none := Infinity(similarity.Graph(), similarity.DType(), -1)

	// The next largest similarity, again and again, costs a fraction of sorting them.
	largest := ReduceAndKeep(similarity, ReduceMax, 0) // [1, queries]
	least := largest
	for range knn.K - 1 {
		least = ReduceAndKeep(Where(LessThan(similarity, least), similarity, none), ReduceMax, 0)
	}

	// Weights are relative to the nearest one.
	weights := Exp(DivScalar(Sub(similarity, largest), knn.Temperature))
	weights = Where(GreaterOrEqual(similarity, least), weights, ZerosLike(weights)) // [rows, queries]
	owners := OneHot(ConvertDType(Squeeze(label, 1), dtypes.Int32), classes, weights.DType())
	votes := DotGeneral(weights, []int{0}, nil, owners, []int{0}, nil) // [queries, classes]
	return ArgMax(votes, -1, dtypes.Int32)
}
