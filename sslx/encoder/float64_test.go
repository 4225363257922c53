package encoder

import (
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// reversed returns the largest difference that the order of a batch makes to embeddings in a type.
func reversed(t *testing.T, e Encoder, dtype dtypes.DType) (worst float64) {
	t.Helper()
	embeddings := func(scope *model.Scope, images *Node) *Node {
		z := Projector(scope, e.Build(scope, images, Train), []int{8, 8}, Train)
		return z[len(z)-1]
	}
	difference := run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		images := ConvertDType(in[0], dtype)
		there, back := embeddings(scope, images), Reverse(embeddings(scope, Reverse(images, 0)), 0)
		return []*Node{ConvertDType(MulScalar(Abs(Sub(there, back)), 1e9), dtypes.Float32)}
	}, normal(1, 0, 1, 16, 16, 16, 3))
	return slices.Max(difference[0]) / 1e9
}

// Sums of a batch in another order show in which type they are added.
func TestEncoder_InFloat64RoundsNothingToFloat32(t *testing.T) {
	for _, name := range []string{"convnet", "resnet18"} {
		e := ofWidth(name, 4)
		single, double := reversed(t, e, dtypes.Float32), reversed(t, e, dtypes.Float64)
		t.Logf("%s: embeddings differ by %.1e in float32, by %.1e in float64", name, single, double)
		if !(double <= 1e-12) || !(single >= 1e-8) {
			t.Errorf("%s: the order of the batch changes embeddings by %.1e in float32, by %.1e in float64",
				name, single, double)
		}
	}
}
