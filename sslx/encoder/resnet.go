package encoder

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

// Stems of a [ResNet].
const (
	// StemCIFAR is for small images: a 3x3 convolution of stride 1 (Chen et al. 2020,
	// https://arxiv.org/abs/2002.05709, B.9).
	StemCIFAR = "cifar"

	// StemImageNet is for images of about 224x224: a 7x7 convolution of stride 2, and max pooling.
	StemImageNet = "imagenet"
)

// ResNet is a residual network of four stages (He et al. 2016, https://arxiv.org/abs/1512.03385): resnet18 and resnet34
// of basic blocks, resnet50 and resnet101 of bottlenecks with the stride on the 3x3 convolution, as in torchvision.
// Channels are Width, 2·Width, 4·Width and 8·Width. A representation has 8·Width elements, 32·Width with bottlenecks.
type ResNet struct {
	// Layers is 18, 34, 50 or 101. It is part of the encoder's name.
	Layers int `yaml:"-"`

	// Width is the number of channels of the first stage; positive. Its default is 64.
	Width int `yaml:"width"`

	// Stem is StemCIFAR or StemImageNet. "" is the default: StemCIFAR for 18 and 34 layers, StemImageNet for 50 and
	// 101.
	Stem string `yaml:"stem"`
}

// Name returns the name of the network, such as resnet18.
func (r ResNet) Name() string { return fmt.Sprintf("resnet%d", r.Layers) }

// Resolved returns the network with its stem filled in.
func (r ResNet) Resolved() Encoder {
	if r.Stem == "" {
		r.Stem = StemCIFAR
		if r.Layers >= 50 {
			r.Stem = StemImageNet
		}
	}
	return r
}

// Build returns the representations [batch, Dim] of images; see [Encoder].
func (r ResNet) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	return r.design().build(scope, images, mode)
}

// Dim returns 8·Width, or 32·Width with bottlenecks.
func (r ResNet) Dim() int { return r.design().dim() }

// MinSize returns 8.
func (ResNet) MinSize() int { return smallestImage }

// Check returns an error of package usage when there is no such network.
func (r ResNet) Check() error {
	if r.design().blocks == nil {
		return usage.Errorf("there is no ResNet of %d layers: it must have 18, 34, 50 or 101", r.Layers)
	}
	if stems := []string{StemCIFAR, StemImageNet}; r.Stem != "" && !slices.Contains(stems, r.Stem) {
		return usage.Unknown("encoder.stem", r.Stem, stems)
	}
	return checkWidth(r.Width)
}

// Model returns torchvision's name of the network, "" for a stem or a width that it does not have.
func (r ResNet) Model() string {
	if r.Width != 64 || r.Resolved().(ResNet).Stem != StemImageNet {
		return ""
	}
	return r.Name()
}

// Tensors returns the names of the variables in torchvision; see [Portable].
func (r ResNet) Tensors(channels int) []Tensor { return r.design().tensors(channels) }

func (r ResNet) design() resNet {
	blocks := map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}}
	return resNet{
		blocks:     blocks[r.Layers],
		width:      r.Width,
		bottleneck: r.Layers >= 50,
		large:      r.Resolved().(ResNet).Stem == StemImageNet,
	}
}

// CIFARResNet is a residual network for small images (He et al. 2016, section 4.2): resnet20, resnet32, resnet44 and
// resnet56 are a 3x3 convolution and three stages of basic blocks of Width, 2·Width and 4·Width channels. Shortcuts
// have no weights: where the shape changes they take every second pixel, with zeros for new channels (option A). A
// representation has 4·Width elements.
type CIFARResNet struct {
	// Layers is 20, 32, 44 or 56. It is part of the encoder's name.
	Layers int `yaml:"-"`

	// Width is the number of channels of the first stage; positive and even. Its default is 16.
	Width int `yaml:"width"`
}

// Name returns the name of the network, such as resnet20.
func (r CIFARResNet) Name() string { return fmt.Sprintf("resnet%d", r.Layers) }

// Build returns the representations [batch, 4·Width] of images; see [Encoder].
func (r CIFARResNet) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	return r.design().build(scope, images, mode)
}

// Dim returns 4·Width.
func (r CIFARResNet) Dim() int { return r.design().dim() }

// MinSize returns 8.
func (CIFARResNet) MinSize() int { return smallestImage }

// Check returns an error of package usage when there is no such network.
func (r CIFARResNet) Check() error {
	if !slices.Contains([]int{20, 32, 44, 56}, r.Layers) {
		return usage.Errorf("there is no ResNet of %d layers for CIFAR: it must have 20, 32, 44 or 56", r.Layers)
	}
	if err := checkWidth(r.Width); err != nil {
		return err
	}
	if r.Width%2 != 0 {
		return usage.Errorf("encoder.width is %d: it must be even", r.Width)
	}
	return nil
}

// Model returns "": the network is in no library, though the names of its tensors are torchvision's.
func (CIFARResNet) Model() string { return "" }

