package optimizer

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// SGD is stochastic gradient descent with momentum as in PyTorch (Sutskever et al. 2013 with the learning rate outside
// the velocity): v ← µ·v + g + λ·w, w ← w - lr·v.
type SGD struct {
	// Momentum is µ, in [0, 1).
	Momentum float64 `yaml:"momentum"`
}

// Slots returns the velocity's name.
func (SGD) Slots() []string { return []string{"momentum"} }

// Update makes one step.
func (r SGD) Update(p State) (*Node, []*Node) {
	g := p.decayed()
	velocity := Add(MulScalar(p.Slots[0], r.Momentum), g)
	return Sub(p.Value, Mul(velocity, p.LR)), []*Node{velocity}
}

// Check returns an error of package usage when the momentum is out of range.
func (r SGD) Check() error { return checkMomentum(r.Momentum) }

func checkMomentum(momentum float64) error {
	if !(momentum >= 0 && momentum < 1) {
		return outOfRange("momentum", momentum, "in [0, 1)")
	}
	return nil
}
