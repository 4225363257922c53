package augment

import (
	"cmp"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() { Register("patch", Patch{Side: 8, Random: true}) }

// Patch cuts a square of Side pixels and resizes it to Height x Width, bilinear and antialiased: the negative of the
// paper's instance SimCLR. A Height or Width of 0 keeps the image's. The corner of the square is Top, Left, or with
// Random uniform over the whole pixels where it fits. Parameters: "top", "left", each [batch, 1]. Draw panics when the
// square does not lie in the image. It costs as much as [ResizedCrop].
type Patch struct {
	Side   int  `yaml:"side"`
	Height int  `yaml:"height"`
	Width  int  `yaml:"width"`
	Top    int  `yaml:"top"`
	Left   int  `yaml:"left"`
	Random bool `yaml:"random"`
}

// Name implements [Operation].
func (Patch) Name() string { return "patch" }

// Size implements [Operation].
func (o Patch) Size(height, width int) (int, int) {
	return cmp.Or(o.Height, height), cmp.Or(o.Width, width)
}

// Draw implements [Operation].
func (o Patch) Draw(uniform, _ Source, height, width, _ int) Params {
	if o.Side > min(height, width) || !o.Random && (o.Top+o.Side > height || o.Left+o.Side > width) {
		panic(usage.Errorf("a patch of %d pixels at %d,%d of images of %d x %d: it must lie in the image", o.Side,
			o.Top, o.Left, height, width))
	}

	draw := uniform(2) // drawn for a fixed corner too, which then gives it the shape [batch, 1]
	corner := func(i, size, fixed int) *Node {
		u := Slice(draw, AxisRange(), AxisElem(i))
		if o.Random {
			return Floor(MulScalar(u, float64(size-o.Side+1)))
		}
		return AddScalar(ZerosLike(u), float64(fixed))
	}
	return Params{"top": corner(0, height, o.Top), "left": corner(1, width, o.Left)}
}

// Apply implements [Operation].
func (o Patch) Apply(images *Node, p Params) *Node { return o.cut(images, p).join() }

func (o Patch) cut(images *Node, p Params) planes {
	side := all(images, o.Side)
	height, width := sizeAfter(o, images)
	return resize(images, part{p["top"], p["left"], side, side}, height, width)
}

// Check returns an error for the first parameter out of range.
func (o Patch) Check() error {
	return inRange(limit{"side", float64(o.Side), 1, maxSide}, sideLimit("height", o.Height),
		sideLimit("width", o.Width), sideLimit("top", o.Top), sideLimit("left", o.Left))
}