// Tensors returns the names of the variables in torchvision's manner; see [Portable].
func (r CIFARResNet) Tensors(channels int) []Tensor { return r.design().tensors(channels) }

func (r CIFARResNet) design() resNet {
	// 6n+2 layers: three stages of n blocks of two, the stem, and the classifier (He et al. 2016, section 4.2).
	n := (r.Layers - 2) / 6
	return resNet{blocks: []int{n, n, n}, width: r.Width, withoutWeights: true}
}

// resNet is what the networks of the family differ in.
type resNet struct {
	blocks         []int // of each stage
	width          int   // channels of the first stage
	bottleneck     bool  // blocks are 1x1, 3x3 and 1x1 convolutions, the last with four times the channels
	large          bool  // the stem for large images
	withoutWeights bool  // shortcuts of option A
}

// dim returns the number of channels of the last map.
func (r resNet) dim() int {
	dim := r.width << max(0, len(r.blocks)-1)
	if r.bottleneck {
		dim *= 4
	}
	return dim
}

// build returns the representations of images: a stem, stages of blocks, each with twice the channels of the one before
// and half its size, and the mean over the pixels.
func (r resNet) build(scope *model.Scope, images *Node, mode Mode) *Node {
	size, stride := r.stem()
	x := convBNReLU(scope.At("stem"), inputMaps(scope, images), r.width, size, stride, mode)
	if r.large {
		// Padded by a pixel on each side, as in torchvision.
		pad := [2]int{1, 1}
		x = featureMaps{MaxPool(x.images()).Window(3).Strides(2).PaddingPerDim([][2]int{pad, pad}).Done(), false}
	}

	for stage, count := range r.blocks {
		for i := range count {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			x = r.block(scope.At("stage%d_block%d", stage, i), x, r.width<<stage, stride, mode)
		}
	}
	return x.mean()
}

// stem returns the size and stride of the first convolution.
func (r resNet) stem() (size, stride int) {
	if r.large {
		return 7, 2
	}
	return 3, 1
}

// block is a residual block; channels counts the channels of its 3x3 convolutions.
func (r resNet) block(scope *model.Scope, x featureMaps, channels, stride int, mode Mode) featureMaps {
	switch {
	case r.bottleneck:
		return bottleneck(scope, x, channels, stride, mode)
	case r.withoutWeights:
		y := convBNReLU(scope.At("conv0"), x, channels, 3, stride, mode)
		y = convBN(scope.At("conv1"), y, channels, 3, 1, mode)
		return y.plus(x.widened(channels, stride)).relu()
	}
	return basicBlock(scope, x, channels, stride, mode)
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
	// The 3x3 convolution has the stride, as in torchvision; in the paper it is the 1x1 before it.
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
	return convolution(scope, x, channels, size, stride).normalized(scope, mode)
}

func convBNReLU(scope *model.Scope, x featureMaps, channels, size, stride int, mode Mode) featureMaps {
	return convBN(scope, x, channels, size, stride, mode).relu()
}

// convolutionAt is a convolution with its batch normalization: where its variables are, and their names in torchvision.
type convolutionAt struct {
	scope                 string
	name, norm            string
	in, out, size, stride int
}

// convolutions lists the convolutions in the order in which build makes them.
func (r resNet) convolutions(channels int) (all []convolutionAt) {
	size, stride := r.stem()
	all = append(all, convolutionAt{"stem", "conv1", "bn1", channels, r.width, size, stride})

	in := r.width
	for stage, count := range r.blocks {
		for i := range count {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}

			// The sizes of the kernels of a block, with the one that has the stride.
			sizes, strided, widen := []int{3, 3}, 0, 1
			if r.bottleneck {
				sizes, strided, widen = []int{1, 3, 1}, 1, 4
			}
			scope, name := fmt.Sprintf("stage%d_block%d/", stage, i), fmt.Sprintf("layer%d.%d.", stage+1, i)
			from, out := in, r.width<<stage
			for c, size := range sizes {
				at := convolutionAt{fmt.Sprintf("%sconv%d", scope, c), fmt.Sprintf("%sconv%d", name, c+1),
					fmt.Sprintf("%sbn%d", name, c+1), in, out, size, 1}
				if c == strided {
					at.stride = stride
				}
				if c == len(sizes)-1 {
					at.out *= widen
				}
				all = append(all, at)
				in = at.out
			}

			if !r.withoutWeights && (stride > 1 || from != in) {
				all = append(all, convolutionAt{scope + "shortcut", name + "downsample.0", name + "downsample.1", from,
					in, 1, stride})
			}
		}
	}
	return all
}

// tensors returns the tensors of torchvision that hold the variables.
func (r resNet) tensors(channels int) (all []Tensor) {
	for _, c := range r.convolutions(channels) {
		all = append(all, kernelTensor(c.scope+"/kernel", c.name+".weight", c.size, c.in, c.out))
		all = append(all, normTensors(c.scope, c.norm, c.out)...)
	}
	return all
}
