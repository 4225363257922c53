package embedding

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// unfolding is the pure-Go backend with its convolutions as matrix products (Chellapilla et al. 2006,
// https://inria.hal.science/inria-00112631), which it computes several times faster than convolutions. Memory: the
// patches, which are size²/stride² times the maps; batches are small here.
type unfolding struct{ compute.Backend }

// Builder returns the backend's builder with other convolutions.
func (u unfolding) Builder(name string) compute.Builder {
	return unfoldingBuilder{u.Backend.Builder(name)}
}

type unfoldingBuilder struct{ compute.Builder }

// Main returns the main function, to which GoMLX adds the operations.
func (b unfoldingBuilder) Main() compute.Function { return unfoldingFunction{b.Builder.Main()} }

type unfoldingFunction struct{ compute.Function }

// ConvGeneral is a convolution of maps in two dimensions as a product of patches and kernels. One that is dilated,
// grouped, cropped, or not of float32 is the backend's.
func (f unfoldingFunction) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int,
	paddings [][2]int, inputDilations, kernelDilations []int, channelGroups, batchGroups int) (compute.Value, error) {
	shape, err := f.Shape(input)
	if err != nil {
		return nil, err
	}
	dilated := func(factors []int) bool { return slices.ContainsFunc(factors, func(d int) bool { return d > 1 }) }
	cropped := slices.ContainsFunc(paddings, func(p [2]int) bool { return min(p[0], p[1]) < 0 })
	if len(axes.InputSpatial) != 2 || dilated(inputDilations) || dilated(kernelDilations) || channelGroups > 1 ||
		batchGroups > 1 || cropped || shape.DType != dtypes.Float32 {
		return f.Function.ConvGeneral(input, kernel, axes, strides, paddings, inputDilations, kernelDilations,
			channelGroups, batchGroups)
	}
	if len(strides) == 0 {
		strides = []int{1, 1}
	}

	b := &builder{Function: f.Function}
	x := b.transpose(input, axes.InputBatch, axes.InputSpatial[0], axes.InputSpatial[1], axes.InputChannels)
	w := b.transpose(kernel, axes.KernelOutputChannels, axes.KernelSpatial[0], axes.KernelSpatial[1],
		axes.KernelInputChannels)
	y := b.convolution(x, w, [2]int(strides), paddings)

	// The axes of the result go where they are wanted.
	order := make([]int, 4)
	for from, to := range []int{axes.OutputBatch, axes.OutputSpatial[0], axes.OutputSpatial[1], axes.OutputChannels} {
		order[to] = from
	}
	return b.transpose(y, order...), b.failed
}

// builder adds operations to a function until one fails.
type builder struct {
	compute.Function
	failed error
}

// do returns the value that an operation gives.
func (b *builder) do(operation func() (compute.Value, error)) (v compute.Value) {
	if b.failed == nil {
		v, b.failed = operation()
	}
	return v
}

// dims returns the dimensions of a value, none after a failure.
func (b *builder) dims(v compute.Value) [4]int {
	if b.failed != nil {
		return [4]int{}
	}
	shape, err := b.Shape(v)
	if b.failed = err; err != nil {
		return [4]int{}
	}
	return [4]int(shape.Dimensions)
}

func (b *builder) transpose(v compute.Value, order ...int) compute.Value {
	if slices.IsSorted(order) {
		return v
	}
	return b.do(func() (compute.Value, error) { return b.Transpose(v, order...) })
}

// convolution returns [batch, height, width, channels] of x [batch, height, width, in] and w [channels, size, size,
// in].
func (b *builder) convolution(x, w compute.Value, strides [2]int, paddings [][2]int) compute.Value {
	if slices.ContainsFunc(paddings, func(p [2]int) bool { return p != [2]int{} }) {
		zero := b.do(func() (compute.Value, error) { return b.Constant([]float32{0}) })
		pad := func(of [2]int) compute.PadAxis { return compute.PadAxis{Start: of[0], End: of[1]} }
		x = b.do(func() (compute.Value, error) {
			return b.Pad(x, zero, compute.PadAxis{}, pad(paddings[0]), pad(paddings[1]), compute.PadAxis{})
		})
	}

	maps, kernel := b.dims(x), b.dims(w)
	batch, in, channels := maps[0], maps[3], kernel[0]
	rows, columns := (maps[1]-kernel[1])/strides[0]+1, (maps[2]-kernel[2])/strides[1]+1

	// What pixel (i, j) of the kernel sees, for all results: [batch, rows, columns, in].
	var taps []compute.Value
	for i := range kernel[1] {
		for j := range kernel[2] {
			start := []int{0, i, j, 0}
			end := []int{batch, i + (rows-1)*strides[0] + 1, j + (columns-1)*strides[1] + 1, in}
			taps = append(taps, b.do(func() (compute.Value, error) {
				return b.Slice(x, start, end, []int{1, strides[0], strides[1], 1})
			}))
		}
	}
	patches := b.do(func() (compute.Value, error) { return b.Concatenate(3, taps...) })

	// Both matrices have the pixels of a patch as their columns.
	size := kernel[1] * kernel[2] * in
	patches = b.do(func() (compute.Value, error) { return b.Reshape(patches, batch*rows*columns, size) })
	w = b.do(func() (compute.Value, error) { return b.Reshape(w, channels, size) })
	y := b.do(func() (compute.Value, error) {
		return b.DotGeneral(patches, []int{1}, nil, w, []int{1}, nil, compute.DotGeneralConfig{})
	})
	return b.do(func() (compute.Value, error) { return b.Reshape(y, batch, rows, columns, channels) })
}
