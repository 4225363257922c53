package optimizer

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// larsTrust is η of LARS: 0.001 in the paper and in the recipes of Bordes et al. 2023.
const larsTrust = 0.001

// LARS is SGD with momentum whose step on each kernel is scaled by η·|w| / |g + λ·w| (You et al. 2017,
// https://arxiv.org/abs/1708.03888, in the form of the code of Bordes et al. 2023, with the norm of the decayed
// gradient); η is 0.001. The scale is 1 where either norm is 0. Biases, scales and offsets take plain steps.
type LARS struct {
	// Momentum is µ, in [0, 1).
	Momentum float64 `yaml:"momentum"`
}

// Slots returns the velocity's name.
func (LARS) Slots() []string { return []string{"momentum"} }

// Update makes one step.
func (r LARS) Update(p State) (*Node, []*Node) {
	g := p.decayed()
	if p.Decays {
		weight, gradient := norm(p.Value), norm(g)
		usable := LogicalAnd(IsPositive(weight), IsPositive(gradient))

		// η·|w| / |g|, and 1 where either is 0
		ratio := MulScalar(Div(weight, Where(usable, gradient, OnesLike(gradient))), larsTrust)
		g = Mul(g, Where(usable, ratio, OnesLike(ratio)))
	}

	velocity := Add(MulScalar(p.Slots[0], r.Momentum), g)
	return Sub(p.Value, Mul(velocity, p.LR)), []*Node{velocity}
}

// Check returns an error of package usage when the momentum is out of range.
func (r LARS) Check() error { return checkMomentum(r.Momentum) }

func norm(x *Node) *Node { return Sqrt(ReduceAllSum(Square(x))) }
