package inference

import "github.com/sslx-go/lab/internal/toomcook"

// maps describes the activations of an image: [height, width, channels].
type maps struct{ height, width, channels int }

func (m maps) pixels() int { return m.height * m.width }

// size is the number of values of an image.
func (m maps) size() int { return m.pixels() * m.channels }

// window is what an output of a convolution sees: size x size pixels, the first of which is as many pixels before the
// output's own, and windows are a stride apart.
type window struct{ size, stride, before int }

// outputs returns how many windows there are along a side.
func (w window) outputs(side int) int { return (side + w.stride - 1) / w.stride }

// patch writes the pixels of the window whose output is at (y, x) of an image, [size, size, channels], to dst, and
// returns what is left of dst. Pixels outside of the image are zeros.
func (w window) patch(dst, image []float32, in maps, y, x int) []float32 {
	y, x = y*w.stride-w.before, x*w.stride-w.before
	run := w.size * in.channels // values of a row of the window
	skip := max(0, -x) * in.channels
	length := min(run, (in.width-x)*in.channels) - skip

	for i := y; i < y+w.size; i++ {
		to := dst[:run]
		dst = dst[run:]
		if i < 0 || i >= in.height {
			clear(to)
			continue
		}
		at := (i*in.width+x)*in.channels + skip
		if length == run { // most windows
			copy(to, image[at:at+run])
			continue
		}
		clear(to[:skip])
		copy(to[skip:skip+length], image[at:])
		clear(to[skip+length:])
	}
	return dst
}

// layer is a convolution that is ready to compute. Channels are a multiple of tileColumns, but for those of images.
type layer struct {
	in, out maps
	window  window
	kernel  []panels // one, [size·size·in, out], or minimal filtering's: [in, out] for each product
	bias    []float32
	floor   float32
}

// filters reports whether a layer is computed by minimal filtering.
func (l *layer) filters() bool { return len(l.kernel) > 1 }

// scratch is memory that layers use while they compute.
type scratch struct{ patches, inputs, products []float32 }

// grown returns a slice of some length that reuses x.
func grown(x []float32, length int) []float32 {
	if cap(x) < length {
		return make([]float32, length)
	}
	return x[:length]
}

// compute sets dst, the maps of n images, to those of src, plus others. The number of images is a multiple of tileRows.
func (l *layer) compute(dst, src, plus []float32, n int, s *scratch) {
	e := epilogue{bias: l.bias, plus: plus, floor: l.floor}
	step, all, together := l.direct, n*l.out.height, linesOf(l.out.width)
	if l.filters() {
		step, all, together = l.filtered, n*l.out.pixels()/tilePixels, filterTiles
	}

	// A part after the other, so that what it needs stays in the processor's caches.
	for first := 0; first < all; first += together {
		step(dst, src, e, first, min(all, first+together), s)
	}
}

// linesOf returns how many lines of outputs of some width are computed together: they have a multiple of tileRows
// outputs, and enough of them to read kernels seldom.
func linesOf(width int) int {
	const enough = 96
	lines := 1
	for lines*width < enough || lines*width%tileRows != 0 {
		lines++
	}
	return lines
}

// direct computes lines of outputs, of all images, as one product of patches and kernel (Chellapilla et al. 2006,
// https://inria.hal.science/inria-00112631).
func (l *layer) direct(dst, src []float32, e epilogue, first, last int, s *scratch) {
	rows, depth := (last-first)*l.out.width, l.window.size*l.window.size*l.in.channels
	s.patches = grown(s.patches, rows*depth)
	patches := s.patches
	if l.window == (window{1, 1, 0}) {
		patches = src[first*l.out.width*depth:] // the maps as they are
	} else {
		left := patches
		for line := first; line < last; line++ {
			image := src[line/l.out.height*l.in.size():]
			for x := range l.out.width {
				left = l.window.patch(left, image, l.in, line%l.out.height, x)
			}
		}
	}

	at := first * l.out.width * l.out.channels
	if e.plus != nil {
		e.plus = e.plus[at:]
	}
	multiply(rows, depth, l.out.channels, matrix{patches, depth}, l.kernel[0], matrix{dst[at:], l.out.channels}, e)
}

// Minimal filtering (Lavin and Gray 2016, https://arxiv.org/abs/1509.09308) computes tiles of 4x4 outputs of a 3x3
// kernel by 36 products, a quarter of the definition's. One matrix transforms the 6x6 pixels that a tile depends on,
// another one what the products give.
const (
	tileSide   = 4
	tilePixels = tileSide * tileSide
	tilePoints = (tileSide + 2) * (tileSide + 2)

	// filterTiles are computed together: kernels are read once for so many.
	filterTiles = 32
)

var (
	algorithm       = toomcook.New(tileSide, 3)
	inputTransform  = matrix{pairs(algorithm.Input), tilePoints}        // [points, pixels and those around them]
	innerTransform  = matrix{pairs(inner(algorithm.Input)), tilePixels} // [points, pixels], with zeros around them
	outputTransform = matrix{pairs(algorithm.Output), tilePoints}       // [pixels, points]
	tileWindow      = window{tileSide + 2, tileSide, 1}
)

// inner returns a matrix without its first and its last column.
func inner(m [][]float64) (all [][]float64) {
	for _, row := range m {
		all = append(all, row[1:len(row)-1])
	}
	return all
}

// pairs returns the matrix that transforms rows and columns alike: all products of elements of each pair of rows of m.
func pairs(m [][]float64) (all []float32) {
	for _, u := range m {
		for _, v := range m {
			for _, a := range u {
				for _, b := range v {
					all = append(all, float32(a*b))
				}
			}
		}
	}
	return all
}

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

	// What the products take of the pixels of each tile: [points, tiles, in].
	s.patches = grown(s.patches, tilePoints*in)
	s.inputs = grown(s.inputs, tilePoints*tiles*in)
	for t := range tiles {
		image := src[(first+t)/each*l.in.size():]
		pixels, transform := image, innerTransform
		if each > 1 {
			tile := (first + t) % each
			tileWindow.patch(s.patches, image, l.in, tile/across, tile%across)
			pixels, transform = s.patches, inputTransform
		}
		multiply(tilePoints, transform.stride, in, transform, panels{matrix{pixels, in}, tileColumns},
			matrix{s.inputs[t*in:], tiles * in}, plain)
	}

	// The products: [points, tiles, out].
	s.products = grown(s.products, tilePoints*tiles*out)
	for p, kernel := range l.kernel {
		inputs, products := matrix{s.inputs[p*tiles*in:], in}, matrix{s.products[p*tiles*out:], out}
		multiply(tiles, in, out, inputs, kernel, products, plain)
	}

	// The outputs of a tile are rows of four pixels, or all next to each other where a map is that narrow.
	run := tileSide
	if across == 1 {
		run = tilePixels
	}
	for t := range tiles {
		tile := (first + t) % each
		begin := (first+t)/each*l.out.pixels() + tile/across*tileSide*l.out.width + tile%across*tileSide // pixel
		products := panels{matrix{s.products[t*out:], tiles * out}, tileColumns}
		for i := 0; i < tilePixels; i += run {
			at := (begin + i/tileSide*l.out.width) * out
			own := e
			if e.plus != nil {
				own.plus = e.plus[at:]
			}
			transform := matrix{outputTransform.x[i*tilePoints:], tilePoints}
			multiply(run, tilePoints, out, transform, products, matrix{dst[at:], out}, own)
		}
	}
}
