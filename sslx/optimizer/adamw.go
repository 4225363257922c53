package optimizer

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// The defaults of Kingma and Ba 2015 (https://arxiv.org/abs/1412.6980).
const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

// adamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101), as in
// PyTorch: w ← w·(1 - lr·λ) - lr·m̂ / (√v̂ + ε).
func adamW(c Config, s state) (*Node, []*Node) {
	first := Add(MulScalar(s.slots[0], adamBeta1), MulScalar(s.gradient, 1-adamBeta1))
	second := Add(MulScalar(s.slots[1], adamBeta2), MulScalar(Square(s.gradient), 1-adamBeta2))
	correction := func(beta float64) *Node { // 1 - β^step, which as a difference would lose half of its digits
		return Neg(Expm1(MulScalar(s.step, math.Log(beta))))
	}
	step := Div(Div(first, correction(adamBeta1)), AddScalar(Sqrt(Div(second, correction(adamBeta2))), adamEpsilon))
	if s.decay {
		step = Add(step, MulScalar(s.value, c.WeightDecay))
	}
	return Sub(s.value, Mul(step, s.lr)), []*Node{first, second}
}
