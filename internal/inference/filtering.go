package inference

import "github.com/sslx-go/lab/internal/toomcook"

// Minimal filtering (Lavin and Gray 2016, https://arxiv.org/abs/1509.09308) computes tiles of 4x4 outputs of a 3x3
// kernel by 36 products, a quarter of the definition's. Transforms of rows, then of columns, give what the products
// take of the 6x6 pixels that a tile depends on, and the outputs.
const (
	tileSide   = 4
	tilePixels = tileSide * tileSide
	pointSide  = tileSide + 2
	tilePoints = pointSide * pointSide

	// filterTiles are computed together: kernels are read once for so many.
	filterTiles = 32
)

var algorithm = toomcook.New(tileSide, 3)

// transform is what the kernels spread and gather take. Both have channels at once, 16 in a register.
type transform struct {
	kept [tilePoints * 16]float32 // rows, before their columns are transformed

	// pixels are those that spread reads, [6, 6], or the outputs of gather, [4, 4]; points is the first point of both,
	// and the others, [6, 6], are a stride of bytes apart.
	pixels           [tilePoints]*float32
	points           *float32
	stride, channels int

	// constants are a, b, a², b² for the points 0, ±a, ±b and infinity; then a²+b² and a²b² for spread, a³ and b³ for
	// gather.
	constants [6]float32

	// Gather adds bias, and plus, which may be nil, to the maps that begin at origin.
	bias, plus, origin *float32
	floor              float32
}

// constants returns those of spread and of gather.
func constants() (spread, gather [6]float32) {
	powers := algorithm.Output[1] // 0, a, -a, b, -b
	a, b := powers[1], powers[3]
	for i, v := range []float64{a, b, a * a, b * b} {
		spread[i], gather[i] = float32(v), float32(v)
	}
	spread[4], spread[5] = float32(a*a+b*b), float32(a*a*b*b)
	gather[4], gather[5] = float32(a*a*a), float32(b*b*b)
	return spread, gather
}

var spreadConstants, gatherConstants = constants()

// filterKernels returns what each product takes of a kernel [3, 3, in, out]: panels [in, out].
func filterKernels(kernel []float64, in, out int) (all []panels) {
	size := in * out
	combined := func(coefficients []float64, parts [3][]float64) []float64 {
		sum := make([]float64, size)
		for i, c := range coefficients {
			for at, v := range parts[i] {
				sum[at] += c * v
			}
		}
		return sum
	}

	for _, u := range algorithm.Kernel {
		var columns [3][]float64 // of the kernel, its rows combined
		for j := range columns {
			var rows [3][]float64
			for i := range rows {
				rows[i] = kernel[(3*i+j)*size : (3*i+j+1)*size]
			}
			columns[j] = combined(u, rows)
		}
		for _, v := range algorithm.Kernel {
			all = append(all, packed(combined(v, columns), in, out))
		}
	}
	return all
}

// filtered computes tiles, of all images, by minimal filtering.
func (l *layer) filtered(dst, src []float32, e epilogue, first, last int, s *scratch) {
	across := l.out.width / tileSide
	each := l.out.height / tileSide * across // tiles of an image
	tiles, in, out := last-first, l.in.channels, l.out.channels

	// Matrices are a line of the cache apart beyond their size, so that the same row of all of them can be in it.
	const line = 16
	inputs, products := tiles*in+line, tiles*out+line
	s.inputs, s.products = grown(s.inputs, tilePoints*inputs), grown(s.products, tilePoints*products)

	// What the products take of the pixels of each tile: [points, tiles, in].
	t := &s.transform
	t.constants, t.stride, t.channels = spreadConstants, 4*inputs, in
	s.zeros = grown(s.zeros, in)
	for i := range tiles {
		image, tile := src[(first+i)/each*l.in.size():], (first+i)%each
		y, x := tile/across*tileSide-1, tile%across*tileSide-1
		for p := range t.pixels {
			y, x := y+p/pointSide, x+p%pointSide
			t.pixels[p] = &s.zeros[0]
			if y >= 0 && y < l.in.height && x >= 0 && x < l.in.width {
				t.pixels[p] = &image[(y*l.in.width+x)*in]
			}
		}
		t.points = &s.inputs[i*in]
		spread(t)
	}

	// The products: [points, tiles, out].
	for p, kernel := range l.kernel {
		multiply(tiles, in, out, matrix{s.inputs[p*inputs:], in}, kernel, matrix{s.products[p*products:], out}, plain)
	}

	// The outputs.
	t.constants, t.stride, t.channels = gatherConstants, 4*products, out
	t.bias, t.plus, t.origin, t.floor = &e.bias[0], nil, &dst[0], e.floor
	if e.plus != nil {
		t.plus = &e.plus[0]
	}
	for i := range tiles {
		tile := (first + i) % each
		begin := (first+i)/each*l.out.pixels() + tile/across*tileSide*l.out.width + tile%across*tileSide // pixel
		for p := range tilePixels {
			t.pixels[p] = &dst[(begin+p/tileSide*l.out.width+p%tileSide)*out]
		}
		t.points = &s.products[i*out]
		gather(t)
	}
}
