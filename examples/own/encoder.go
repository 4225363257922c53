package own

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/encoder"
)

// PatchBag sees each patch of 4x4 pixels by itself: a network of two layers embeds it, and the mean over all patches
// represents the image.
type PatchBag struct {
	Width int `yaml:"width"` // of both layers; positive
}

func init() { encoder.Register("patch-bag", PatchBag{Width: 128}) }

const patch = 4 // pixels

// Dim is the length of a representation.
func (e PatchBag) Dim() int { return e.Width }

// MinSize is the side of the smallest image.
func (PatchBag) MinSize() int { return patch }

// Build embeds the patches and takes the mean. Pixels beyond the last whole patch are left out.
func (e PatchBag) Build(scope *model.Scope, images *Node, _ encoder.Mode) *Node {
	d := images.Shape().Dimensions // batch, height, width, channels
	batch, rows, columns := d[0], d[1]/patch, d[2]/patch
	images = Slice(images, AxisRange(), AxisRange(0, rows*patch), AxisRange(0, columns*patch), AxisRange())

	x := Reshape(images, batch, rows, patch, columns, patch, d[3])
	x = TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
	x = Reshape(x, batch*rows*columns, patch*patch*d[3]) // [patches, pixels of a patch]

	x = MaxScalar(encoder.Dense(scope.At("first"), x, e.Width, 2, true), 0.0)
	x = encoder.Dense(scope.At("second"), x, e.Width, 1, true)
	return ReduceMean(Reshape(x, batch, rows*columns, e.Width), 1) // [batch, width]
}
