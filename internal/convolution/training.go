package convolution

import (
	"slices"
	"sync"
)

// Training is a 3x3 convolution of images, padded so that stride 1 keeps their size, and its gradients. Images are
// [Images, height, width, channels] and a kernel [3, 3, in, out]. All cores compute; results do not depend on how many.
type Training struct {
	Images int
	In     Maps
	Out    int // channels
	Stride int // 1, or 2 for an even height and width

	// Start finds threads that help; nil starts goroutines.
	Start Start
}

// team returns the threads that compute.
func (t Training) team() *team {
	if t.Start == nil {
		t.Start = func(help func()) { go help() }
	}
	return newTeam(t.Start)
}

const taps = 9

// Supported reports whether there are kernels for this geometry, on this processor: images are a multiple of 4,
// channels of 32, and with stride 2 those of the input of 4. All other methods need that, and slices of the sizes that
// Training names.
func (t Training) Supported() bool {
	unit := TileColumns
	if t.Stride == 2 {
		unit = TileRows
		if t.In.Height%2 != 0 || t.In.Width%2 != 0 {
			return false
		}
	}
	return Available() && (t.Stride == 1 || t.Stride == 2) && t.Images*t.In.Size()*t.Out > 0 &&
		t.Images%TileRows == 0 && t.In.Channels%unit == 0 && t.Out%TileColumns == 0
}

func (t Training) window() Window { return Window{3, t.Stride, 1} }

func (t Training) out() Maps { return t.window().Of(t.In, t.Out) }

// Convolve sets y to the convolution of x with a kernel.
func (t Training) Convolve(y, x, kernel []float32) {
	team := t.team()
	defer team.dismiss()
	if t.Stride == 1 {
		team.filter(y, x, kernel, t.Images, t.In, t.Out, func(panels, w []float32) {
			repack(panels, w, t.In.Channels, t.Out)
		})
		return
	}

	w := takeFloats(len(kernel))
	defer putFloats(w)
	depth := taps * t.In.Channels
	repack(*w, kernel, depth, t.Out)
	l := Layer{In: t.In, Out: t.out(), Window: t.window(), Floor: NoFloor,
		Kernel: []Panels{{matrix{*w, TileColumns}, depth * TileColumns}}}
	l.computeAll(y, x, t.Images, team)
}

// ImageGradient sets dx to the gradient to the images, of dy and the kernel with its rows and columns reversed.
func (t Training) ImageGradient(dx, dy, reversed []float32) {
	team := t.team()
	defer team.dismiss()
	if t.Stride == 1 {
		team.filter(dx, dy, reversed, t.Images, t.out(), t.In.Channels, func(panels, w []float32) {
			repackTransposed(panels, w, t.In.Channels, t.Out)
		})
		return
	}
	t.spreadGradient(dx, dy, reversed, team)
}

// KernelGradient sets dw [3, 3, in, out] to the gradient to the kernel, of x and dy.
func (t Training) KernelGradient(dw, x, dy []float32) {
	team := t.team()
	defer team.dismiss()
	if t.Stride == 1 {
		t.filterGradient(dw, x, dy, team)
		return
	}
	t.patchGradient(dw, x, dy, team)
}

// filter computes a convolution of stride 1 by minimal filtering. Pack writes the panels [in, out] of a tap w.
func (team *team) filter(y, x, kernel []float32, images int, in Maps, out int, pack func(panels, w []float32)) {
	each := in.Channels * out
	packed := takeFloats(taps * each)
	defer putFloats(packed)
	team.run(taps, 1, func(tap, _ int, _ *Scratch) {
		pack((*packed)[tap*each:(tap+1)*each], kernel[tap*each:])
	})

	// What the products take of the kernel: [points, in, out], in panels.
	apart, all := pointMatrices(each)
	points := takeFloats(all)
	defer putFloats(points)
	team.run(each/TileColumns, 32, func(first, last int, _ *Scratch) {
		first, last = first*TileColumns, last*TileColumns
		multiply(tilePoints, taps, last-first, matrix{kernelTransform, taps},
			Panels{matrix{(*packed)[first:], each}, TileColumns}, matrix{(*points)[first:], apart}, plain)
	})

	l := Layer{In: in, Out: Maps{in.Height, in.Width, out}, Window: Window{3, 1, 1}, Floor: NoFloor}
	for p := range tilePoints {
		l.Kernel = append(l.Kernel, Panels{matrix{(*points)[p*apart:], TileColumns}, in.Channels * TileColumns})
	}
	l.computeAll(y, x, images, team)
}

// computeAll is Compute on all cores, without bias.
func (l *Layer) computeAll(dst, src []float32, images int, team *team) {
	l.Bias = make([]float32, l.Out.Channels)
	together := TileRows * max(1, FilterTiles/TileRows/tiles(l.Out).each())
	team.run(images, together, func(first, last int, s *Scratch) {
		l.Compute(dst[first*l.Out.Size():], src[first*l.In.Size():last*l.In.Size()], nil, last-first, s)
	})
}

