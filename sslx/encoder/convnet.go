package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// ConvNet is the default on a CPU: most of its work is at low resolution with many channels, where a core is fastest.
// A 4x4 convolution of stride 2 halves the image, two stages of a 3x3 convolution of stride 2 and a basic block halve
// it again, and a 3x3 convolution widens the last map; channels are Width, 2·Width, 4·Width, 8·Width. A representation
// has 8·Width elements.
type ConvNet struct {
	// Width is the number of channels of the first stage; positive. Its default is 32.
	Width int `yaml:"width"`
}

// Build returns the representations [batch, 8·Width] of images [batch, height, width, 3]; see [Encoder].
func (c ConvNet) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	x := convBNReLU(scope.At("stem"), featureMaps{x: images}, c.Width, 4, 2, mode) // [batch, height/2, width/2, Width]

	for stage := 1; stage <= 2; stage++ {
		x = convBNReLU(scope.At("down%d", stage), x, c.Width<<stage, 3, 2, mode)
		x = basicBlock(scope.At("block%d", stage), x, c.Width<<stage, 1, mode)
	}

	x = convBNReLU(scope.At("last"), x, 8*c.Width, 3, 1, mode) // [batch, height/8, width/8, 8·Width]
	return x.mean()
}

// Dim returns 8·Width.
func (c ConvNet) Dim() int { return 8 * c.Width }

// MinSize returns 8.
func (ConvNet) MinSize() int { return smallestImage }

// Check returns an error of package usage when the width is out of range.
func (c ConvNet) Check() error { return checkWidth(c.Width) }
