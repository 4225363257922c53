package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Convolution is a 2-D convolution without bias, padded so that stride 1 keeps the size: x [batch, height, width, in]
// to [batch, ⌈height/stride⌉, ⌈width/stride⌉, channels]. An even kernel reaches one pixel further to the right and
// down. Variable in scope: "kernel" [size, size, in, channels], normal with variance 2/fan-in (He et al. 2015,
// https://arxiv.org/abs/1502.01852).
func Convolution(scope *model.Scope, x *Node, channels, size, stride int) *Node {
	in := x.Shape().Dimensions[3]
	kernel := weights(scope, "kernel", 2, size*size*in, size, size, in, channels).NodeValue(x)
	if prefersProduct(x.Shape().Dimensions[1], x.Shape().Dimensions[2], size, stride) {
		return smallConvolution(x, kernel, size, stride)
	}
	if size%2 == 0 {
		kernel = oddSized(kernel)
	}
	pad := [2]int{size / 2, size / 2}
	return Convolve(x, kernel).PaddingPerDim([][2]int{pad, pad}).Strides(stride).Done()
}

// oddSized puts a row and a column of zeros before an even kernel, which changes nothing but who computes the gradient
// to the image: GoMLX 0.28.2's is that of a shifted kernel where the size is even.
func oddSized(kernel *Node) *Node {
	for axis := range 2 {
		shape := kernel.Shape().Clone()
		shape.Dimensions[axis] = 1
		kernel = Concatenate([]*Node{Zeros(kernel.Graph(), shape), kernel}, axis)
	}
	return kernel
}
