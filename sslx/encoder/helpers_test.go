package encoder

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// normal returns a tensor of seeded normal values.
func normal(seed uint64, mean, deviation float64, dims ...int) *tensors.Tensor {
	random := rand.New(rand.NewPCG(seed, 0))
	size := 1
	for _, d := range dims {
		size *= d
	}
	values := make([]float32, size)
	for i := range values {
		values[i] = float32(mean + deviation*random.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

func floats(t *tensors.Tensor) []float64 {
	values := tensors.MustCopyFlatData[float32](t)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

// builder builds a graph on the variables of a scope.
type builder = func(scope *model.Scope, in []*Node) []*Node

// named returns an encoder with its default parameters.
func named(name string) Encoder {
	e, err := Named(name)
	if err != nil {
		panic(err)
	}
	return e
}

// ofAWidth returns the names of the encoders that have a width: convnet and the ResNets.
func ofAWidth() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return strings.HasPrefix(name, "vit") })
}

// ofWidth returns the encoder of a name with another width.
func ofWidth(name string, width int) Encoder {
	switch e := named(name).(type) {
	case ConvNet:
		e.Width = width
		return e
	case ResNet:
		e.Width = width
		return e
	case CIFARResNet:
		e.Width = width
		return e
	}
	panic(name + " has no width")
}

// gradient returns the gradient of a scalar of an encoder's output to all trainable variables.
func gradient(e Encoder, scope *model.Scope, images *Node) []*Node {
	loss := ReduceAllSum(Square(e.Build(scope, images, Train)))
	var variables []*Node
	for v := range scope.IterVariables() {
		if v.Trainable {
			variables = append(variables, v.NodeValue(images))
		}
	}
	return Gradient(loss, variables...)
}

// run builds and runs a graph on the variables of a store.
func run(t testing.TB, store *model.Store, build builder, args ...any) [][]float64 {
	t.Helper()
	return runOn(t, testbackend.Open(t), store, build, args...)
}

func runOn(t testing.TB, b compute.Backend, store *model.Store, build builder, args ...any) [][]float64 {
	t.Helper()
	exec, err := model.NewExec(b, store, build)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	outputs, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float64, len(outputs))
	for i, output := range outputs {
		values[i] = floats(output)
	}
	return values
}

// variables returns the values of all variables by path.
func variables(t testing.TB, store *model.Store) map[string][]float64 {
	t.Helper()
	values := map[string][]float64{}
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		values[v.Path()] = floats(value)
	}
	return values
}

// mustBeClose fails unless the largest difference is within tolerance times the largest magnitude that is wanted, or 1
// when that is larger. It returns the share of the largest difference.
func mustBeClose(t *testing.T, what string, got, want []float64, tolerance float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	scale, worst := 1.0, 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	for i := range want {
		d := math.Abs(got[i]-want[i]) / scale
		if !(d <= tolerance) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], want[i])
		}
		worst = max(worst, d)
	}
	return worst
}
