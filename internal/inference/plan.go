package inference

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/sslx/encoder"
)

// step is a convolution with what follows it: batch normalization, the addition of another step's output, ReLU.
type step struct {
	from, plus int // steps whose outputs it convolves and adds
	in, out    convolution.Maps
	window     convolution.Window
	kernel     string   // path of the variable; "" keeps the channels
	before     int      // channels of zeros before those that are kept
	norm       []string // paths of scale, offset, mean and variance
	epsilon    float64
	relu       bool
	used       bool // by another step, so that nothing more can follow
}

// Instead of a step: a convolution of the images, and nothing to add.
const fromImages, none = -1, -2

// plan lists the steps of an encoder, whose representations are the means over the pixels of the last one. It is an
// [encoder.Operators] in which the name of a step is its number; it panics with an unsupported operator.
type plan struct {
	images  convolution.Maps
	steps   []step
	kernels map[string]encoder.Tensor // by path
	lists   [][]int                   // by number
	last    int
}

// unsupported is what there is no kernel for.
type unsupported string

// pooled is the name of the mean over the pixels.
const pooled = "pooled"

// newPlan returns the steps of an encoder on images, or an error that names what the kernels do not have.
func newPlan(e encoder.Encoder, images convolution.Maps) (p *plan, err error) {
	if !convolution.Available() {
		return nil, errors.New("the processor has no AVX-512")
	}
	exporter, ok := e.(encoder.Exporter)
	if !ok {
		return nil, fmt.Errorf("the encoder %T has no list of operators", e)
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case unsupported:
			err = fmt.Errorf("there is no kernel for %s", string(r))
		default:
			panic(r)
		}
	}()

	p = &plan{images: images, kernels: map[string]encoder.Tensor{}}
	name := exporter.Export(p, strconv.Itoa(fromImages), images.Channels, images.Height, images.Width)
	if name != pooled {
		return nil, errors.New("there is no kernel for representations that are no means over pixels")
	}
	return p, nil
}

// Variable implements [encoder.Operators].
func (p *plan) Variable(path string, as encoder.Tensor) string {
	p.kernels[path] = as
	return path
}

// Floats implements [encoder.Operators].
func (p *plan) Floats([]float32, ...int) string { panic(unsupported("constants")) }

// Ints implements [encoder.Operators].
func (p *plan) Ints(values ...int) string {
	p.lists = append(p.lists, values)
	return strconv.Itoa(len(p.lists) - 1)
}

// Values implements [encoder.Operators].
func (p *plan) Values(string) []float32 { panic(unsupported("values of variables")) }

// Add implements [encoder.Operators].
func (p *plan) Add(operator string, attributes map[string]any, inputs ...string) string {
	if operator == "Flatten" && inputs[0] == pooled {
		return pooled
	}
	n := number(inputs[0], operator)
	list := func(i int) []int { return p.lists[number(inputs[i], operator)] }

	switch {
	case operator == "Conv" && len(inputs) == 2:
		return p.convolution(n, inputs[1], attributes)
	case operator == "Slice" && len(inputs) == 5 && slices.Equal(list(3), []int{2, 3}):
		return p.everySecond(n, list(1), list(2), list(4))
	case operator == "Pad" && len(inputs) == 2:
		p.pad(n, list(1))
	case operator == "BatchNormalization":
		s := p.unused(n, operator)
		s.norm, s.epsilon = inputs[1:], attributes["epsilon"].(float64)
	case operator == "Add":
		return p.sum(n, number(inputs[1], operator))
	case operator == "Relu":
		p.unused(n, operator).relu = true
	case operator == "GlobalAveragePool":
		p.output(n)
		p.last = n
		return pooled
	default:
		panic(unsupported(operator))
	}
	return inputs[0]
}

// number returns the number that is the name of a step or of a list.
func number(name, operator string) int {
	n, err := strconv.Atoi(name)
	if err != nil {
		panic(unsupported(operator + " of a constant"))
	}
	return n
}

// convolution adds a step.
func (p *plan) convolution(from int, kernel string, attributes map[string]any) string {
	ints := func(name string) []int { list, _ := attributes[name].([]int); return list }
	sides, strides, pads, dims := ints("kernel_shape"), ints("strides"), ints("pads"), p.kernels[kernel].Dims
	if len(sides) != 2 || len(strides) != 2 || len(pads) != 4 || len(dims) != 4 {
		panic(unsupported("Conv without padding"))
	}

	in, w := p.output(from), convolution.Window{Size: sides[0], Stride: strides[0], Before: pads[0]}
	out := w.Of(in, dims[0])
	rows, columns := (in.Height+pads[0]+pads[2]-w.Size)/w.Stride+1, (in.Width+pads[1]+pads[3]-w.Size)/w.Stride+1
	if sides[1] != w.Size || strides[1] != w.Stride || pads[1] != w.Before || rows != out.Height ||
		columns != out.Width {
		panic(unsupported("Conv of this padding"))
	}
	p.steps = append(p.steps, step{from: from, plus: none, in: in, out: out, window: w, kernel: kernel})
	return strconv.Itoa(len(p.steps) - 1)
}

