package pretrain

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
)

// adaptedImages is the most images that AdaptNorm looks at: 20 batches.
const adaptedImages = 10000

// AdaptNorm gives batch normalization the running statistics of images, as they are and without augmentation, and
// leaves all else: the mean over batches of the statistics that each batch has in training mode (the cumulative average
// of PyTorch's update_bn). The batches are of 500 images, drawn once and for all from up to 10,000, or one of all where
// there are fewer than 500. Adapted is false, and nothing is changed, where the network has no running statistics.
// Cost: one pass of these images through the network.
func (n *Network) AdaptNorm(ctx context.Context, b compute.Backend, images dataset.Images) (adapted bool, err error) {
	if err := n.takes(images); err != nil {
		return false, err
	}
	for v := range n.store.IterVariables() {
		adapted = adapted || ofNetwork(v.Path()) && v.Name() == "variance" // a running statistic of encoder.BatchNorm
	}
	if !adapted {
		return false, nil
	}

	exec, err := model.NewExec(b, n.store, func(scope *model.Scope, pixels, count *Node) *Node {
		variables := networkVariables(scope, false)
		before := valuesOf(variables, pixels)
		batch := augment.Normalize(augment.FromBytes(pixels), n.mean, n.std) // [batch, height, width, channels]
		all := n.outputs(scope, batch, encoder.Train)

		// Each statistic has moved by a share of the way to the batch's. The whole way, divided by the number of
		// batches so far, makes it the mean of all batches.
		for i, v := range variables {
			way := DivScalar(Sub(v.NodeValue(pixels), before[i]), encoder.BatchNormMomentum)
			v.SetNodeValue(Add(before[i], Div(way, ConvertDType(count, way.DType()))))
		}
		return ReduceAllMean(all.h())
	})
	if err != nil {
		return false, err
	}
	defer exec.Finalize()

	// Images of a set may be sorted by class: a batch of one class has other statistics than the data.
	order := rand.New(rand.NewPCG(0, 0)).Perm(images.N)[:min(images.N, adaptedImages)]
	size := min(len(order), featureBatch)
	for i := range len(order) / size {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		part := slices.Sorted(slices.Values(order[i*size : (i+1)*size]))
		batch := images.Pick(part)
		out, err := exec.Call(tensors.FromFlatDataAndDimensions(batch.Pixels, batch.N, batch.Height, batch.Width,
			batch.Depth()), float32(i+1))
		if err != nil {
			return false, err
		}
		if err := finalize(out); err != nil {
			return false, err
		}
	}
	return true, nil
}
