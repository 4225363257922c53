package pretrain

import (
	"context"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/sslx-go/lab/sslx/dataset"
)

// feed gives the batches of the steps that are left, one after another.
type feed struct {
	// next returns the indices of the images of a batch, and their pixels where they are streamed.
	next func() (pixels []byte, indices []int32, err error)

	// waited returns how long next has waited for pixels in all.
	waited func() time.Duration

	close func()
}

// newFeed returns the feed for the steps from one on, which counts from 0.
func newFeed(c Config, d stepData, from int) feed {
	batches := batchesFrom(c, d, from)
	if d.streamed {
		loader := dataset.NewLoader(context.Background(), d.source, batches, dataset.LoaderOptions{})
		next := func() ([]byte, []int32, error) {
			batch, indices, err := loader.Next()
			return batch.Pixels, indices, err
		}
		return feed{next, loader.Wait, loader.Close}
	}

	// The images are on the device: nothing is waited for.
	pull, stop := iter.Pull(batches)
	next := func() ([]byte, []int32, error) {
		batch, _ := pull()
		indices := make([]int32, len(batch))
		for i, index := range batch {
			indices[i] = int32(index)
		}
		return nil, indices, nil
	}
	return feed{next, func() time.Duration { return 0 }, stop}
}

// batchesFrom yields the indices of the images of each step of a training, from a step on that counts from 0. Every
// epoch has its own order; its last, partial batch is left out.
func batchesFrom(c Config, d stepData, from int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		n := d.trained()
		perEpoch := n / c.Batch

		for epoch := from / perEpoch; epoch < c.Epochs; epoch++ {
			order := permutation(c.Seed, epoch, n)
			if d.kept != nil { // an image keeps its index, by which its views are drawn
				for i, at := range order {
					order[i] = d.kept[at]
				}
			}
			for step := max(from, epoch*perEpoch); step < (epoch+1)*perEpoch; step++ {
				start := (step - epoch*perEpoch) * c.Batch
				if !yield(order[start : start+c.Batch]) {
					return
				}
			}
		}
	}
}

// permutation returns the order of n images in an epoch.
func permutation(seed uint64, epoch, n int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(n)
}
