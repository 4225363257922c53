package pretrain

import (
	"errors"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/augment"
)

// Views returns the views that training makes of the first n images in its first epochs, each as uint8 [n, height,
// width, 3], those of the first epoch first; all have the images' size, whatever that of the views is, so that they can
// be shown beside them.
func Views(b compute.Backend, c Config, pixels []byte, height, width, n, epochs int) (views [][]byte, err error) {
	exec, err := NewExec(b, func(pixels, indices, stream *Node) (made []*Node) {
		for i, view := range slices.Clone(c.Views) {
			view.Size, view.SizeShare = 0, 0
			key := augment.Key{Stream: stream, Samples: indices, View: i}
			images := view.Pipeline(height, width).Make(augment.FromBytes(pixels), key).Images
			made = append(made, ConvertDType(Round(MulScalar(MinScalar(MaxScalar(images, 0.0), 1.0), 255.0)), dtypes.Uint8))
		}
		return made
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	indices := make([]uint32, n)
	for i := range indices {
		indices[i] = uint32(i)
	}
	images := tensors.FromFlatDataAndDimensions(pixels[:n*height*width*3], n, height, width, 3)
	for epoch := range epochs {
		outputs, err := exec.Call(images, indices, augment.Stream(c.Seed, epoch))
		if err != nil {
			return nil, err
		}
		for _, out := range outputs {
			view, err := tensors.CopyFlatData[byte](out)
			if err := errors.Join(err, out.FinalizeAll()); err != nil {
				return nil, err
			}
			views = append(views, view)
		}
	}
	return views, nil
}
