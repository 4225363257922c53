package convolution

import (
	"slices"
	"sync"
)

// Training is a convolution of images, padded so that stride 1 keeps their size, and its gradients. Images are
// [Images, height, width, channels] and a kernel [size, size, in, out]. All cores compute; results do not depend on how
// many.
type Training struct {
	Images int
	In     Maps
	Out    int // channels
	Size   int // 3, or up to 4 for at most 4 channels of images
	Stride int // 1, or 2 for an even height and width

	// Rounds says that products take numbers which are rounded to bfloat16, and that results are in bfloat16, two
	// numbers to an element of the slice. Sums and the transforms of minimal filtering are float32.
	Rounds bool

	// Start finds threads that help; nil starts goroutines.
	Start Start
}

const taps = 9 // of a kernel of size 3

// few is the largest number of channels of images, and largest the size of a kernel for them.
const few, largest = 4, 4

// Supported reports whether there are kernels for this geometry, on this processor: images are a multiple of 4,
// channels of 32, and with stride 2 those of inputs that are not rounded of 4. Outputs of images of few channels may
// also be 16; there is no gradient to those images. All other methods need that, and slices of the sizes that Training
// names.
func (t Training) Supported() bool {
	if !Available() || t.Rounds && !AvailableBFloat16() || t.Images*t.In.Size()*t.Out == 0 || t.Images%TileRows != 0 {
		return false
	}
	switch t.Stride {
	case 1:
	case 2:
		if t.In.Height%2 != 0 || t.In.Width%2 != 0 {
			return false
		}
	default:
		return false
	}

	if t.OfFew() {
		return t.Size > 0 && t.Size <= largest && t.Out%(TileColumns/2) == 0 && !t.Rounds
	}
	unit := TileColumns
	if t.Stride == 2 && !t.Rounds {
		unit = TileRows
	}
	return t.Size == 3 && t.In.Channels%unit == 0 && t.Out%TileColumns == 0
}

// OfFew reports whether images have few channels, as the first layer's have.
func (t Training) OfFew() bool { return t.In.Channels <= few }

// filters reports whether minimal filtering computes the convolution.
func (t Training) filters() bool { return t.Stride == 1 && !t.OfFew() }

func (t Training) window() Window { return Window{t.Size, t.Stride, (t.Size - 1) / 2} }

func (t Training) out() Maps { return t.window().Of(t.In, t.Out) }

// depth is the number of values of a patch, and of rows of its product: a multiple of TileRows.
func (t Training) depth() (values, rows int) {
	values = t.Size * t.Size * t.In.Channels
	return values, up(values, TileRows)
}

// up returns n, or the next larger multiple of a unit.
func up(n, unit int) int { return (n + unit - 1) / unit * unit }

// each is how many numbers an element of a result has, and of what products take.
func (t Training) each() int {
	if t.Rounds {
		return 2
	}
	return 1
}

// Convolve sets y to the convolution of x with a kernel.
func (t Training) Convolve(y, x, kernel []float32) {
	team := newTeam(t.Start)
	defer team.dismiss()
	if t.filters() {
		t.filter(y, x, t.In, t.Out, team, func(tap int) Panels {
			return Panels{matrix: matrix{kernel[tap*t.In.Channels*t.Out:], t.Out}, distance: TileColumns}
		})
		return
	}

	depth, _ := t.depth()
	w := takeFloats(depth * up(t.Out, TileColumns))
	defer putFloats(w)
	repack(*w, kernel, depth, t.Out)
	l := t.layer(t.In, t.out())
	l.Kernel = []Panels{t.panels(*w, depth)}
	l.computeAll(y, x, t.Images, team)
}

