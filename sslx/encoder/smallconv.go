package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// smallImage is the number of input pixels up to which a convolution may become one matrix product.
const smallImage = 16

// prefersProduct reports whether a convolution of an image of the given size is better done by smallConvolution: XLA on
// a CPU takes a naive path, 10 to 40 times slower, where the kernel is larger than the image or, for the gradient to
// the image, than the output. Zeros put around the image mend the first case only.
func prefersProduct(height, width, size, stride int) bool {
	return min(ceilDiv(height, stride), ceilDiv(width, stride)) < size && height*width <= smallImage
}

// smallConvolution is the convolution of [Convolution] as one product of the image's pixels and channels with the
// matrix [height·width·in, outHeight·outWidth·channels] that holds the kernel's taps, and zeros where none reaches.
// Its cost is 2·height·width·in·outHeight·outWidth·channels operations an image.
func smallConvolution(x, kernel *Node, size, stride int) *Node {
	batch, height, width := x.Shape().Dimensions[0], x.Shape().Dimensions[1], x.Shape().Dimensions[2]
	in, channels := kernel.Shape().Dimensions[2], kernel.Shape().Dimensions[3]
	outHeight, outWidth := ceilDiv(height, stride), ceilDiv(width, stride)
	pixels, outs := height*width, outHeight*outWidth

	reach := make([][]float32, pixels*outs) // for each pixel and output, a one at the tap that joins them
	for i := range reach {
		pixel, out := i/outs, i%outs
		reach[i] = make([]float32, size*size)
		row := pixel/width - out/outWidth*stride + (size-1)/2
		column := pixel%width - out%outWidth*stride + (size-1)/2
		if 0 <= row && row < size && 0 <= column && column < size {
			reach[i][row*size+column] = 1
		}
	}
	matrix := Dot(Const(x.Graph(), reach), Reshape(kernel, size*size, in*channels)).Product()
	matrix = TransposeAllAxes(Reshape(matrix, pixels, outs, in, channels), 0, 2, 1, 3)
	y := Dot(Reshape(x, batch, pixels*in), Reshape(matrix, pixels*in, outs*channels)).Product()
	return Reshape(y, batch, outHeight, outWidth, channels)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
