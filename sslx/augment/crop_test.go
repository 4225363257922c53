package augment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// The rectangles are those of torchvision's fallback, computed by hand from RandomResizedCrop.get_params.
func TestResizedCrop_TakesTheCentralRectangleWhereNoneFits(t *testing.T) {
	whole := func(ratioMin, ratioMax float64) ResizedCrop {
		return ResizedCrop{Height: 8, Width: 8, ScaleMin: 1.5, ScaleMax: 2, RatioMin: ratioMin, RatioMax: ratioMax}
	}

	for _, c := range []struct {
		name          string
		crop          ResizedCrop
		height, width int
		want          rectangle
	}{
		{"allowed ratio: the whole image", whole(0.75, 4./3), 32, 32, rectangle{0, 0, 32, 32}},
		{"too wide: full height, 10·4/3 ≈ 13 wide", whole(0.75, 4./3), 10, 40, rectangle{0, 13, 10, 13}},
		{"too tall: full width, 10/0.75 ≈ 13 high", whole(0.75, 4./3), 40, 10, rectangle{13, 0, 13, 10}},
		{"a square with only wide ratios", whole(4./3, 2), 32, 32, rectangle{4, 0, 24, 32}},
	} {
		got := drawFrom(t, c.crop, c.height, c.width, []float32{0, 0.5, almostOne})
		for i := range 3 {
			if r := got.at(i); r != c.want {
				t.Errorf("%s: got %v, want %v", c.name, r, c.want)
			}
		}
	}
}

func TestResizedCrop_LiesInTheImage(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	uniform := []float32{0, almostOne}
	for range 5000 {
		uniform = append(uniform, random.Float32())
	}

	for _, size := range [][2]float64{{32, 32}, {17, 50}, {50, 17}, {3, 3}, {2, 90}} {
		crop := drawFrom(t, NewResizedCrop(32, 0.08), int(size[0]), int(size[1]), uniform)
		for i, u := range uniform {
			r := crop.at(i)
			if r.top < 0 || r.left < 0 || r.height < 1 || r.width < 1 || r.top+r.height > size[0] ||
				r.left+r.width > size[1] {
				t.Fatalf("image %v, draw %g: %+v", size, u, r)
			}
		}
	}
}

// almostOne is the largest number that is drawn.
const almostOne = 1 - 1.0/(1<<24)

// rectangles are the parameters of a crop.
type rectangles map[string][]float32

func (r rectangles) at(i int) rectangle {
	return rectangle{float64(r["top"][i]), float64(r["left"][i]), float64(r["height"][i]), float64(r["width"][i])}
}

// drawFrom returns the rectangles that a crop takes for each of the given uniform numbers, which it gets for every one
// that it asks for.
func drawFrom(t *testing.T, crop ResizedCrop, height, width int, uniform []float32) rectangles {
	t.Helper()
	var names []string
	values := call(t, testbackend.Open(t), func(uniform *Node) []*Node {
		source := func(n int) *Node {
			return BroadcastToShape(InsertAxes(uniform, -1), shapes.Make(dtypes.Float32, uniform.Shape().Size(), n))
		}
		params := crop.Draw(source, nil, height, width, 3)
		names = sortedNames(params)
		return flat([]Params{params})
	}, uniform)

	drawn := rectangles{}
	for i, name := range names {
		drawn[name] = values[i]
	}
	return drawn
}

func TestResizedCrop_EachImageHasItsOwnRectangle(t *testing.T) {
	images := tensors.FromFlatDataAndDimensions(make([]float32, 2*6*4*3), 2, 6, 4, 3)
	tensors.MutableFlatData(images, func(x []float32) {
		for i := range x {
			x[i] = float32(i/3%24) / 24 // each pixel its number, in both images
		}
	})

	column := func(a, b float32) [][]float32 { return [][]float32{{a}, {b}} }
	got := call(t, testbackend.Open(t), func(in []*Node) []*Node {
		p := Params{"top": in[1], "left": in[2], "height": in[3], "width": in[4]}
		return []*Node{ResizedCrop{Height: 2, Width: 2}.Apply(in[0], p)}
	}, images, column(0, 4), column(0, 2), column(2, 2), column(2, 2))[0]

	for i, pixel := range []int{0, 1, 4, 5, 18, 19, 22, 23} {
		if d := math.Abs(float64(got[3*i]) - float64(pixel)/24); d > 1e-6 {
			t.Errorf("pixel %d is %g, want that of pixel %d, %g", i, got[3*i], pixel, float64(pixel)/24)
		}
	}
}
