package pretrain

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// precisions are the values of Config.Precision, the default first.
var precisions = []string{"float32", "bfloat16", "float64"}

// rounded returns what a network takes in, in the type in which it computes while it is trained.
func (c Config) rounded(x *Node) *Node {
	switch c.Precision {
	case "bfloat16":
		return ConvertDType(x, dtypes.BFloat16)
	case "float64":
		return ConvertDType(x, dtypes.Float64)
	}
	return x
}
