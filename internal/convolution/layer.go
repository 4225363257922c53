// Package convolution computes convolutions of float32 maps on processors that have AVX-512: a [Layer] of an encoder
// whose weights are fixed, with bias, addition and ReLU, and a convolution of a training with its gradients
// ([Training]), also with products in bfloat16. Both are products of matrices in assembly; those of 3x3 pixels with
// stride 1 are computed by minimal filtering. [Sums] are those of batch normalization. Maps are [images, height, width,
// channels], and all functions need what [Available] reports.
package convolution

// Maps describes the activations of an image: [height, width, channels].
type Maps struct{ Height, Width, Channels int }

// Pixels is height times width.
func (m Maps) Pixels() int { return m.Height * m.Width }

// Size is the number of values of an image.
func (m Maps) Size() int { return m.Pixels() * m.Channels }

// Mean returns the means of an image over its pixels, [channels]. They are valid until the next use of s.
func (m Maps) Mean(image []float32, s *Scratch) []float32 {
	s.products = Grown(s.products, m.Channels)
	sum(s.products, matrix{image, m.Channels}, m.Pixels(), m.Channels, 1/float32(m.Pixels()))
	return s.products
}

// Window is what an output of a convolution sees: size x size pixels, the first of which is as many pixels before the
// output's own, and windows are a stride apart.
type Window struct{ Size, Stride, Before int }

// Of returns the maps of a convolution of others, with some channels: an output for each window.
func (w Window) Of(in Maps, channels int) Maps {
	outputs := func(side int) int { return (side + w.Stride - 1) / w.Stride }
	return Maps{outputs(in.Height), outputs(in.Width), channels}
}

// patch writes the pixels of the window whose output is at (y, x) of an image, [size, size, channels], to dst, and
// returns what is left of dst. Pixels outside of the image are zeros.
func (w Window) patch(dst, image []float32, in Maps, y, x int) []float32 {
	y, x = y*w.Stride-w.Before, x*w.Stride-w.Before
	run := w.Size * in.Channels // values of a row of the window
	skip := max(0, -x) * in.Channels
	length := min(run, (in.Width-x)*in.Channels) - skip

	for i := y; i < y+w.Size; i++ {
		to := dst[:run]
		dst = dst[run:]
		if i < 0 || i >= in.Height {
			clear(to)
			continue
		}
		at := (i*in.Width+x)*in.Channels + skip
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

// Layer is a convolution that is ready to compute. Channels are a multiple of TileColumns, but for those of images.
// Where those of outputs are not, there is no bias, addition or floor.
type Layer struct {
	In, Out Maps
	Window  Window
	Kernel  []Panels // one, [size·size·in, out], or minimal filtering's: [in, out] for each product
	Bias    []float32
	Floor   float32
	InPlace bool // patches are read where they are
	Rounds  bool // products take numbers in bfloat16, as outputs are: two to an element
}

// filters reports whether a layer is computed by minimal filtering.
func (l *Layer) filters() bool { return len(l.Kernel) > 1 }

// elements returns the maps of outputs by the elements of slices.
func (l *Layer) elements() Maps {
	m := l.Out
	if l.Rounds {
		m.Channels /= 2
	}
	return m
}

// Scratch is memory that layers use while they compute.
type Scratch struct {
	patches, inputs, products []float32
	zeros, nowhere            []float32 // pixels outside of images, to read and to write
	transform                 transform
}

// Grown returns a slice of some length that reuses x.
func Grown(x []float32, length int) []float32 {
	if cap(x) < length {
		return make([]float32, length)
	}
	return x[:length]
}

// Compute sets dst, the maps of n images, to the layer's of src, plus others, or nil. The number of images is a
// multiple of TileRows.
func (l *Layer) Compute(dst, src, plus []float32, n int, s *Scratch) {
	e := epilogue{bias: l.Bias, plus: plus, floor: l.Floor}
	step, all, together := l.direct, n*l.Out.Height, linesOf(l.Out.Width)
	if l.filters() {
		step, all, together = l.filtered, n*tiles(l.Out).each(), FilterTiles
	}

	// A part after the other, so that what it needs stays in the processor's caches.
	for first := 0; first < all; first += together {
		step(dst, src, e, first, min(all, first+together), s)
	}
}

// linesOf returns how many lines of outputs of some width are computed together: they have a multiple of TileRows
// outputs, and enough of them to read kernels seldom.
func linesOf(width int) int {
	const enough = 96
	lines := 1
	for lines*width < enough || lines*width%TileRows != 0 {
		lines++
	}
	return lines
}

// direct computes lines of outputs, of all images, as one product of patches and kernel (Chellapilla et al. 2006,
// https://inria.hal.science/inria-00112631), or as one for each line where maps have all patches in them.
func (l *Layer) direct(dst, src []float32, e epilogue, first, last int, s *Scratch) {
	if l.InPlace {
		for line := first; line < last; line++ {
			l.line(dst, src, e, line)
		}
		return
	}

	rows, depth := (last-first)*l.Out.Width, l.Window.Size*l.Window.Size*l.In.Channels
	s.patches = Grown(s.patches, rows*depth)
	patches := s.patches
	if l.Window == (Window{1, 1, 0}) {
		patches = src[first*l.Out.Width*depth:] // the maps as they are
	} else {
		left := patches
		for line := first; line < last; line++ {
			image := src[line/l.Out.Height*l.In.Size():]
			for x := range l.Out.Width {
				left = l.Window.patch(left, image, l.In, line%l.Out.Height, x)
			}
		}
	}

	at := first * l.Out.Width * l.Out.Channels
	if l.Rounds {
		round(&patches[0], &patches[0], rows*depth)
		s.products = Grown(s.products, rows*l.Out.Channels)
		multiply(rows, depth/2, l.Out.Channels, matrix{patches, depth / 2}, l.Kernel[0],
			matrix{s.products, l.Out.Channels}, e)
		round(&dst[at/2], &s.products[0], rows*l.Out.Channels)
		return
	}
	if e.plus != nil {
		e.plus = e.plus[at:]
	}
	if columns := up(l.Out.Channels, TileColumns); columns > l.Out.Channels {
		s.products = Grown(s.products, rows*columns)
		multiply(rows, depth, columns, matrix{patches, depth}, l.Kernel[0], matrix{s.products, columns}, plain)
		for row := range rows {
			copy(dst[at+row*l.Out.Channels:][:l.Out.Channels], s.products[row*columns:])
		}
		return
	}
	multiply(rows, depth, l.Out.Channels, matrix{patches, depth}, l.Kernel[0], matrix{dst[at:], l.Out.Channels}, e)
}

// line computes a line of outputs from the maps as they are.
func (l *Layer) line(dst, src []float32, e epilogue, line int) {
	row := l.In.Width * l.In.Channels
	y, x := line%l.Out.Height*l.Window.Stride-l.Window.Before, -l.Window.Before
	patches := matrix{src[line/l.Out.Height*l.In.Size()+y*row+x*l.In.Channels:], l.Window.Stride * l.In.Channels}

	at := line * l.Out.Width * l.Out.Channels
	if e.plus != nil {
		e.plus = e.plus[at:]
	}
	multiplyRuns(l.Out.Width, l.Window.Size*l.In.Channels, l.Out.Channels, runs{patches, 1, l.Window.Size, row},
		l.Kernel[0], matrix{dst[at:], l.Out.Channels}, e)
}
