package optimizer

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// larsTrust is η of LARS: 0.001 in the paper and in the recipes of Bordes et al. 2023.
const larsTrust = 0.001

// lars is SGD with momentum whose step on each kernel is scaled by η·|w| / |g + λ·w| (You et al. 2017,
// https://arxiv.org/abs/1708.03888, in the form of the code of Bordes et al. 2023, with the norm of the decayed
// gradient). The scale is 1 where either norm is 0. Biases, scales and offsets take plain steps.
func lars(c Config, s state) (*Node, []*Node) {
	g := s.gradient
	if s.decay {
		g = Add(g, MulScalar(s.value, c.WeightDecay))
		weight, gradient := norm(s.value), norm(g)
		usable := LogicalAnd(IsPositive(weight), IsPositive(gradient))
		ratio := MulScalar(Div(weight, Where(usable, gradient, OnesLike(gradient))), larsTrust)
		g = Mul(g, Where(usable, ratio, OnesLike(ratio)))
	}
	velocity := Add(MulScalar(s.slots[0], c.Momentum), g)
	return Sub(s.value, Mul(velocity, s.lr)), []*Node{velocity}
}

func norm(x *Node) *Node { return Sqrt(ReduceAllSum(Square(x))) }
