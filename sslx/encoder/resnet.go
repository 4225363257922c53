package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// ResNet18 is ResNet-18 (He et al. 2016, https://arxiv.org/abs/1512.03385) with the stem for small images: a 3x3
// convolution of stride 1 and no max pooling (Chen et al. 2020, https://arxiv.org/abs/2002.05709, B.9). Channels are
// Width, 2·Width, 4·Width and 8·Width, 64 to 512 in the paper. A representation has 8·Width elements.
type ResNet18 struct {
	// Width is the number of channels of the first stage; positive. Its default is 64.
	Width int `yaml:"width"`
}

// Build returns the representations [batch, 8·Width] of images [batch, height, width, 3]; see [Encoder].
func (r ResNet18) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	x := convBNReLU(scope.At("stem"), featureMaps{x: images}, r.Width, 3, 1, mode)
	return stages(scope, x, []int{2, 2, 2, 2}, r.Width, basicBlock, mode)
}

// Dim returns 8·Width.
func (r ResNet18) Dim() int { return 8 * r.Width }

// MinSize returns 8.
func (ResNet18) MinSize() int { return smallestImage }

// Check returns an error of package usage when the width is out of range.
func (r ResNet18) Check() error { return checkWidth(r.Width) }

// ResNet50 is ResNet-50 (He et al. 2016) with the stem for images of 224x224: a 7x7 convolution of stride 2 and max
// pooling. A block is 1x1, 3x3 and 1x1 convolutions, the stride on the 3x3 one, as in torchvision; its output has four
// times its channels. A representation has 32·Width elements.
type ResNet50 struct {
	// Width is the number of channels of the first stage; positive. Its default is 64.
	Width int `yaml:"width"`
}

// Build returns the representations [batch, 32·Width] of images [batch, height, width, 3]; see [Encoder].
func (r ResNet50) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	x := convBNReLU(scope.At("stem"), featureMaps{x: images}, r.Width, 7, 2, mode)
	pad := [2]int{1, 1}
	x = featureMaps{MaxPool(x.images()).Window(3).Strides(2).PaddingPerDim([][2]int{pad, pad}).Done(), false}
	return stages(scope, x, []int{3, 4, 6, 3}, r.Width, bottleneck, mode)
}

// Dim returns 32·Width.
func (r ResNet50) Dim() int { return 32 * r.Width }

// MinSize returns 8.
func (ResNet50) MinSize() int { return smallestImage }

// Check returns an error of package usage when the width is out of range.
func (r ResNet50) Check() error { return checkWidth(r.Width) }

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
