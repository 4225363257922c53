package pretrain

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
)

// Views returns the views that training makes of images in its first epochs: for each epoch one set of images a view of
// c, those of the first epoch first. All have the size of the images, whatever the size of the views is, so that they
// can be shown beside them.
func Views(b compute.Backend, c Config, images dataset.Images, epochs int) (views []dataset.Images, err error) {
	exec, err := NewExec(b, func(pixels, indices, stream *Node) (made []*Node) {
		for i, view := range slices.Clone(c.Views) {
			view.Size, view.SizeShare = 0, 0
			key := augment.Key{Stream: stream, Samples: indices, View: i}
			x := view.Pipeline(images.Height, images.Width).Make(augment.FromBytes(pixels), key).Images

			// [n, height, width, 3] from [0, 1] to bytes
			x = Round(MulScalar(MinScalar(MaxScalar(x, 0.0), 1.0), 255.0))
			made = append(made, ConvertDType(x, dtypes.Uint8))
		}
		return made
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()

	indices := make([]uint32, images.N)
	for i := range indices {
		indices[i] = uint32(i)
	}
	pixels := tensors.FromFlatDataAndDimensions(images.Pixels, images.N, images.Height, images.Width, 3)
	for epoch := range epochs {
		outputs, err := exec.Call(pixels, indices, augment.Stream(c.Seed, epoch))
		if err != nil {
			return nil, err
		}
		for _, out := range outputs {
			view := images
			view.Pixels, err = tensors.CopyFlatData[byte](out)
			if err := errors.Join(err, out.FinalizeAll()); err != nil {
				return nil, err
			}
			views = append(views, view)
		}
	}
	return views, nil
}
