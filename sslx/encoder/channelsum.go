package encoder

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	convolutions "github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/device"
)

// maxParts is the largest number of parts of a map that channelSum adds at once.
const maxParts = 8

// channelSum returns the sums over all axes of x [..., channels] but the last. XLA's CPU reduces leading axes at a
// tenth of the speed of memory. Parts of the maps, added to each other, are one pass of additions of whole rows, and
// leave little to reduce. Parts are taken along the second axis, which is never the batch's: several devices have
// it whole.
func channelSum(x *Node) *Node {
	return withGradient(x, sumParts, func(dy *Node) *Node { return broadcastLike(dy, x) })
}

// overChannels returns v [channels] as often as x [..., channels] has pixels; the gradient to v is a channelSum.
func overChannels(v, x *Node) *Node {
	return withGradient(v, func(v *Node) *Node { return broadcastLike(v, x) }, sumParts)
}

// sumParts is channelSum without its gradient.
func sumParts(x *Node) *Node {
	last := x.Rank() - 1
	if channels := x.Shape().Dimensions[last]; hasSums(x, 1) {
		return ReduceSum(Reshape(x, -1, channels), 0)
	}
	if x.Rank() > 2 {
		x = addAlong(x, 1)
	}

	axes := make([]int, last)
	for i := range axes {
		axes[i] = i
	}
	return ReduceSum(x, axes...) // [channels]
}

// hasSums reports whether package convolution computes the sums of x [..., channels] in some parts: backends let it
// compute a sum over the last axis but one.
func hasSums(x *Node, parts int) bool {
	channels := x.Shape().Dimensions[x.Rank()-1]
	s := convolutions.Sums{Parts: parts, Rows: x.Shape().Size() / (parts * channels), Channels: channels}
	return x.DType() == dtypes.Float32 && device.HasConvolutions(x.Graph()) && s.Supported()
}

// addAlong adds equal parts of x, cut along an axis, as many as divide it and at most maxParts.
func addAlong(x *Node, axis int) (sum *Node) {
	size := x.Shape().Dimensions[axis]
	parts := min(size, maxParts)
	for size%parts != 0 {
		parts--
	}

	for i := range parts {
		part := SliceAxis(x, axis, AxisRange(i*size/parts, (i+1)*size/parts))
		if sum == nil {
			sum = part
		} else {
			sum = Add(sum, part)
		}
	}
	return sum // the axis has size/parts now
}

// broadcastLike repeats v [channels] to the shape of x [..., channels].
func broadcastLike(v, x *Node) *Node {
	return BroadcastToDims(ExpandLeftToRank(v, x.Rank()), x.Shape().Dimensions...)
}

// withGradient is f(x) with a gradient to x of its own, of dy. GoMLX lets only an identity have one: the identity after
// f notes dy, and the one before f, whose turn comes later, answers with the gradient. What autodiff makes of f in
// between is left without a use, and XLA drops it.
func withGradient(x *Node, f, gradient func(*Node) *Node) *Node {
	return withGradients([]*Node{x}, func(x []*Node) *Node { return f(x[0]) },
		func(dy *Node) []*Node { return []*Node{gradient(dy)} })
}

// withGradients is withGradient for several inputs.
func withGradients(inputs []*Node, f func([]*Node) *Node, gradient func(*Node) []*Node) *Node {
	var all []*Node // the gradients, when dy is known
	var own []*Node
	for i, x := range inputs {
		own = append(own, IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return all[i] }))
	}
	return IdentityWithCustomGradient(f(own), func(_, dy *Node) *Node { all = gradient(dy); return dy })
}
