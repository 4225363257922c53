package encoder

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// normState is a batch normalization in float64, written from Ioffe and Szegedy 2015, algorithm 1 and section 3.
type normState struct{ scale, offset, mean, variance []float64 }

// forward returns the output and the statistics after the step for x of n rows.
func (s normState) forward(x []float64, n int, train bool) (y []float64, after normState) {
	channels := len(s.scale)
	after = normState{s.scale, s.offset, make([]float64, channels), make([]float64, channels)}
	y = make([]float64, len(x))
	for c := range channels {
		mean, variance := s.mean[c], s.variance[c]
		after.mean[c], after.variance[c] = mean, variance
		if train {
			mean, variance = moments(x, n, c, channels)
			unbiased := variance
			if n > 1 {
				unbiased = variance * float64(n) / float64(n-1)
			}
			after.mean[c] = 0.9*s.mean[c] + 0.1*mean
			after.variance[c] = 0.9*s.variance[c] + 0.1*unbiased
		}
		for i := c; i < len(x); i += channels {
			y[i] = s.scale[c]*(x[i]-mean)/math.Sqrt(variance+1e-5) + s.offset[c]
		}
	}
	return y, after
}

// backward returns the gradients of Σ g·y to the input, the scale and the offset.
func (s normState) backward(x, g []float64, n int, train bool) (dx, dScale, dOffset []float64) {
	channels := len(s.scale)
	dx, dScale, dOffset = make([]float64, len(x)), make([]float64, channels), make([]float64, channels)
	for c := range channels {
		mean, variance := s.mean[c], s.variance[c]
		if train {
			mean, variance = moments(x, n, c, channels)
		}
		deviation := math.Sqrt(variance + 1e-5)
		for i := c; i < len(x); i += channels {
			dOffset[c] += g[i]
			dScale[c] += g[i] * (x[i] - mean) / deviation
		}
		for i := c; i < len(x); i += channels {
			d := g[i]
			if train {
				d -= (dOffset[c] + (x[i]-mean)/deviation*dScale[c]) / float64(n)
			}
			dx[i] = s.scale[c] / deviation * d
		}
	}
	return dx, dScale, dOffset
}

func moments(x []float64, n, c, channels int) (mean, variance float64) {
	for i := c; i < len(x); i += channels {
		mean += x[i] / float64(n)
	}
	for i := c; i < len(x); i += channels {
		variance += (x[i] - mean) * (x[i] - mean) / float64(n)
	}
	return mean, variance
}

// norms returns a store with the variables of a batch normalization of three channels, and their values.
func norms() (*model.Store, normState) {
	store := model.NewStore()
	set := func(seed uint64, name string, mean float64) []float64 {
		value := normal(seed, mean, 0.3, 3)
		store.RootScope().VariableWithValue(name, value)
		return floats(value)
	}
	return store, normState{set(1, "scale", 1), set(2, "offset", 0), set(3, "mean", 0.5), set(4, "variance", 2)}
}

func TestBatchNorm_IsThatOfThePaperInEachMode(t *testing.T) {
	for _, c := range []struct {
		x         *tensors.Tensor
		tolerance float64 // of values; that of gradients is ten times that
	}{
		{normal(5, 0, 1, 4, 5, 3, 3), 1e-6},
		{normal(6, -2, 3, 9, 3), 1e-6},
		{normal(7, 20, 1, 8, 4, 4, 3), 1e-4}, // the difference of two large numbers, E[x²] - E[x]²
		{normal(8, 0.1, 0, 6, 3), 1e-3},      // no variance: rounding is enlarged by 1/√ε = 316
		{normal(9, 1, 1, 1, 3), 1e-3},        // one row: likewise
	} {
		dims := c.x.Shape().Dimensions
		g := normal(10, 0, 1, dims...)
		n := c.x.Shape().Size() / 3
		for mode, name := range map[Mode]string{Train: "train", Eval: "eval", Frozen: "frozen"} {
			t.Run(fmt.Sprint(name, dims), func(t *testing.T) {
				store, state := norms()
				got := run(t, store, func(scope *model.Scope, in []*Node) []*Node {
					y := BatchNorm(scope, in[0], mode)
					loss := ReduceAllSum(Mul(y, in[1]))
					value := func(name string) *Node { return scope.GetVariable(name).NodeValue(y) }
					return append([]*Node{y}, Gradient(loss, in[0], value("scale"), value("offset"))...)
				}, c.x, g)
				y, after := state.forward(floats(c.x), n, mode == Train)
				dx, dScale, dOffset := state.backward(floats(c.x), floats(g), n, mode == Train)
				if mode == Frozen {
					dScale, dOffset = make([]float64, 3), make([]float64, 3)
				}
				worst := mustBeClose(t, "output", got[0], y, c.tolerance)
				gradient := mustBeClose(t, "gradient to the input", got[1], dx, 10*c.tolerance)
				gradient = max(gradient, mustBeClose(t, "gradient to the scale", got[2], dScale, 10*c.tolerance))
				gradient = max(gradient, mustBeClose(t, "gradient to the offset", got[3], dOffset, 10*c.tolerance))
				v := variables(t, store)
				worst = max(worst, mustBeClose(t, "running mean", v["/mean"], after.mean, c.tolerance))
				worst = max(worst, mustBeClose(t, "running variance", v["/variance"], after.variance, c.tolerance))
				t.Logf("largest error: values %.1e, gradients %.1e", worst, gradient)
			})
		}
	}
}

func TestBatchNorm_OnlyTrainingMovesRunningStatistics(t *testing.T) {
	store := model.NewStore()
	net := func(mode Mode) builder {
		return func(scope *model.Scope, in []*Node) []*Node {
			h := ConvNet{Width: 2}.Build(scope, in[0], mode)
			z := Projector(scope.At("projector"), h, []int{4, 3}, mode)
			return []*Node{ReduceAllSum(z[1])}
		}
	}
	images := normal(1, 0, 1, 4, 8, 8, 3)
	run(t, store, net(Train), images)
	before := variables(t, store)
	for _, mode := range []Mode{Eval, Frozen} {
		run(t, store, net(mode), images)
		if !reflect.DeepEqual(before, variables(t, store)) {
			t.Errorf("mode %d changed a variable", mode)
		}
	}
	run(t, store, net(Train), images)
	after := variables(t, store)
	for path, value := range after {
		running := !store.GetVariable(path).Trainable
		if changed := !reflect.DeepEqual(before[path], value); changed != running {
			t.Errorf("%s: a running statistic is %v, changed is %v", path, running, changed)
		}
	}
}
