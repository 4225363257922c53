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
	batchNormEpsilon  = 1e-5 // PyTorch's default, as in the recipes of SimCLR's re-implementations
	batchNormMomentum = 0.1  // PyTorch's default: the weight of the newest batch in the running statistics
)

// BatchNorm normalizes the last axis of x [..., channels] to mean 0 and variance 1 over all other axes, then scales
// and shifts it (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167). Variables in scope: "scale", "offset",
// "mean", "variance", each [channels]. The running variance is the unbiased one, as in PyTorch.
//
// The batch is the whole batch over all devices: its statistics are global by construction. The variance is the mean of
// the squares less the square of the mean, in one pass over x; in float32 its error is about 1e-7 of that square. Where
// x is bfloat16, so is the result, and everything in between is float32. Variables are float32.
func BatchNorm(scope *model.Scope, x *Node, mode Mode) *Node {
	dtype, channels := x.DType(), x.Shape().Dimensions[x.Rank()-1]
	x = wide(x)

	// All of [channels].
	scale := valueLike(filled(scope, "scale", 1, channels), x)
	offset := valueLike(filled(scope, "offset", 0, channels), x)
	runningMean := filled(scope, "mean", 0, channels).SetTrainable(false)
	runningVariance := filled(scope, "variance", 1, channels).SetTrainable(false)
	if mode == Frozen {
		scale, offset = StopGradient(scale), StopGradient(offset)
	}

	mean, variance := valueLike(runningMean, x), valueLike(runningVariance, x)
	if mode == Train {
		count := float64(x.Shape().Size() / channels)
		mean = DivScalar(channelSum(x), count)
		variance = Sub(DivScalar(channelSum(Square(x)), count), Square(mean))
		variance = MaxScalar(variance, 0.0) // rounding may make a difference of near numbers negative

		unbiased := MulScalar(StopGradient(variance), count/max(1, count-1))
		moveTowards(runningMean, StopGradient(mean))
		moveTowards(runningVariance, unbiased)
	}

	// One multiplication and one addition for each number of x: x·factor + shift.
	factor := Mul(scale, Inverse(Sqrt(AddScalar(variance, batchNormEpsilon))))
	shift := Sub(offset, Mul(mean, factor))
	return ConvertDType(Add(Mul(x, overChannels(factor, x)), overChannels(shift, x)), dtype) // [..., channels]
}

// moveTowards sets a running statistic to its exponential moving average with value.
func moveTowards(running *model.Variable, value *Node) {
	old := running.NodeValue(value)
	value = ConvertDType(value, old.DType())
	running.SetNodeValue(Add(old, MulScalar(Sub(value, old), batchNormMomentum)))
}
