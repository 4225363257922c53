package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Mode says what batch normalization does.
type Mode int

const (
	// Train normalizes by the statistics of the batch and updates the running ones.
	Train Mode = iota
	// Eval normalizes by the running statistics and changes nothing; scale and offset may still be trained.
	Eval
	// Frozen is Eval with scale and offset held constant: no gradient reaches any variable of the layer.
	Frozen
)

const (
	batchNormEpsilon = 1e-5 // PyTorch's default, as in the recipes of SimCLR's re-implementations
)

// BatchNormMomentum is the weight of the newest batch in the running statistics, PyTorch's default.
const BatchNormMomentum = 0.1

// BatchNorm normalizes the last axis of x [batch, ..., channels] to mean 0 and variance 1 over all other axes, then
// scales and shifts it (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167). Variables in scope: "scale",
// "offset", "mean", "variance", each [channels]. The running variance is the unbiased one, as in PyTorch.
//
// Where the [Norm] in use says so, views of the batch are normalized apart, or it is group normalization, which has no
// variables but "scale" and "offset".
//
// The batch is the whole batch over all devices: its statistics are global by construction. The variance is the mean of
// the squares less the square of the mean, in one pass over x; in float32 its error is about 1e-7 of that square. Where
// x is bfloat16, so is the result, and everything in between is float32. Variables are float32.
func BatchNorm(scope *model.Scope, x *Node, mode Mode) *Node {
	return normalize(scope, x, 0, mode, true)
}

// Standardize is [BatchNorm] without scale and offset.
func Standardize(scope *model.Scope, x *Node, mode Mode) *Node {
	return normalize(scope, x, 0, mode, false)
}

// normalize is BatchNorm of images that lie along an axis, with scale and offset if it is affine.
func normalize(scope *model.Scope, x *Node, axis int, mode Mode, affine bool) *Node {
	dtype, channels := x.DType(), x.Shape().Dimensions[x.Rank()-1]
	x = wide(x)
	norm := normOf(scope, x.Graph())

	var scale, offset *Node // [channels]
	if affine {
		scale = valueLike(filled(scope, "scale", 1, channels), x)
		offset = valueLike(filled(scope, "offset", 0, channels), x)
		if mode == Frozen {
			scale, offset = StopGradient(scale), StopGradient(offset)
		}
	}

	// Statistics are [channels], or have such a row for each part of the batch, or for each image.
	var mean, variance *Node
	over := overChannels
	switch {
	case norm.Group:
		mean, variance = groupStatistics(x, axis) // [batch, channels]
		over = func(v, x *Node) *Node { return overImages(v, x, axis) }
	case mode == Train:
		return ConvertDType(normalizeBatch(scope, x, scale, offset, norm.parts(axis), norm.Still), dtype)
	default:
		runningMean, runningVariance := runningStatistics(scope, channels)
		mean, variance = valueLike(runningMean, x), valueLike(runningVariance, x)
	}

	// One multiplication and one addition for each number of x: x·factor + shift.
	factor := Inverse(Sqrt(AddScalar(variance, batchNormEpsilon)))
	shift := Neg(Mul(mean, factor))
	if affine {
		factor = Mul(alike(scale, factor), factor)
		shift = Sub(alike(offset, factor), Mul(mean, factor))
	}
	return ConvertDType(Add(Mul(x, over(factor, x)), over(shift, x)), dtype) // [..., channels]
}

// normalizeBatch normalizes x by the statistics of each part of the batch. Scale and offset may be nil.
//
// Its gradient is the closed form, which needs two sums over the batch, of dy and of dy·x, and one pass over both.
// Autodiff's takes as many sums, and a pass with some 25 operations for each number.
func normalizeBatch(scope *model.Scope, x, scale, offset *Node, p parts, still bool) *Node {
	channels := x.Shape().Dimensions[x.Rank()-1]
	count := float64(x.Shape().Size() / channels / (p.views * p.splits))
	inputs := []*Node{x}
	if scale != nil {
		inputs = append(inputs, scale, offset)
	}

	var mean, inverse, factor *Node // [channels] or [views, splits, channels]
	forward := func(inputs []*Node) *Node {
		x := inputs[0]
		var variance *Node
		mean, variance = batchStatistics(scope, x, p, still)
		inverse = Inverse(Sqrt(AddScalar(variance, batchNormEpsilon)))
		factor = inverse
		shift := Neg(Mul(mean, factor))
		if scale != nil {
			factor = Mul(alike(inputs[1], inverse), inverse)
			shift = Sub(alike(inputs[2], factor), Mul(mean, factor))
		}
		return Add(Mul(x, p.over(factor, x)), p.over(shift, x)) // [..., channels]
	}
	gradient := func(dy *Node) []*Node {
		sum := p.sum(dy)
		ofScale := Mul(inverse, Sub(p.sum(Mul(dy, x)), Mul(mean, sum)))

		// dx = factor·dy + slope·x + level
		slope := Neg(DivScalar(Mul(Mul(factor, inverse), ofScale), count))
		level := Neg(Add(DivScalar(Mul(factor, sum), count), Mul(slope, mean)))
		dx := Add(Add(Mul(dy, p.over(factor, x)), Mul(x, p.over(slope, x))), p.over(level, x))
		if scale == nil {
			return []*Node{dx}
		}
		return []*Node{dx, overParts(ofScale), overParts(sum)}
	}
	return withGradients(inputs, forward, gradient)
}

// overParts sums statistics over their parts: [channels].
func overParts(v *Node) *Node {
	if v.Rank() == 1 {
		return v
	}
	return ReduceSum(v, 0, 1)
}

// alike returns v [channels] in the rank of statistics.
func alike(v, statistics *Node) *Node { return ExpandLeftToRank(v, statistics.Rank()) }

// runningStatistics returns the variables of the running mean and variance, each [channels].
func runningStatistics(scope *model.Scope, channels int) (mean, variance *model.Variable) {
	return filled(scope, "mean", 0, channels).SetTrainable(false),
		filled(scope, "variance", 1, channels).SetTrainable(false)
}

// batchStatistics returns mean and variance of x over each part of the batch, and moves the running ones unless they
// are to stay still.
func batchStatistics(scope *model.Scope, x *Node, p parts, still bool) (mean, variance *Node) {
	channels := x.Shape().Dimensions[x.Rank()-1]
	count := float64(x.Shape().Size() / channels / (p.views * p.splits))
	mean = DivScalar(p.sum(x), count)
	variance = Sub(DivScalar(p.sum(Square(x)), count), Square(mean))
	variance = MaxScalar(variance, 0.0) // rounding may make a difference of near numbers negative

	runningMean, runningVariance := runningStatistics(scope, channels)
	if still {
		return mean, variance
	}

	// One view after another.
	unbiased := p.ofViews(MulScalar(StopGradient(variance), count/max(1, count-1)))
	for i, view := range p.ofViews(StopGradient(mean)) {
		moveTowards(runningMean, view)
		moveTowards(runningVariance, unbiased[i])
	}
	return mean, variance
}

// moveTowards sets a running statistic to its exponential moving average with value.
func moveTowards(running *model.Variable, value *Node) {
	old := running.NodeValue(value)
	value = ConvertDType(value, old.DType())
	running.SetNodeValue(Add(old, MulScalar(Sub(value, old), BatchNormMomentum)))
}
