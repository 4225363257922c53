package encoder

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

func TestProjector_ReturnsEveryLayerAndEndsLinear(t *testing.T) {
	const batch, in = 6, 5
	widths := []int{8, 7, 4}
	h := normal(3, 0, 1, batch, in)
	store := seeded(2)
	got := run(t, store, func(scope *model.Scope, in []*Node) []*Node {
		return Projector(scope, in[0], widths, Train)
	}, h)
	v := variables(t, store)
	if len(got) != len(widths) {
		t.Fatalf("%d outputs, want %d", len(got), len(widths))
	}
	x := floats(h)
	fresh := func(n int) normState { // a batch normalization as it starts
		return normState{slices.Repeat([]float64{1}, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	}
	for i, layer := range []string{"/layer0", "/layer1", "/layer2"} {
		want := product(x, v[layer+"/kernel"], batch)
		if i < len(widths)-1 {
			want, _ = fresh(widths[i]).forward(want, batch, true)
			for j := range want {
				want[j] = max(0, want[j])
			}
		}
		mustBeClose(t, layer, got[i], want, 1e-5)
		x = want
	}
	if v["/layer2/scale"] != nil || v["/layer2/bias"] != nil {
		t.Error("the last layer has a bias or a batch normalization")
	}
}

func TestProjector_WithoutLayersReturnsTheRepresentation(t *testing.T) {
	h := normal(3, 0, 1, 2, 5)
	got := run(t, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		return Projector(scope, in[0], nil, Train)
	}, h)
	if len(got) != 1 || !slices.Equal(got[0], floats(h)) {
		t.Errorf("got %v", got)
	}
}

// product is x [n, in] times kernel [in, out].
func product(x, kernel []float64, n int) []float64 {
	in := len(x) / n
	out := len(kernel) / in
	y := make([]float64, n*out)
	for i := range n {
		for j := range out {
			for k := range in {
				y[i*out+j] += x[i*in+k] * kernel[k*out+j]
			}
		}
	}
	return y
}
