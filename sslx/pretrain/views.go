package pretrain

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
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

// normalizedViews returns the views of the batch's images, and after them those that are negatives only. The view of
// patch-fixed is that of the first training image, alone.
func normalizedViews(c Config, d stepData, size int, b batch) (images []*Node) {
	views := c.sized(size)
	extra := extraViews(views[0], c.Objective.Needs().Negatives)
	made := views.Make(b.images, b.key, d.mean, d.std)
	key, of := b.key, b.images
	key.View = len(views)
	if c.Objective.Needs().Negatives.Kind == "patch-fixed" {
		first := Const(of.Graph(), d.pixels[:d.height*d.width*3])
		of = augment.FromBytes(Reshape(first, 1, d.height, d.width, 3))
		key.Samples = Slice(key.Samples, AxisRange(0, 1))
	}
	for _, view := range append(made, extra.Make(of, key, d.mean, d.std)...) {
		images = append(images, view.Images)
	}
	return images
}

// extraViews returns how the views that an objective asks for are made; anchor is one of the others.
func extraViews(anchor augment.Config, asked objective.ExtraViews) augment.Views {
	view := anchor
	switch asked.Kind {
	case "patch-same":
		view = augment.Config{Size: anchor.Size, Patch: asked.Patch}
	case "patch-fixed":
		view = augment.Config{Size: anchor.Size, Patch: asked.Patch, PatchAt: "center"}
	}
	return slices.Repeat(augment.Views{view}, asked.Count)
}