// filterGradient computes the gradient to the kernel by the transpose of minimal filtering.
func (t Training) filterGradient(dw, x, dy []float32, team *team) {
	in, out := t.In.Channels, t.Out
	tilesIn, tilesOut := tiles(t.In), tiles(t.out())
	all := t.Images * tilesIn.each()

	// Parts of the tiles have sums of their own, and so many are computed at once that the sums are read seldom.
	together := max(FilterTiles, in*out/128)
	parts, part := parted(all, together)
	together = min(together, part)
	apart, size := pointMatrices(in * out)
	sums := takeFloats(parts * size)
	defer putFloats(sums)

	team.run(parts, 1, func(n, _ int, s *Scratch) {
		inApart, inAll := pointMatrices(together * in)
		outApart, outAll := pointMatrices(together * out)
		s.inputs, s.products, s.zeros = Grown(s.inputs, inAll), Grown(s.products, outAll), Grown(s.zeros, max(in, out))
		f := &s.transform
		begin, end := n*part, min(all, (n+1)*part)
		if begin >= end {
			clear((*sums)[n*size : (n+1)*size])
		}
		for first := begin; first < end; first += together {
			count := min(together, end-first)
			f.constants, f.stride, f.channels = spreadConstants, 4*inApart, in
			for i := range count {
				tilesIn.pixels(&f.pixels, x, first+i, pointSide, 1, &s.zeros[0])
				f.points = &s.inputs[i*in]
				spread(f)
			}
			f.constants, f.stride, f.channels = gatherConstants, 4*outApart, out
			for i := range count {
				tilesOut.pixels(&f.pixels, dy, first+i, TileSide, 0, &s.zeros[0])
				f.points = &s.products[i*out]
				scatter(f)
			}

			for p := range tilePoints {
				sum, e := (*sums)[n*size+p*apart:], plain
				if first > begin {
					e.plus = sum
				}
				multiplyTransposed(in, count, out, matrix{s.inputs[p*inApart:], in},
					Panels{matrix{s.products[p*outApart:], out}, TileColumns}, matrix{sum, out}, e)
			}
		}
	})

	// The transpose of the kernel's transform, of all parts: [taps, points] x [points, in·out].
	team.run(in*out/TileColumns, 32, func(first, last int, s *Scratch) {
		first, last = first*TileColumns, last*TileColumns
		columns := last - first
		s.products = Grown(s.products, gradientRows*columns)
		e := plain
		for n := range parts {
			multiply(gradientRows, tilePoints, columns, matrix{kernelGradient, tilePoints},
				Panels{matrix{(*sums)[n*size+first:], apart}, TileColumns}, matrix{s.products, columns}, e)
			e.plus = s.products
		}
		for tap := range taps {
			copy(dw[tap*in*out+first:tap*in*out+last], s.products[tap*columns:])
		}
	})
}

// parted returns how many parts all things have, some of which are computed together, and how many are in a part. It
// depends on nothing else, so that sums of parts have the same bits on any number of cores.
func parted(all, together int) (parts, part int) {
	parts = min(max(all/together/2, 2), 16)
	return parts, (all + parts - 1) / parts
}

// patchGradient computes the gradient to the kernel as the product of patches and dy.
func (t Training) patchGradient(dw, x, dy []float32, team *team) {
	out, w, depth := t.out(), t.window(), taps*t.In.Channels
	all := t.Images * out.Height // lines
	together := linesOf(out.Width)

	// Lines have parts with sums of their own.
	parts, part := parted(all, together)
	size := depth * t.Out
	sums := takeFloats(parts * size)
	defer putFloats(sums)
	team.run(parts, 1, func(n, _ int, s *Scratch) {
		s.patches = Grown(s.patches, together*out.Width*depth)
		sum := (*sums)[n*size : (n+1)*size]
		begin, end := n*part, min(all, (n+1)*part)
		if begin >= end {
			clear(sum)
		}
		for first := begin; first < end; first += together {
			last := min(first+together, end)
			left := s.patches
			for line := first; line < last; line++ {
				image := x[line/out.Height*t.In.Size():]
				for column := range out.Width {
					left = w.patch(left, image, t.In, line%out.Height, column)
				}
			}

			e := plain
			if first > begin {
				e.plus = sum
			}
			multiplyTransposed(depth, (last-first)*out.Width, t.Out, matrix{s.patches, depth},
				Panels{matrix{dy[first*out.Width*t.Out:], t.Out}, TileColumns}, matrix{sum, t.Out}, e)
		}
	})

	team.run(size/TileColumns, 64, func(first, last int, _ *Scratch) {
		first, last = first*TileColumns, last*TileColumns
		sum(dw[first:], matrix{(*sums)[first:], size}, parts, last-first, 1)
	})
}

