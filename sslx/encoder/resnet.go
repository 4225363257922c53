package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// resNet18 is ResNet-18 (He et al. 2016, https://arxiv.org/abs/1512.03385) with the stem for small images: a 3x3
// convolution of stride 1 and no max pooling (Chen et al. 2020, https://arxiv.org/abs/2002.05709, B.9). Channels are
// width, 2·width, 4·width and 8·width, 64 to 512 in the paper.
func resNet18(scope *model.Scope, x *Node, width int, mode Mode) *Node {
	x = convBNReLU(scope.At("stem"), x, width, 3, 1, mode)
	for stage := range 4 {
		for block := range 2 {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			x = basicBlock(scope.At("stage%d_block%d", stage, block), x, width<<stage, stride, mode)
		}
	}
	return globalMeanPool(x)
}

// basicBlock is two 3x3 convolutions with a shortcut around them, which is a 1x1 convolution where the shape changes.
func basicBlock(scope *model.Scope, x *Node, channels, stride int, mode Mode) *Node {
	y := convBNReLU(scope.At("conv0"), x, channels, 3, stride, mode)
	y = convBN(scope.At("conv1"), y, channels, 3, 1, mode)
	if stride != 1 || x.Shape().Dimensions[3] != channels {
		x = convBN(scope.At("shortcut"), x, channels, 1, stride, mode)
	}
	return relu(Add(x, y))
}

func convBN(scope *model.Scope, x *Node, channels, size, stride int, mode Mode) *Node {
	return BatchNorm(scope, Convolution(scope, x, channels, size, stride), mode)
}

func convBNReLU(scope *model.Scope, x *Node, channels, size, stride int, mode Mode) *Node {
	return relu(convBN(scope, x, channels, size, stride, mode))
}
