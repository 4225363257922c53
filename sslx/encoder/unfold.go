package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// A convolution of at most fewChannels with a kernel of at most smallKernel is faster unfolded than by XLA, and a patch
// has no more than 64 values.
const fewChannels, smallKernel = 4, 4

// unfolded is the convolution as one matrix product: each output's patch of m is a row [size·size·in] (Chellapilla et
// al. 2006, https://inria.hal.science/inria-00112631). Memory: the patches, size²/stride² times m.
func unfolded(m featureMaps, kernel *Node, stride int) featureMaps {
	dims := kernel.Shape().Dimensions
	size, in, channels := dims[0], dims[2], dims[3]
	rows, columns := m.pixelAxes()

	// Tap (i, j) of all outputs is a part of the padded maps with the stride as its step.
	x := surrounded(surrounded(m.x, rows, size, stride), columns, size, stride)
	var taps []*Node
	for i := range size {
		for j := range size {
			taps = append(taps, every(every(x, rows, i, size, stride), columns, j, size, stride))
		}
	}
	patches := Concatenate(taps, 3) // [batch, height/stride, width/stride, size·size·in], or pixels first

	y := Dot(Reshape(patches, -1, size*size*in), Reshape(kernel, -1, channels)).Product()
	out := patches.Shape().Clone().Dimensions
	out[3] = channels
	return featureMaps{Reshape(y, out...), m.pixelsFirst}
}

// surrounded returns x with zeros on an axis, as many as a kernel of a size and stride needs before and after.
func surrounded(x *Node, axis, size, stride int) *Node {
	length := x.Shape().Dimensions[axis]
	before := (size - 1) / 2
	after := max(0, (length-1)/stride*stride+size-before-length)

	zeros := func(n int) *Node {
		shape := x.Shape().Clone()
		shape.Dimensions[axis] = n
		return Zeros(x.Graph(), shape)
	}

	parts := []*Node{x}
	if before > 0 {
		parts = append([]*Node{zeros(before)}, parts...)
	}
	if after > 0 {
		parts = append(parts, zeros(after))
	}
	return Concatenate(parts, axis)
}

// every returns what tap i of a kernel sees of an axis that is surrounded.
func every(x *Node, axis, i, size, stride int) *Node {
	specs := make([]SliceAxisSpec, axis+1)
	for a := range specs {
		specs[a] = AxisRange()
	}
	last := x.Shape().Dimensions[axis] - size
	specs[axis] = AxisRange(i, i+last/stride*stride+1).Stride(stride)
	return Slice(x, specs...)
}
