package own

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/optimizer"
)

// Lion moves each weight by the sign of an interpolated momentum (Chen et al. 2023, https://arxiv.org/abs/2302.06675,
// algorithm 2): u = sign(β₁·m + (1-β₁)·g), w ← w - lr·(u + λ·w), m ← β₂·m + (1-β₂)·g. Its learning rate is 3 to 10
// times smaller than AdamW's.
type Lion struct {
	Beta1 float64 `yaml:"beta1"`
	Beta2 float64 `yaml:"beta2"`
}

func init() { optimizer.Register("lion", Lion{Beta1: 0.9, Beta2: 0.99}) }

// Slots names the state of a variable: one momentum of its shape, zero at first.
func (Lion) Slots() []string { return []string{"momentum"} }

// Update returns the new value of a variable and of its momentum.
func (l Lion) Update(s optimizer.State) (*Node, []*Node) {
	momentum := s.Slots[0]
	step := Sign(mix(momentum, s.Gradient, l.Beta1))
	if s.Decays {
		step = Add(step, MulScalar(s.Value, s.WeightDecay))
	}
	return Sub(s.Value, Mul(step, s.LR)), []*Node{mix(momentum, s.Gradient, l.Beta2)}
}

func mix(a, b *Node, share float64) *Node { return Add(MulScalar(a, share), MulScalar(b, 1-share)) }
