package inference

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
	inPlace bool // patches are read where they are
}

// filters reports whether a layer is computed by minimal filtering.
func (l *layer) filters() bool { return len(l.kernel) > 1 }

// scratch is memory that layers use while they compute.
type scratch struct {
	patches, inputs, products []float32
	zeros                     []float32 // pixels outside of images
	transform                 transform
}

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
// https://inria.hal.science/inria-00112631), or as one for each line where maps have all patches in them.
func (l *layer) direct(dst, src []float32, e epilogue, first, last int, s *scratch) {
	if l.inPlace {
		for line := first; line < last; line++ {
			l.line(dst, src, e, line)
		}
		return
	}

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

// line computes a line of outputs from the maps as they are.
func (l *layer) line(dst, src []float32, e epilogue, line int) {
	row := l.in.width * l.in.channels
	y, x := line%l.out.height*l.window.stride-l.window.before, -l.window.before
	patches := matrix{src[line/l.out.height*l.in.size()+y*row+x*l.in.channels:], l.window.stride * l.in.channels}

	at := line * l.out.width * l.out.channels
	if e.plus != nil {
		e.plus = e.plus[at:]
	}
	multiplyRuns(l.out.width, l.window.size*l.in.channels, l.out.channels, runs{patches, l.window.size, row},
		l.kernel[0], matrix{dst[at:], l.out.channels}, e)
}
