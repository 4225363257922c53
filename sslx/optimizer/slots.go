package optimizer

import (
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// zeros returns the non-trainable variable of like's shape in scope, zero when it is new.
func zeros(scope *model.Scope, name string, like *model.Variable) *model.Variable {
	v := scope.GetVariable(name)
	if v == nil {
		v = scope.VariableWithValue(name, tensors.FromShape(like.Shape()))
	}
	return v.SetTrainable(false)
}
