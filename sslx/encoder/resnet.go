package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// resNet18 is ResNet-18 (He et al. 2016, https://arxiv.org/abs/1512.03385) with the stem for small images: a 3x3
// convolution of stride 1 and no max pooling (Chen et al. 2020, https://arxiv.org/abs/2002.05709, B.9). Channels are
// width, 2·width, 4·width and 8·width, 64 to 512 in the paper.
func resNet18(scope *model.Scope, x featureMaps, width int, mode Mode) *Node {
	x = convBNReLU(scope.At("stem"), x, width, 3, 1, mode)
	return stages(scope, x, []int{2, 2, 2, 2}, width, basicBlock, mode)
}

// resNet50 is ResNet-50 (He et al. 2016) with the stem for images of 224x224: a 7x7 convolution of stride 2 and max
// pooling. A block is 1x1, 3x3 and 1x1 convolutions, the stride on the 3x3 one, as in torchvision; its output has four
// times its channels.
func resNet50(scope *model.Scope, x featureMaps, width int, mode Mode) *Node {
	x = convBNReLU(scope.At("stem"), x, width, 7, 2, mode)
	pad := [2]int{1, 1}
	x = featureMaps{MaxPool(x.images()).Window(3).Strides(2).PaddingPerDim([][2]int{pad, pad}).Done(), false}
	return stages(scope, x, []int{3, 4, 6, 3}, width, bottleneck, mode)
}

// block is a residual block; channels are those of its 3x3 convolutions.
type block func(scope *model.Scope, x featureMaps, channels, stride int, mode Mode) featureMaps

// stages builds four stages of blocks, each with twice the channels of the one before and half its size, and averages
// over the pixels.
func stages(scope *model.Scope, x featureMaps, blocks []int, width int, build block, mode Mode) *Node {
	for stage, count := range blocks {
		for i := range count {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			x = build(scope.At("stage%d_block%d", stage, i), x, width<<stage, stride, mode)
		}
	}
	return x.mean()
}

// basicBlock is two 3x3 convolutions with a shortcut around them.
func basicBlock(scope *model.Scope, x featureMaps, channels, stride int, mode Mode) featureMaps {
	y := convBNReLU(scope.At("conv0"), x, channels, 3, stride, mode)
	y = convBN(scope.At("conv1"), y, channels, 3, 1, mode)
	return y.plus(shortcut(scope, x, channels, stride, mode)).relu()
}

// bottleneck is a 3x3 convolution between two 1x1 ones, the last of which has four times its channels, with a shortcut
// around them.
func bottleneck(scope *model.Scope, x featureMaps, channels, stride int, mode Mode) featureMaps {
	y := convBNReLU(scope.At("conv0"), x, channels, 1, 1, mode)
	y = convBNReLU(scope.At("conv1"), y, channels, 3, stride, mode)
	y = convBN(scope.At("conv2"), y, 4*channels, 1, 1, mode)
	return y.plus(shortcut(scope, x, 4*channels, stride, mode)).relu()
}

// shortcut is x, or a 1x1 convolution of it where the shape changes.
func shortcut(scope *model.Scope, x featureMaps, channels, stride int, mode Mode) featureMaps {
	if stride == 1 && x.channels() == channels {
		return x
	}
	return convBN(scope.At("shortcut"), x, channels, 1, stride, mode)
}

func convBN(scope *model.Scope, x featureMaps, channels, size, stride int, mode Mode) featureMaps {
	y := convolution(scope, x, channels, size, stride)
	return featureMaps{BatchNorm(scope, y.x, mode), y.pixelsFirst}
}

func convBNReLU(scope *model.Scope, x featureMaps, channels, size, stride int, mode Mode) featureMaps {
	return convBN(scope, x, channels, size, stride, mode).relu()
}
