package own

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/objective"
)

// AlignUniform is alignment and uniformity (Wang and Isola 2020, https://arxiv.org/abs/2005.10242, equations 4 and 5):
// for embeddings of length 1, the mean of |x-y|² over the two views x, y of an image, plus Weight times the mean over
// views of log E exp(-2·|x_i-x_j|²) over pairs of different images. Equal embeddings give 0.
type AlignUniform struct {
	Weight float64 `yaml:"weight"` // of uniformity; positive
}

func init() { objective.Register("align-uniform", AlignUniform{Weight: 1}) }

// Check refuses weights that are out of range.
func (o AlignUniform) Check() error {
	if o.Weight <= 0 {
		return fmt.Errorf("weight is %g: it must be positive", o.Weight)
	}
	return nil
}

// Needs asks for a batch in which there are pairs.
func (AlignUniform) Needs() objective.Needs {
	return objective.Needs{LeastBatch: 2, LeastBatchReason: "uniformity compares pairs of images"}
}

// Loss builds the loss of the first two views.
func (o AlignUniform) Loss(in objective.Inputs) objective.Terms {
	x, y := objective.Normalize(in.Views[0]), objective.Normalize(in.Views[1]) // [batch, dim]
	align := ReduceAllMean(ReduceSum(Square(Sub(x, y)), -1))
	uniform := MulScalar(Add(uniformity(x), uniformity(y)), o.Weight/2)
	return objective.Terms{Loss: Add(align, uniform), Parts: map[string]*Node{"align": align, "uniform": uniform}}
}

// uniformity leaves out the pairs of an image with itself, each of which adds 1 to the sum.
func uniformity(x *Node) *Node {
	n := float64(x.Shape().Dimensions[0])
	distances := AddScalar(MulScalar(Dot(x, Transpose(x, 0, 1)).Product(), -2.0), 2.0) // [batch, batch]
	sum := ReduceAllSum(Exp(MulScalar(distances, -2.0)))
	return Log(DivScalar(AddScalar(sum, -n), n*(n-1)))
}
