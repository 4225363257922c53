package encoder_test

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/encoder"
)

// Patches maps each patch of an image to a vector, and averages over the patches.
type Patches struct {
	Side  int `yaml:"side"` // of a patch, in pixels
	Width int `yaml:"width"`
}

func (p Patches) Dim() int     { return p.Width }
func (p Patches) MinSize() int { return p.Side }

func (p Patches) Build(scope *model.Scope, images *Node, mode encoder.Mode) *Node {
	dims := images.Shape().Dimensions // [batch, height, width, 3]
	rows, columns := dims[1]/p.Side, dims[2]/p.Side

	x := Slice(images, AxisRange(), AxisRange(0, rows*p.Side), AxisRange(0, columns*p.Side))
	x = Reshape(x, dims[0], rows, p.Side, columns, p.Side, 3)
	x = Reshape(TransposeAllAxes(x, 0, 1, 3, 2, 4, 5), -1, p.Side*p.Side*3) // [batch*patches, side*side*3]

	x = encoder.Dense(scope, x, p.Width, 2, false)
	x = MaxScalar(encoder.BatchNorm(scope, x, mode), 0.0)
	return ReduceMean(Reshape(x, dims[0], rows*columns, p.Width), 1) // [batch, width]
}

// An encoder of your own. Configurations then name it: encoder: {name: patches, side: 8}.
func ExampleRegister() {
	encoder.Register("patches", Patches{Side: 4, Width: 128})
}
