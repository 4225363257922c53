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

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101), as in
// PyTorch: w ← w·(1 - lr·λ) - lr·m̂ / (√v̂ + ε). Its β₁, β₂ and ε are 0.9, 0.999 and 1e-8.
type AdamW struct{}

// Slots returns the names of the two moments.
func (AdamW) Slots() []string { return []string{"first", "second"} }

// Update makes one step.
func (AdamW) Update(p State) (*Node, []*Node) {
	first := Add(MulScalar(p.Slots[0], adamBeta1), MulScalar(p.Gradient, 1-adamBeta1))
	second := Add(MulScalar(p.Slots[1], adamBeta2), MulScalar(Square(p.Gradient), 1-adamBeta2))

	correction := func(beta float64) *Node { // 1 - β^step, which as a difference would lose half of its digits
		return Neg(Expm1(MulScalar(p.Step, math.Log(beta))))
	}
	step := Div(Div(first, correction(adamBeta1)), AddScalar(Sqrt(Div(second, correction(adamBeta2))), adamEpsilon))
	if p.Decays {
		step = Add(step, MulScalar(p.Value, p.WeightDecay))
	}
	return Sub(p.Value, Mul(step, p.LR)), []*Node{first, second}
}
