package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Norm is what the normalization layers of a network ([BatchNorm], [Standardize]) take their statistics from. The zero
// value takes them from the whole batch.
type Norm struct {
	// Views is the number of views that make up a batch, all of one length and one after another. In training each is
	// normalized by its own statistics, and running statistics move as if the views had gone through the network one
	// after another. 0 and 1 take the batch as one view.
	Views int

	// Splits is the number of parts of one length that each view is in turn split into, each with its own statistics;
	// running statistics move towards the mean over the parts. 0 and 1 leave views whole. Parts are neighboring images,
	// unless Interleaved is set: then image i of a view is in part i mod Splits, so that images which share a part in
	// one network do not share one in the other.
	Splits      int
	Interleaved bool

	// Still leaves running statistics as they are.
	Still bool

	// Group takes no statistics of a batch, in training and in evaluation alike: each image is normalized by itself, in
	// groups of channels (Wu and He 2018, https://arxiv.org/abs/1803.08494). There are as many groups as leave 16
	// channels or more in each, and one where no such number divides the channels.
	Group bool
}

// normParam is the parameter of a graph that holds the Norm of a scope.
const normParam = "encoder_norm"

// Use makes n the Norm of the layers that are built from here on in graph g, in scope and the scopes below it.
func (n Norm) Use(scope *model.Scope, g *Graph) { scope.SetGraphParam(g, normParam, n) }

// normOf returns the Norm that is in use.
func normOf(scope *model.Scope, g *Graph) Norm {
	if n, ok := scope.GetGraphParam(g, normParam); ok {
		return n.(Norm)
	}
	return Norm{}
}

// parts are the parts of a batch that are normalized apart.
type parts struct {
	axis          int // of the batch
	views, splits int
	interleaved   bool
}

func (n Norm) parts(axis int) parts {
	return parts{axis, max(1, n.Views), max(1, n.Splits), n.Interleaved}
}

// whole reports whether the batch is one part.
func (p parts) whole() bool { return p.views*p.splits == 1 }

// axes returns the axes of views and splits in the shape of apart.
func (p parts) axes() (views, splits int) {
	if p.interleaved {
		return p.axis, p.axis + 2
	}
	return p.axis, p.axis + 1
}

// apart gives x, whose axis of the batch is [views*splits*rows], axes of views, splits and rows, or of views, rows and
// splits where parts are interleaved.
func (p parts) apart(x *Node) *Node {
	dims := x.Shape().Dimensions
	rows := dims[p.axis] / (p.views * p.splits)
	cut := append([]int{}, dims[:p.axis]...)
	if p.interleaved {
		cut = append(cut, p.views, rows, p.splits)
	} else {
		cut = append(cut, p.views, p.splits, rows)
	}
	return Reshape(x, append(cut, dims[p.axis+1:]...)...)
}

// sum returns the sums of x [..., channels] over each part: [channels] where the batch is one part, otherwise
// [views, splits, channels].
func (p parts) sum(x *Node) *Node {
	if p.whole() {
		return channelSum(x)
	}
	return withGradient(x, p.sumOnce, func(dy *Node) *Node { return p.repeat(dy, x) })
}

// over repeats v, which has a row of channels for each part as sum has, to the shape of x; the gradient to v is a sum.
func (p parts) over(v, x *Node) *Node {
	if p.whole() {
		return overChannels(v, x)
	}
	return withGradient(v, func(v *Node) *Node { return p.repeat(v, x) }, p.sumOnce)
}

// sumOnce is sum without its gradient.
func (p parts) sumOnce(x *Node) *Node {
	second := 1
	if p.axis <= second {
		second += 2 // behind the axes of the parts
	}
	rank := x.Rank()
	if p.axis == 0 && !p.interleaved && hasSums(x, p.views*p.splits) {
		return ReduceSum(Reshape(x, p.views, p.splits, -1, x.Shape().Dimensions[rank-1]), 2)
	}
	x = p.apart(x)
	if rank > 2 {
		x = addAlong(x, second)
	}

	views, splits := p.axes()
	var axes []int
	for axis := range x.Rank() - 1 {
		if axis != views && axis != splits {
			axes = append(axes, axis)
		}
	}
	return ReduceSum(x, axes...) // [views, splits, channels]
}

// repeat is over without its gradient.
func (p parts) repeat(v, x *Node) *Node {
	shape := p.apart(x).Shape().Dimensions
	views, splits := p.axes()
	// v gets the axes of x with size 1, but for parts and channels, and is broadcast along the others.
	ones := make([]int, len(shape))
	for axis := range ones {
		ones[axis] = 1
	}
	ones[views], ones[splits], ones[len(ones)-1] = p.views, p.splits, shape[len(shape)-1]
	return Reshape(BroadcastToDims(Reshape(v, ones...), shape...), x.Shape().Dimensions...)
}

// ofViews returns what sum returns as one row [channels] for each view, the mean over its splits.
func (p parts) ofViews(v *Node) []*Node {
	if p.whole() {
		return []*Node{v}
	}

	rows := make([]*Node, p.views)
	for i := range rows {
		rows[i] = ReduceMean(Slice(v, AxisElem(i)), 0, 1) // [channels]
	}
	return rows
}

// leastGroup is the fewest channels of a group (Wu and He 2018, table 3: 16 channels are half a point worse than the
// best choice, and stay useful in narrow networks).
const leastGroup = 16

// groups returns the number of groups of channels.
func groups(channels int) int {
	for n := channels / leastGroup; n > 1; n-- {
		if channels%n == 0 {
			return n
		}
	}
	return 1
}

// groupStatistics returns mean and variance [batch, channels] of each image of x [..., channels], whose images lie
// along an axis, over the pixels and over the groups of channels.
func groupStatistics(x *Node, axis int) (mean, variance *Node) {
	dims := x.Shape().Dimensions
	batch, channels := dims[axis], dims[len(dims)-1]
	// Of the numbers that enter a mean: pixels times channels of a group.
	count := float64(x.Shape().Size() / batch / groups(channels))

	average := func(x *Node) *Node {
		var pixels []int
		for a := range len(dims) - 1 {
			if a != axis {
				pixels = append(pixels, a)
			}
		}
		if len(pixels) > 0 {
			x = ReduceSum(x, pixels...) // [batch, channels]
		}

		x = ReduceAndKeep(Reshape(x, batch, groups(channels), -1), ReduceSum, 2) // [batch, groups, 1]
		x = DivScalar(x, count)
		return Reshape(BroadcastToDims(x, batch, groups(channels), channels/groups(channels)), batch, channels)
	}
	mean = average(x)
	variance = Sub(average(Square(x)), Square(mean))
	return mean, MaxScalar(variance, 0.0) // rounding may make a difference of near numbers negative
}

// overImages repeats v [batch, channels] over the pixels of x, whose images lie along an axis.
func overImages(v, x *Node, axis int) *Node {
	dims := x.Shape().Dimensions
	ones := make([]int, len(dims))
	for a := range ones {
		ones[a] = 1
	}
	ones[axis], ones[len(ones)-1] = dims[axis], dims[len(dims)-1]
	return BroadcastToDims(Reshape(v, ones...), dims...)
}