// everySecond adds a step that keeps one pixel of each two, or of more.
func (p *plan) everySecond(from int, starts, ends, steps []int) string {
	in := p.output(from)
	if starts[0] != 0 || starts[1] != 0 || ends[0] < in.Height || ends[1] < in.Width || steps[0] != steps[1] {
		panic(unsupported("Slice of a part of an image"))
	}
	w := convolution.Window{Size: 1, Stride: steps[0]}
	out := w.Of(in, in.Channels)
	p.steps = append(p.steps, step{from: from, plus: none, in: in, out: out, window: w})
	return strconv.Itoa(len(p.steps) - 1)
}

// pad adds channels of zeros to a step that keeps its own.
func (p *plan) pad(n int, pads []int) {
	s := p.unused(n, "Pad")
	before, after := pads[1], pads[5]
	if s.kernel != "" || s.norm != nil || !slices.Equal(pads, []int{0, before, 0, 0, 0, after, 0, 0}) {
		panic(unsupported("Pad of pixels"))
	}
	s.before, s.out.Channels = before, s.in.Channels+before+after
}

// sum adds two outputs, in the step of the later one.
func (p *plan) sum(a, b int) string {
	first, last := min(a, b), max(a, b)
	s := p.unused(last, "Add")
	if first == fromImages || first == last || p.output(first) != s.out {
		panic(unsupported("Add of maps of different sizes"))
	}
	s.plus = first
	return strconv.Itoa(last)
}

// unused returns a step to which an operator can be added: the operators of a step come in the order of its fields.
func (p *plan) unused(n int, operator string) *step {
	if n == fromImages || p.steps[n].used || p.steps[n].relu || p.steps[n].plus != none && operator != "Relu" {
		panic(unsupported(operator + " here"))
	}
	return &p.steps[n]
}

// output returns the maps of a step that another one takes.
func (p *plan) output(n int) convolution.Maps {
	if n == fromImages {
		return p.images
	}
	p.steps[n].used = true
	return p.steps[n].out
}

// slots numbers the memory that the output of each step is in, and counts it: memory is used again once no step takes
// what is in it.
func (p *plan) slots() (slots []int, count int) {
	// The last step that takes each output.
	last := make([]int, len(p.steps))
	for n, s := range p.steps {
		last[n] = n
		for _, input := range []int{s.from, s.plus} {
			if input >= 0 {
				last[input] = n
			}
		}
	}
	last[p.last] = len(p.steps)

	var free []int
	slots = make([]int, len(p.steps))
	for n := range p.steps {
		if len(free) == 0 {
			free, count = append(free, count), count+1
		}
		slots[n], free = free[len(free)-1], free[:len(free)-1]
		for input, step := range last {
			if step == n {
				free = append(free, slots[input])
			}
		}
	}
	return slots, count
}

// folded returns kernel [size·size·in, out] and bias [out] of a step with what batch normalization multiplies and adds.
// There are at least as many channels as the step has, and more of them are zeros.
func (s step) folded(values map[string][]float32, in, out int) (kernel, bias []float64, err error) {
	kernel, bias = make([]float64, s.window.Size*s.window.Size*in*out), make([]float64, out)
	factor := slices.Repeat([]float64{1}, s.out.Channels)
	if s.norm != nil {
		var norm [4][]float32
		for i, name := range s.norm {
			if norm[i] = values[name]; len(norm[i]) != s.out.Channels {
				return nil, nil, fmt.Errorf("%s has %d values, and not %d", name, len(norm[i]), s.out.Channels)
			}
		}
		scale, offset, mean, variance := norm[0], norm[1], norm[2], norm[3]
		for i := range factor {
			factor[i] = float64(scale[i]) / math.Sqrt(float64(variance[i])+s.epsilon)
			bias[i] = float64(offset[i]) - float64(mean[i])*factor[i]
		}
	}

	if s.kernel == "" {
		for c := range s.in.Channels {
			kernel[c*out+s.before+c] = 1
		}
		return kernel, bias, nil
	}
	w := values[s.kernel]
	if want := s.window.Size * s.window.Size * s.in.Channels * s.out.Channels; len(w) != want {
		return nil, nil, fmt.Errorf("%s has %d values, and not %d", s.kernel, len(w), want)
	}
	for i, v := range w {
		row, channel := i/s.out.Channels, i%s.out.Channels
		pixel, from := row/s.in.Channels, row%s.in.Channels
		kernel[(pixel*in+from)*out+channel] = float64(v) * factor[channel]
	}
	return kernel, bias, nil
}

// border returns how many zeros are before the pixels of images so that no window begins outside, and the size of
// images with zeros around them in which all windows are.
func (p *plan) border() (before int, all convolution.Maps) {
	for _, s := range p.steps {
		if s.from == fromImages {
			before = max(before, s.window.Before)
		}
	}

	all = p.images
	all.Height, all.Width = before+all.Height, before+all.Width
	for _, s := range p.steps {
		if w := s.window; s.from == fromImages {
			begin := before - w.Before
			all.Height = max(all.Height, begin+(s.out.Height-1)*w.Stride+w.Size)
			all.Width = max(all.Width, begin+(s.out.Width-1)*w.Stride+w.Size)
		}
	}
	return before, all
}
