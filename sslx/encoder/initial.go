package encoder

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// ParamSeed is the hyper-parameter of the model's scope that holds the seed (uint64) of the initial values.
const ParamSeed = "encoder_seed"

// weights returns the variable of the given name and shape, normal with variance gain / fanIn when it is new.
func weights(scope *model.Scope, name string, gain float64, fanIn int, dims ...int) *model.Variable {
	return variable(scope, name, dims, func(path string) *tensors.Tensor {
		// A stream of its own for each path: the order of building does not matter.
		h := fnv.New64a()
		_, _ = h.Write([]byte(path))
		random := rand.New(rand.NewPCG(model.GetParamOr(scope, ParamSeed, uint64(0)), h.Sum64()))

		values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
		deviation := math.Sqrt(gain / float64(fanIn))
		for i := range values {
			values[i] = float32(random.NormFloat64() * deviation)
		}
		return tensors.FromFlatDataAndDimensions(values, dims...)
	})
}

// filled returns the variable of the given name and shape, all elements equal to value when it is new.
func filled(scope *model.Scope, name string, value float32, dims ...int) *model.Variable {
	return variable(scope, name, dims, func(string) *tensors.Tensor {
		return tensors.FromScalarAndDimensions(value, dims...)
	})
}

// valueLike returns the value of a variable, which is float32, in the type of x.
func valueLike(v *model.Variable, x *Node) *Node { return ConvertDType(v.NodeValue(x), x.DType()) }

func variable(scope *model.Scope, name string, dims []int, initial func(path string) *tensors.Tensor) *model.Variable {
	if v := scope.GetVariable(name); v != nil {
		return v
	}
	return scope.VariableWithValue(name, initial(model.JoinPath(scope.Scope(), name)))
}
