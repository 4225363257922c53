package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// linearLogits returns x·wᵀ + bias in [N, C], for x [N, D], w [C, D] and bias [C].
func linearLogits(x, w, bias *Node) *Node {
	return Add(DotGeneral(x, []int{1}, nil, w, []int{1}, nil), ExpandAxes(bias, 0))
}

// softmaxLoss returns the sum over rows of weight times cross-entropy (float64), and its gradients to w ([C, D],
// float32) and bias ([C], float64), for x [N, D], w [C, D], bias [C], labels [N] int32 and weight [N].
//
// The gradients are written out so that x is read twice and no more. Sums over rows that would lose digits in float32
// are taken in float64; the large product is left to the backend.
func softmaxLoss(x, w, bias, labels, weight *Node) (loss, gradW, gradBias *Node) {
	logits := linearLogits(x, w, bias) // [N, C]
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, 1)))
	exps := Exp(shifted)                      // at most 1: nothing overflows
	sums := ReduceAndKeep(exps, ReduceSum, 1) // [N, 1]
	truth := OneHot(labels, logits.Shape().Dimensions[1], dtypes.Float32)

	// Cross-entropy by row [N], and its gradient to the logits, softmax - truth, [N, C].
	losses := Sub(Log(Squeeze(sums, 1)), ReduceSum(Mul(truth, shifted), 1))
	residual := Mul(Sub(Div(exps, sums), truth), ExpandAxes(weight, 1))

	loss = ReduceAllSum(ConvertDType(Mul(losses, weight), dtypes.Float64))
	gradW = DotGeneral(residual, []int{0}, nil, x, []int{0}, nil)
	gradBias = ReduceSum(ConvertDType(residual, dtypes.Float64), 0)
	return loss, gradW, gradBias
}

// secondMoment returns xᵀx/N [D, D] for x [N, D], in float32.
func secondMoment(x *Node) *Node {
	return DivScalar(DotGeneral(x, []int{0}, nil, x, []int{0}, nil), x.Shape().Dimensions[0])
}

// secondMoment returns the second moment of the pool.
func (l *Linear) secondMoment() (*mat.SymDense, error) {
	product, err := l.programs.moment.Exec1(l.pool)
	if err != nil {
		return nil, err
	}
	defer finalize(product)

	// The product is symmetric: the upper half is enough. [D, D]
	d := l.width
	out := mat.NewSymDense(d, nil)
	err = tensors.ConstFlatData(product, func(values []float32) {
		for i := range d {
			for j := i; j < d; j++ {
				out.SetSym(i, j, float64(values[i*d+j]))
			}
		}
	})
	return out, err
}

// softmaxObjective is mean cross-entropy + l2/2 |W|^2 over the weighted rows of the pool, as a function of the
// parameters [C*D weights, C biases] in float64.
type softmaxObjective struct {
	probe          *Linear
	classes        int
	labels, weight *tensors.Tensor // [train+val]
	total          float64         // sum of weight
	l2             float64
}

// evaluate returns the value and writes the gradient.
func (o *softmaxObjective) evaluate(gradient, parameters []float64) (float64, error) {
	d, n := o.probe.width, o.classes*o.probe.width
	w, bias := o.probe.upload(parameters, o.classes)
	defer finalize(w, bias)

	out, err := o.probe.programs.loss.Exec(o.probe.pool, w, bias, o.labels, o.weight)
	if err != nil {
		return 0, err
	}
	defer finalize(out...)

	// The device sums over rows; the mean and the penalty are added in float64.
	value := tensors.ToScalar[float64](out[0]) / o.total

	if err := tensors.ConstFlatData(out[1], func(g []float32) {
		for i := range o.classes * d {
			gradient[i] = float64(g[i])/o.total + o.l2*parameters[i]
			value += o.l2 / 2 * parameters[i] * parameters[i]
		}
	}); err != nil {
		return 0, err
	}

	// The bias is not penalized.
	err = tensors.ConstFlatData(out[2], func(g []float64) {
		for i, v := range g {
			gradient[n+i] = v / o.total
		}
	})
	return value, err
}

// upload splits parameters into float32 tensors w [classes, width] and bias [classes].
func (l *Linear) upload(parameters []float64, classes int) (w, bias *tensors.Tensor) {
	values := make([]float32, len(parameters))
	for i, v := range parameters {
		values[i] = float32(v)
	}

	n := classes * l.width
	return tensors.FromFlatDataAndDimensions(values[:n], classes, l.width),
		tensors.FromFlatDataAndDimensions(values[n:], classes)
}

// rank returns the k classes of the largest logits for each row of x.
func (l *Linear) rank(x *tensors.Tensor, parameters []float64, classes, k int) (r Ranking, err error) {
	w, bias := l.upload(parameters, classes)
	defer finalize(w, bias)

	logits, err := l.programs.logits.Exec1(x, w, bias)
	if err != nil {
		return r, err
	}
	defer finalize(logits)

	n := x.Shape().Dimensions[0]
	r = Ranking{K: k, Classes: make([]int32, 0, n*k)}
	err = tensors.ConstFlatData(logits, func(values []float32) {
		for i := range n {
			r.Classes = appendRanked(r.Classes, values[i*classes:(i+1)*classes], k)
		}
	})
	return r, err
}