// ImageGradient sets dx to the gradient to the images, of dy and the kernel.
func (t Training) ImageGradient(dx, dy, kernel []float32) {
	team := newTeam(t.Start)
	defer team.dismiss()
	if t.filters() {
		// The taps the other way around, and each transposed, in panels.
		panels, panel := t.In.Channels/TileColumns, t.Out*TileColumns
		packed := takeFloats(taps * panels * panel)
		defer putFloats(packed)
		team.run(taps*panels, 1, func(n, _ int, _ *Scratch) {
			tap := taps - 1 - n/panels
			transpose((*packed)[n*panel:], kernel[(tap*panels+n%panels)*panel:], TileColumns, t.Out)
		})
		t.filter(dx, dy, t.out(), t.In.Channels, team, func(tap int) Panels {
			return Panels{matrix: matrix{(*packed)[tap*panels*panel:], TileColumns}, distance: panel}
		})
		return
	}
	t.spreadGradient(dx, dy, kernel, team)
}

// KernelGradient sets dw [size, size, in, out] to the gradient to the kernel, of x and dy.
func (t Training) KernelGradient(dw, x, dy []float32) {
	team := newTeam(t.Start)
	defer team.dismiss()
	if t.filters() {
		t.filterGradient(dw, x, dy, team)
		return
	}
	t.patchGradient(dw, x, dy, team)
}

// layer returns the layer of some maps, without a kernel.
func (t Training) layer(in, out Maps) *Layer {
	return &Layer{In: in, Out: out, Window: t.window(), Floor: NoFloor, Rounds: t.Rounds}
}

// panels returns a kernel that is written in panels of depth rows, which lose their values where products take pairs.
func (t Training) panels(w []float32, depth int) Panels {
	if t.Rounds {
		pairRows(w, w, len(w)/TileColumns, TileColumns)
		depth /= 2
	}
	return Panels{matrix{w, TileColumns}, depth * TileColumns, t.Rounds}
}

// filter computes a convolution of stride 1 by minimal filtering. Kernel returns the matrix [in, out] of a tap.
func (t Training) filter(y, x []float32, in Maps, out int, team *team, kernel func(tap int) Panels) {
	rows, each := in.Channels, t.each()
	var matrices [taps]Panels
	for tap := range matrices {
		matrices[tap] = kernel(tap)
	}
	bends := []func(*transform){bend}
	if t.Rounds {
		bends = append(bends, bendSecond) // a pair of two rows
	}

	// What the products take of the kernel: [points, in, out], in panels.
	apart, all := pointMatrices(rows / each * out)
	points := takeFloats(all)
	defer putFloats(points)
	team.run(rows*out/TileColumns, 32, func(first, last int, s *Scratch) {
		f := &s.transform
		f.constants, f.stride, f.channels = bendConstants, 4*apart, TileColumns
		for i := first; i < last; i++ {
			panel, row := i/rows, i%rows
			for tap, m := range matrices {
				f.pixels[tap] = &m.x[panel*m.distance+row*m.stride]
			}
			f.points = &(*points)[i/each*TileColumns]
			bends[row%each](f)
		}
	})

	l := t.layer(in, Maps{in.Height, in.Width, out})
	for p := range tilePoints {
		m := matrix{(*points)[p*apart:], TileColumns}
		l.Kernel = append(l.Kernel, Panels{m, rows / each * TileColumns, t.Rounds})
	}
	l.computeAll(y, x, t.Images, team)
}

// computeAll is Compute on all cores, without bias.
func (l *Layer) computeAll(dst, src []float32, images int, team *team) {
	l.Bias = make([]float32, l.Out.Channels)
	together := TileRows * max(1, FilterTiles/TileRows/tiles(l.Out).each())
	team.run(images, together, func(first, last int, s *Scratch) {
		l.Compute(dst[first*l.elements().Size():], src[first*l.In.Size():last*l.In.Size()], nil, last-first, s)
	})
}

