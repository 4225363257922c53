package encoder

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	convolutions "github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/device"
)

// winogradSide is the largest side of a map on which winograd is faster than XLA's convolution. It is not for bfloat16,
// whose rounding its transforms enlarge.
const winogradSide = 32

// convolution is a 2-D convolution without bias, padded so that stride 1 keeps the size: a map of height x width with
// some channels becomes one of ⌈height/stride⌉ x ⌈width/stride⌉. An even kernel, for few channels only, reaches one
// pixel further to the right and down. Variable in scope: "kernel" [size, size, in, channels], normal with variance
// 2/fan-in (He et al. 2015, https://arxiv.org/abs/1502.01852).
func convolution(scope *model.Scope, m featureMaps, channels, size, stride int) featureMaps {
	in := m.channels()
	kernel := valueLike(weights(scope, "kernel", 2, size*size*in, size, size, in, channels), m.x)
	height, width := m.size()
	rounds := rounds(scope, m.x.Graph())

	// The first that fits is the fastest on a CPU. A GPU has a library of convolutions.
	switch {
	case size == 1 && stride == 1:
		return featureMaps{pointwise(m.x, kernel), m.pixelsFirst}
	case device.IsGPU(m.x.Graph()) && size%2 == 1:
		return featureMaps{convolve(m.images(), kernel, stride), false}
	case size == 1:
		// As images, so that devices which share the batch exchange nothing.
		return featureMaps{pointwise(featureMaps{x: m.images()}.every(stride).x, kernel), false}
	case in <= fewChannels && size <= smallKernel:
		if hasKernels(m, kernel, stride, false) {
			return featureMaps{convolveFew(m.images(), kernel, stride), false}
		}
		return unfolded(m, kernel, stride)
	case hasKernels(m, kernel, stride, rounds):
		x := m.images()
		if rounds {
			x, kernel = ConvertDType(x, dtypes.BFloat16), ConvertDType(kernel, dtypes.BFloat16)
		}
		return featureMaps{wide(convolve(x, kernel, stride)), false}
	case size == 3 && stride == 1 && max(height, width) <= winogradSide && m.x.DType() != dtypes.BFloat16:
		return featureMaps{winograd(m.pixels(), kernel), true}
	}
	return featureMaps{convolve(m.images(), kernel, stride), false}
}

// hasKernels reports whether package convolution computes a convolution and its gradients: backends let it compute what
// convolve writes.
func hasKernels(m featureMaps, kernel *Node, stride int, rounds bool) bool {
	height, width := m.size()
	dims := kernel.Shape().Dimensions
	t := convolutions.Training{Images: m.x.Shape().Size() / (height * width * dims[2]),
		In: convolutions.Maps{Height: height, Width: width, Channels: dims[2]}, Out: dims[3], Size: dims[0],
		Stride: stride, Rounds: rounds}
	return m.x.DType() == dtypes.Float32 && device.HasConvolutions(m.x.Graph()) && t.Supported()
}

// pointwise is the convolution with a kernel [1, 1, in, channels].
func pointwise(x, kernel *Node) *Node {
	dims := x.Shape().Clone().Dimensions
	in, channels := dims[3], kernel.Shape().Dimensions[3]
	dims[3] = channels
	return Reshape(Dot(Reshape(x, -1, in), Reshape(kernel, in, channels)).Product(), dims...)
}

// convolve is XLA's convolution of images [batch, height, width, in]. The size of the kernel is odd: with an even one,
// GoMLX 0.28.2's gradient to the image belongs to a shifted kernel.
func convolve(images, kernel *Node, stride int) *Node {
	size := kernel.Shape().Dimensions[0]
	pad := [2]int{size / 2, size / 2}
	return Convolve(images, kernel).PaddingPerDim([][2]int{pad, pad}).Strides(stride).Done()
}

// convolveFew is convolve for images of few channels, with a kernel of any size. Its gradient to the images is that of
// unfolded, which nothing computes where images are not trained.
func convolveFew(images, kernel *Node, stride int) *Node {
	size := kernel.Shape().Dimensions[0]
	before := (size - 1) / 2
	pad := func(length int) [2]int {
		return [2]int{before, max(0, (length-1)/stride*stride+size-before-length)}
	}
	forward := func(x *Node) *Node {
		dims := x.Shape().Dimensions
		return Convolve(x, kernel).PaddingPerDim([][2]int{pad(dims[1]), pad(dims[2])}).Strides(stride).Done()
	}
	return withGradient(images, forward, func(dy *Node) *Node {
		y := unfolded(featureMaps{x: images}, kernel, stride).images()
		return Gradient(ReduceAllSum(Mul(y, StopGradient(dy))), images)[0]
	})
}
