package optimizer_test

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/optimizer"
)

// SignSGD moves each number by the learning rate, whatever the size of its gradient.
type SignSGD struct {
	Momentum float64 `yaml:"momentum"`
}

func (SignSGD) Slots() []string { return []string{"velocity"} }

func (s SignSGD) Update(p optimizer.State) (*Node, []*Node) {
	velocity := Add(MulScalar(p.Slots[0], s.Momentum), MulScalar(p.Gradient, 1-s.Momentum))
	step := Sign(velocity)
	if p.Decays {
		step = Add(step, MulScalar(p.Value, p.WeightDecay))
	}
	return Sub(p.Value, Mul(step, p.LR)), []*Node{velocity}
}

// A rule of your own. Configurations then name it: optimizer: {name: signsgd, lr: 0.001, momentum: 0.9}.
func ExampleRegister() {
	optimizer.Register("signsgd", SignSGD{Momentum: 0.9})
}