// filterGradient computes the gradient to the kernel by the transpose of minimal filtering.
func (t Training) filterGradient(dw, x, dy []float32, team *team) {
	in, out := t.In.Channels, t.Out
	tilesIn, tilesOut := tiles(t.In), tiles(t.out())
	all, each := t.Images*tilesIn.each(), t.each()
	spreads, scatters := []func(*transform){spread}, []func(*transform){scatter}
	if t.Rounds { // a pair of two tiles
		spreads = []func(*transform){spread, spreadSecond}
		scatters = []func(*transform){scatter, scatterSecond}
	}

	// Parts of the tiles have sums of their own, and so many are computed at once that the sums are read seldom.
	together := max(FilterTiles, in*out/128)
	parts, part := t.parted(all, together)
	together = min(together, part)
	apart, size := pointMatrices(in * out)
	sums := takeFloats(parts * size)
	defer putFloats(sums)

	team.run(parts, 1, func(n, _ int, s *Scratch) {
		inApart, inAll := pointMatrices(together / each * in)
		outApart, outAll := pointMatrices(together / each * out)
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
				f.points = &s.inputs[i/each*in]
				spreads[i%each](f)
			}
			f.constants, f.stride, f.channels = gatherConstants, 4*outApart, out
			for i := range count {
				tilesOut.pixels(&f.pixels, dy, first+i, TileSide, 0, &s.zeros[0])
				f.points = &s.products[i/each*out]
				scatters[i%each](f)
			}

			for p := range tilePoints {
				sum, e := (*sums)[n*size+p*apart:], plain
				if first > begin {
					e.plus = sum
				}
				multiplyTransposed(in, count/each, out, matrix{s.inputs[p*inApart:], in},
					Panels{matrix{s.products[p*outApart:], out}, TileColumns, t.Rounds}, matrix{sum, out}, e)
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
			points := Panels{matrix: matrix{(*sums)[n*size+first:], apart}, distance: TileColumns}
			multiply(gradientRows, tilePoints, columns, matrix{kernelGradient, tilePoints}, points,
				matrix{s.products, columns}, e)
			e.plus = s.products
		}
		for tap := range taps {
			t.write(dw[(tap*in*out+first)/each:], s.products[tap*columns:(tap+1)*columns])
		}
	})
}

// pairRows sets to to pairs of each two rows of x. They may be the same.
func pairRows(to, x []float32, rows, columns int) {
	for row := 0; row < rows; row += 2 {
		pair(&to[row/2*columns], &x[row*columns], &x[(row+1)*columns], columns)
	}
}

// write sets to to numbers, which it rounds where products and results are.
func (t Training) write(to, numbers []float32) {
	if t.Rounds {
		round(&to[0], &numbers[0], len(numbers))
		return
	}
	copy(to, numbers)
}

// parted returns how many parts all things have, some of which are computed together, and how many are in a part: whole
// pairs in bfloat16. It depends on nothing else, so that sums of parts have the same bits on any number of cores.
func (t Training) parted(all, together int) (parts, part int) {
	parts = min(max(all/together/2, 2), 16)
	each := t.each()
	return parts, (all/each + parts - 1) / parts * each
}

// patchGradient computes the gradient to the kernel as the product of patches and dy.
func (t Training) patchGradient(dw, x, dy []float32, team *team) {
	out, w, each := t.out(), t.window(), t.each()
	depth, deep := t.depth()
	columns := up(t.Out, TileColumns)
	all := t.Images * out.Height // lines
	together := linesOf(out.Width)

	// Lines have parts with sums of their own.
	parts, part := t.parted(all, together)
	size := deep * columns
	sums := takeFloats(parts * size)
	defer putFloats(sums)
	team.run(parts, 1, func(n, _ int, s *Scratch) {
		s.patches = Grown(s.patches, together*out.Width*deep)
		sum := (*sums)[n*size : (n+1)*size]
		begin, end := n*part, min(all, (n+1)*part)
		if begin >= end {
			clear(sum)
		}
		for first := begin; first < end; first += together {
			last := min(first+together, end)
			rows, gradients, left := (last-first)*out.Width, dy[first*out.Width*t.Out:], s.patches
			for line := first; line < last; line++ {
				image := x[line/out.Height*t.In.Size():]
				for column := range out.Width {
					left = w.patch(left, image, t.In, line%out.Height, column)
					clear(left[:deep-depth])
					left = left[deep-depth:]
				}
			}
			switch {
			case t.Rounds:
				s.products = Grown(s.products, rows/2*columns)
				pairRows(s.patches, s.patches, rows, deep)
				pairRows(s.products, gradients, rows, columns)
				gradients = s.products
			case columns > t.Out:
				s.products = Grown(s.products, rows*columns)
				for row := range rows {
					copy(s.products[row*columns:], gradients[row*t.Out:(row+1)*t.Out])
				}
				gradients = s.products
			}

			e := plain
			if first > begin {
				e.plus = sum
			}
			multiplyTransposed(deep, rows/each, columns, matrix{s.patches, deep},
				Panels{matrix{gradients, columns}, TileColumns, t.Rounds}, matrix{sum, columns}, e)
		}
	})

	team.run(depth, 8, func(first, last int, s *Scratch) {
		s.products = Grown(s.products, (last-first)*columns)
		sum(s.products, matrix{(*sums)[first*columns:], size}, parts, len(s.products), 1)
		for row := first; row < last; row++ {
			t.write(dw[row*t.Out/each:], s.products[(row-first)*columns:][:t.Out])
		}
	})
}

