package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// convNet is the default on a CPU: most of its work is at low resolution with many channels, where a core is fastest.
// A 4x4 convolution of stride 2 halves the image, two stages of a 3x3 convolution of stride 2 and a basic block halve
// it again, and a 3x3 convolution widens the last map; channels are width, 2·width, 4·width, 8·width.
func convNet(scope *model.Scope, x featureMaps, width int, mode Mode) *Node {
	x = convBNReLU(scope.At("stem"), x, width, 4, 2, mode)
	for stage := 1; stage <= 2; stage++ {
		x = convBNReLU(scope.At("down%d", stage), x, width<<stage, 3, 2, mode)
		x = basicBlock(scope.At("block%d", stage), x, width<<stage, 1, mode)
	}
	x = convBNReLU(scope.At("last"), x, 8*width, 3, 1, mode)
	return x.mean()
}