// spreadGradient computes the gradient to the images of stride 2. Pixels of even rows depend on one row of the kernel,
// those of odd rows on two, and so do columns: there are four products, for the four kinds of pixels.
func (t Training) spreadGradient(dx, dy, reversed []float32, team *team) {
	in, out, small := t.In.Channels, t.Out, t.out()
	columns := (in + TileColumns - 1) / TileColumns * TileColumns

	// The taps of even and of odd rows and columns, for the output at their place and for the next one.
	parts := [2][]int{{1}, {0, 2}}
	kernel := takeFloats(taps * columns * out)
	defer putFloats(kernel)
	clear(*kernel)
	var kernels [2][2]Panels
	left := *kernel
	for odd, rows := range parts {
		for oddColumn, beside := range parts {
			depth := len(rows) * len(beside) * out
			part := left[:depth*columns]
			left = left[depth*columns:]
			kernels[odd][oddColumn] = Panels{matrix{part, TileColumns}, depth * TileColumns}
			for i, row := range rows {
				for j, column := range beside {
					tap, at := reversed[(3*row+column)*in*out:], (i*len(beside)+j)*out
					for first := 0; first < in; first += TileColumns {
						transpose(part[first*depth+at*TileColumns:], tap[first*out:], min(TileColumns, in-first), out)
					}
				}
			}
		}
	}

	// An image with a zero after each row, and a row of zeros after the last. Products are of all its pixels but those
	// of that row.
	width := small.Width + 1
	rows := (small.Height*width + TileRows - 1) / TileRows * TileRows
	team.run(t.Images, TileRows, func(first, last int, s *Scratch) {
		s.patches = Grown(s.patches, (rows+width+1)*out)
		s.products = Grown(s.products, rows*columns)
		clear(s.patches)
		for image := first; image < last; image++ {
			for y := range small.Height {
				from := dy[(image*small.Height+y)*small.Width*out:]
				copy(s.patches[y*width*out:], from[:small.Width*out])
			}
			for odd, rowsOf := range parts {
				for oddColumn, beside := range parts {
					windows := runs{matrix{s.patches, out}, 1, len(rowsOf), width * out}
					multiplyRuns(rows, len(beside)*out, columns, windows, kernels[odd][oddColumn],
						matrix{s.products, columns}, plain)
					for y := range small.Height {
						to := dx[((image*t.In.Height+2*y+odd)*t.In.Width+oddColumn)*in:]
						for x := range small.Width {
							copy(to[2*x*in:2*x*in+in], s.products[(y*width+x)*columns:])
						}
					}
				}
			}
		}
	})
}

// repack writes w [k, n] in panels.
func repack(panels, w []float32, k, n int) {
	for first := 0; first < n; first += TileColumns {
		for row := range k {
			copy(panels[:TileColumns], w[row*n+first:])
			panels = panels[TileColumns:]
		}
	}
}

// repackTransposed writes the transpose of w [n, k] in panels.
func repackTransposed(panels, w []float32, n, k int) {
	for first := 0; first < n; first += TileColumns {
		transpose(panels, w[first*k:], TileColumns, k)
		panels = panels[k*TileColumns:]
	}
}

// transpose writes the transpose of w [columns, k] to the first columns of a panel.
func transpose(to, w []float32, columns, k int) {
	const block = 16
	for first := 0; first < k; first += block {
		last := min(k, first+block)
		for column := range columns {
			from, at := w[column*k+first:column*k+last], first*TileColumns+column
			for _, v := range from {
				to[at] = v
				at += TileColumns
			}
		}
	}
}

// kernelTransform is what the points take of the taps of a kernel, [points, taps], and kernelGradient its transpose,
// with rows of zeros: [gradientRows, points].
var kernelTransform, kernelGradient = kernelMatrices()

const gradientRows = 12

func kernelMatrices() (forward, backward []float32) {
	forward, backward = make([]float32, tilePoints*taps), make([]float32, gradientRows*tilePoints)
	for p := range tilePoints {
		for tap := range taps {
			v := float32(algorithm.Kernel[p/pointSide][tap/3] * algorithm.Kernel[p%pointSide][tap%3])
			forward[p*taps+tap], backward[tap*tilePoints+p] = v, v
		}
	}
	return forward, backward
}

// takeFloats returns memory of a length, which putFloats gives back.
func takeFloats(length int) *[]float32 {
	free.Lock()
	defer free.Unlock()
	for i, x := range slices.Backward(free.all) {
		if cap(*x) >= length && cap(*x) <= 2*length {
			free.all = slices.Delete(free.all, i, i+1)
			*x = (*x)[:length]
			return x
		}
	}
	x := make([]float32, length)
	return &x
}

func putFloats(x *[]float32) {
	free.Lock()
	defer free.Unlock()
	free.all = append(free.all, x)
	if len(free.all) > mostFree {
		free.all = slices.Delete(free.all, 0, 1) // the oldest
	}
}

// mostFree is how many pieces of memory are kept: a step of an encoder needs about as many sizes.
const mostFree = 32

var free struct {
	sync.Mutex
	all []*[]float32
}
