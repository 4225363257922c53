package pretrain

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// precisions are the values of Config.Precision, the default first.
var precisions = []string{"float32", "bfloat16"}

// rounded returns what a network takes in, in the type in which it computes while it is trained.
func (c Config) rounded(x *Node) *Node {
	if c.Precision == "bfloat16" {
		return ConvertDType(x, dtypes.BFloat16)
	}
	return x
}
