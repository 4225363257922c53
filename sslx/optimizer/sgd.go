package optimizer

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// sgd is stochastic gradient descent with momentum as in PyTorch (Sutskever et al. 2013 with the learning rate outside
// the velocity): v ← µ·v + g + λ·w, w ← w - lr·v.
func sgd(c Config, s state) (*Node, []*Node) {
	g := s.gradient
	if s.decay {
		g = Add(g, MulScalar(s.value, c.WeightDecay))
	}
	velocity := Add(MulScalar(s.slots[0], c.Momentum), g)
	return Sub(s.value, Mul(velocity, s.lr)), []*Node{velocity}
}
