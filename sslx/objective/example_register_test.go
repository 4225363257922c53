package objective_test

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/objective"
)

// Alignment is the mean squared distance between the directions of two views' embeddings, and a weight on it.
type Alignment struct {
	Weight float64 `yaml:"weight"`
}

func (Alignment) Needs() objective.Needs { return objective.Needs{} }

func (a Alignment) Loss(in objective.Inputs) objective.Terms {
	x, y := objective.Normalize(in.Views[0]), objective.Normalize(in.Views[1]) // [batch, dim]
	distance := ReduceAllMean(ReduceSum(Square(Sub(x, y)), 1))
	return objective.Terms{Loss: MulScalar(distance, a.Weight)}
}

// A method of your own. Configurations then name it: objective: {name: alignment, weight: 0.5}.
func ExampleRegister() {
	objective.Register("alignment", Alignment{Weight: 1})
}
