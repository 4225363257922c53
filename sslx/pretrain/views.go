package pretrain

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/augment"
)

// sized returns the views with a size for those that have none of their own.
func (c Config) sized(size int) augment.Views {
	views := slices.Clone(c.Views)
	for i := range views {
		if views[i].Size == 0 {
			views[i].Size = size
		}
	}
	return views
}

// LastViews returns the views of the end of a training, with the size that they have then.
func (c Config) LastViews() augment.Views { return c.sized(c.sizeAt(c.Epochs - 1)) }

// normalizedViews returns the views of the batch's images, and after them those that are negatives only: of the same
// images, or of the first training image alone.
func normalizedViews(c Config, d stepData, size int, b batch) (images []*Node) {
	views, asked := c.sized(size), c.Objective.Needs().Negatives
	made := views.Make(b.images, b.key, d.mean, d.std)

	key, of := b.key, b.images
	key.View = len(views)
	if asked.OneImage {
		first := Const(of.Graph(), d.At(0))
		of = Reshape(first, 1, d.Height, d.Width, d.Depth()) // [1, height, width, channels]
		key.Samples = Slice(key.Samples, AxisRange(0, 1))
	}
	extra := asked.Views(views[0]).Make(of, key, d.mean, d.std)

	for _, view := range append(made, extra...) {
		images = append(images, view.Images)
	}
	return images
}
