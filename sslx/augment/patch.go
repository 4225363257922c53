package augment

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

// Patch cuts a square of Side pixels and resizes it to Height x Width, bilinear and antialiased: the negative of the
// paper's instance SimCLR. The corner of the square is Top, Left, or with Random uniform over the whole pixels where it
// fits. Parameters: "top", "left", each [batch, 1]. Draw panics when the square does not lie in the image. Its cost is
// that of [ResizedCrop].
type Patch struct {
	Side          int
	Height, Width int
	Top, Left     int
	Random        bool
}

// Name implements [Operation].
func (Patch) Name() string { return "patch" }

// Size implements [Operation].
func (o Patch) Size(int, int) (int, int) { return o.Height, o.Width }

// Draw implements [Operation].
func (o Patch) Draw(uniform, _ Source, height, width int) Params {
	if o.Side > min(height, width) || !o.Random && (o.Top+o.Side > height || o.Left+o.Side > width) {
		panic(usage.Errorf("a patch of %d pixels at %d,%d of images of %d x %d: it must lie in the image", o.Side, o.Top,
			o.Left, height, width))
	}
	draw := uniform(2)
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
	return resize(images, part{p["top"], p["left"], side, side}, o.Height, o.Width)
}
