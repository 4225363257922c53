package convolution

import "github.com/sslx-go/lab/internal/toomcook"

// Minimal filtering (Lavin and Gray 2016, https://arxiv.org/abs/1509.09308) computes tiles of 4x4 outputs of a 3x3
// kernel by 36 products, a quarter of the definition's. Transforms of rows, then of columns, give what the products
// take of the 6x6 pixels that a tile depends on, and the outputs.
const (
	TileSide   = 4
	tilePixels = TileSide * TileSide
	pointSide  = TileSide + 2
	tilePoints = pointSide * pointSide

	// filterTiles are computed together: kernels are read once for so many.
	FilterTiles = 32
)

var algorithm = toomcook.New(TileSide, 3)

// transform is what the kernels spread and gather take. Both have channels at once, 16 in a register.
type transform struct {
	kept [tilePoints * 16]float32 // rows, before their columns are transformed

	// pixels are those that spread reads, [6, 6], the outputs of gather, [4, 4], or the taps of bend, [3, 3]; points is
	// the first point, and the others, [6, 6], are a stride of bytes apart.
	pixels           [tilePoints]*float32
	points           *float32
	stride, channels int

	// constants are a, b, a², b² for the points 0, ±a, ±b and infinity; then a²+b² and a²b² for spread, a³ and b³ for
	// gather. Those of bend are the factors of tap 0 at 0, a and b, of tap 1 at a and b, and of tap 2 at a, b and
	// infinity.
	constants [8]float32

	// Gather adds bias, and plus, which may be nil, to the maps that begin at origin.
	bias, plus, origin *float32
	floor              float32
}

// constants returns those of spread, of gather and of bend.
func constants() (spread, gather, bend [8]float32) {
	powers := algorithm.Output[1] // 0, a, -a, b, -b
	a, b := powers[1], powers[3]
	for i, v := range []float64{a, b, a * a, b * b} {
		spread[i], gather[i] = float32(v), float32(v)
	}
	spread[4], spread[5] = float32(a*a+b*b), float32(a*a*b*b)
	gather[4], gather[5] = float32(a*a*a), float32(b*b*b)
	k := algorithm.Kernel
	for i, v := range []float64{k[0][0], k[1][0], k[3][0], k[1][1], k[3][1], k[1][2], k[3][2], k[5][2]} {
		bend[i] = float32(v)
	}
	return spread, gather, bend
}

var spreadConstants, gatherConstants, bendConstants = constants()

// FilterKernels returns what each product takes of a kernel [3, 3, in, out]: panels [in, out].
func FilterKernels(kernel []float64, in, out int) (all []Panels) {
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
			all = append(all, Packed(combined(v, columns), in, out))
		}
	}
	return all
}

// grid is the tiles of maps. Those at the right and at the bottom may reach beyond.
type grid struct {
	Maps
	down, across int
}

// tiles returns the grid of maps.
func tiles(m Maps) grid {
	return grid{m, (m.Height + TileSide - 1) / TileSide, (m.Width + TileSide - 1) / TileSide}
}

// each is the number of tiles of an image.
func (g grid) each() int { return g.down * g.across }

// pixels sets those of a tile, side x side from as many before its first output, and outside where there are none.
func (g grid) pixels(to *[tilePoints]*float32, maps []float32, tile, side, before int, outside *float32) {
	image := maps[tile/g.each()*g.Size():]
	y, x := tile%g.each()/g.across*TileSide-before, tile%g.across*TileSide-before
	for i := range side {
		row, at := to[i*side:(i+1)*side], ((y+i)*g.Width+x)*g.Channels
		inside := y+i >= 0 && y+i < g.Height
		for j := range row {
			row[j] = outside
			if inside && x+j >= 0 && x+j < g.Width {
				row[j] = &image[at]
			}
			at += g.Channels
		}
	}
}

// pointMatrices returns the length of matrices of some values, one for each point, and of all of them. They are a line
// of the cache apart, so that the same row of all can be in it.
func pointMatrices(values int) (each, all int) {
	const line = 16
	return values + line, tilePoints * (values + line)
}

// filtered computes tiles of outputs, of all images, by minimal filtering.
func (l *Layer) filtered(dst, src []float32, e epilogue, first, last int, s *Scratch) {
	tilesIn, tilesOut := tiles(l.In), tiles(l.elements())
	count, in, out := last-first, l.In.Channels, l.Out.Channels
	spread, gather, each := spread, gather, 1
	if l.Rounds {
		spread, gather, each = spreadRounded, gatherRounded, 2
	}
	inputs, all := pointMatrices(count * in / each)
	s.inputs = Grown(s.inputs, all)
	products, all := pointMatrices(count * out)
	s.products = Grown(s.products, all)

	// What the products take of the pixels of each tile: [points, tiles, in].
	t := &s.transform
	t.constants, t.stride, t.channels = spreadConstants, 4*inputs, in
	s.zeros = Grown(s.zeros, in)
	for i := range count {
		tilesIn.pixels(&t.pixels, src, first+i, pointSide, 1, &s.zeros[0])
		t.points = &s.inputs[i*in/each]
		spread(t)
	}

	// The products: [points, tiles, out].
	for p, kernel := range l.Kernel {
		multiply(count, in/each, out, matrix{s.inputs[p*inputs:], in / each}, kernel,
			matrix{s.products[p*products:], out}, plain)
	}

	// The outputs.
	t.constants, t.stride, t.channels = gatherConstants, 4*products, out
	t.bias, t.plus, t.origin, t.floor = &e.bias[0], nil, &dst[0], e.floor
	if e.plus != nil {
		t.plus = &e.plus[0]
	}
	s.nowhere = Grown(s.nowhere, out)
	for i := range count {
		tilesOut.pixels(&t.pixels, dst, first+i, TileSide, 0, &s.nowhere[0])
		t.points = &s.products[i*out]
		gather(t)
	}
}
