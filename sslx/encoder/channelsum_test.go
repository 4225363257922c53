package encoder

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

func TestChannelSum_IsPlainAutodiff(t *testing.T) {
	for _, dims := range [][]int{{1, 1}, {7, 3}, {4, 5, 6}, {1, 1, 1, 1}, {3, 4, 4, 5}, {2, 17, 3, 7},
		{5, 16, 2, 3}, {2, 33, 1, 4}} {
		channels := dims[len(dims)-1]
		x, v := normal(1, 0.5, 1, dims...), normal(2, 0.5, 1, channels)
		got := run(t, model.NewStore(), func(_ *model.Scope, in []*Node) []*Node {
			x, v := in[0], in[1]
			var all []*Node
			for _, own := range []bool{true, false} {
				var axes []int
				for axis := range x.Rank() - 1 {
					axes = append(axes, axis)
				}
				sum, over := ReduceSum(x, axes...), ExpandLeftToRank(v, x.Rank())
				if own {
					sum, over = channelSum(x), overChannels(v, x)
				}
				mixed := Mul(x, Sin(over))
				loss := Add(ReduceAllSum(Square(sum)), ReduceAllSum(Square(mixed)))
				all = append(all, sum, mixed)
				all = append(all, Gradient(loss, x, v)...)
			}
			return all
		}, x, v)
		for i, what := range []string{"sum", "product", "gradient to the pixels", "gradient to the channels"} {
			mustBeClose(t, fmt.Sprintf("%v: %s", dims, what), got[i], got[i+4], 1e-6)
		}
	}
}