// spreadGradient computes the gradient to the images of stride 2. Pixels of even rows depend on one row of the kernel,
// those of odd rows on two, and so do columns: there are four products, for the four kinds of pixels.
func (t Training) spreadGradient(dx, dy, kernel []float32, team *team) {
	in, out, small, each := t.In.Channels, t.Out/t.each(), t.out(), t.each() // out is by elements
	columns := up(in, TileColumns)

	// The taps of even and of odd rows and columns, for the output at their place and for the next one.
	parts := [2][]int{{1}, {0, 2}}
	packed := takeFloats(taps * columns * t.Out)
	defer putFloats(packed)
	clear(*packed)
	var kernels [2][2]Panels
	left := *packed
	for odd, rows := range parts {
		for oddColumn, beside := range parts {
			depth := len(rows) * len(beside) * t.Out
			part := left[:depth*columns]
			left = left[depth*columns:]
			for i, row := range rows {
				for j, column := range beside {
					tap, at := kernel[(taps-1-3*row-column)*in*t.Out:], (i*len(beside)+j)*t.Out
					for first := 0; first < in; first += TileColumns {
						count := min(TileColumns, in-first)
						transpose(part[first*depth+at*TileColumns:], tap[first*t.Out:], count, t.Out)
					}
				}
			}
			kernels[odd][oddColumn] = t.panels(part, depth)
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
				from := dy[(image*small.Height+y)*small.Width*t.Out:]
				t.write(s.patches[y*width*out:], from[:small.Width*t.Out])
			}
			for odd, rowsOf := range parts {
				for oddColumn, beside := range parts {
					windows := runs{matrix{s.patches, out}, 1, len(rowsOf), width * out}
					multiplyRuns(rows, len(beside)*out, columns, windows, kernels[odd][oddColumn],
						matrix{s.products, columns}, plain)
					for y := range small.Height {
						to := dx[((image*t.In.Height+2*y+odd)*t.In.Width+oddColumn)*in/each:]
						for x := range small.Width {
							at := (y*width + x) * columns
							t.write(to[2*x*in/each:], s.products[at:at+in])
						}
					}
				}
			}
		}
	})
}

// repack writes w [k, n] in panels. What a panel has more than n columns are numbers of no use.
func repack(panels, w []float32, k, n int) {
	for first := 0; first < n; first += TileColumns {
		for row := range k {
			copy(panels[:min(TileColumns, n-first)], w[row*n+first:])
			panels = panels[TileColumns:]
		}
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

// kernelGradient is the transpose of what the points take of the taps of a kernel, with rows of zeros:
// [gradientRows, points].
var kernelGradient = kernelMatrix()

const gradientRows = 12

func kernelMatrix() []float32 {
	m := make([]float32, gradientRows*tilePoints)
	for p := range tilePoints {
		for tap := range taps {
			m[tap*tilePoints+p] = float32(algorithm.Kernel[p/pointSide][tap/3] * algorithm.Kernel[p%pointSide][tap%3])
		}
	}
	return m
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
