package augment

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("translation", Translation{Height: 0.1, Width: 0.1}) }

// Translation moves an image by whole pixels, uniform up to the shares Height and Width of its size in each direction
// and rounded, and leaves zeros behind (torchvision's RandomAffine with translate alone). Parameters, each [batch, 1]:
// "down", "right".
type Translation struct {
	SameSize
	Height float64 `yaml:"height"`
	Width  float64 `yaml:"width"`
}

// Name implements [Operation].
func (Translation) Name() string { return "translation" }

// Draw implements [Operation].
func (o Translation) Draw(uniform, _ Source, height, width, _ int) Params {
	most := func(share float64, size int) float64 { return share * float64(size) }
	return Params{
		"down":  Round(Between(uniform(1), -most(o.Height, height), most(o.Height, height))),
		"right": Round(Between(uniform(1), -most(o.Width, width), most(o.Width, width))),
	}
}

// Apply implements [Operation]. It cuts a window from each image with zeros around it.
func (o Translation) Apply(images *Node, p Params) *Node {
	g, dims := images.Graph(), images.Shape().Dimensions
	batch, height, width := dims[0], dims[1], dims[2]

	// Zeros around the image, as wide as the largest movement.
	most := func(share float64, size int) int { return int(math.Ceil(share * float64(size))) }
	y, x := most(o.Height, height), most(o.Width, width)
	padded := Pad(images, ScalarZero(g, images.DType()), compute.PadAxis{}, compute.PadAxis{Start: y, End: y},
		compute.PadAxis{Start: x, End: x})

	// A window that begins earlier shows the image further down and to the right.
	start := func(most int, shift *Node) *Node {
		return ConvertDType(AddScalar(Neg(shift), float64(most)), dtypes.Int32)
	}
	image := Iota(g, shapes.Make(dtypes.Int32, batch, 1), 0)
	corners := Concatenate([]*Node{image, start(y, p["down"]), start(x, p["right"])}, 1) // [batch, 3]
	windows := GatherSlices(padded, []int{0, 1, 2}, corners, []int{1, height, width}, false)
	return Reshape(windows, dims...)
}

// Check returns an error for the first parameter out of range.
func (o Translation) Check() error {
	return inRange(limit{"height", o.Height, 0, 1}, limit{"width", o.Width, 0, 1})
}
