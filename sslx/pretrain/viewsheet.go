package pretrain

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/augment"
)

// Views returns the two views that training makes of the first n images in its first epoch, as uint8 [n, height,
// width, 3]; crops are resized to the images' size, whatever views.size is, so that they can be shown beside them.
func Views(b compute.Backend, c Config, pixels []byte, height, width, n int) (first, second []byte, err error) {
	c.Views.Size = 0
	exec, err := NewExec(b, func(pixels, indices, stream *Node) []*Node {
		made := make([]*Node, 2)
		for view := range made {
			key := augment.Key{Stream: stream, Samples: indices, View: view}
			images := c.Views.Pipeline(height, width).Make(augment.FromBytes(pixels), key).Images
			made[view] = ConvertDType(Round(MulScalar(MinScalar(MaxScalar(images, 0.0), 1.0), 255.0)), dtypes.Uint8)
		}
		return made
	})
	if err != nil {
		return nil, nil, err
	}
	defer exec.Finalize()
	indices := make([]uint32, n)
	for i := range indices {
		indices[i] = uint32(i)
	}
	images := tensors.FromFlatDataAndDimensions(pixels[:n*height*width*3], n, height, width, 3)
	a, z, err := exec.Call2(images, indices, augment.Stream(c.Seed, 0))
	if err != nil {
		return nil, nil, err
	}
	if first, err = tensors.CopyFlatData[byte](a); err != nil {
		return nil, nil, err
	}
	second, err = tensors.CopyFlatData[byte](z)
	return first, second, err
}
