package encoder

import (
	"cmp"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

// ConvNet is the default on a CPU: most of its work is at low resolution with many channels, where a core is fastest.
// A 4x4 convolution of stride 2 halves the image, two stages of a 3x3 convolution of stride 2 and a basic block halve
// it again, and a 3x3 convolution widens the last map; channels are Width, 2·Width, 4·Width, and Features. A
// representation has Features elements.
type ConvNet struct {
	// Width is the number of channels of the first stage; positive. Its default is 32.
	Width int `yaml:"width"`

	// Features is the number of channels of the last map; 0 is 8·Width. The last map is small, so that a wide one costs
	// little.
	Features int `yaml:"features,omitempty"`
}

// Build returns the representations [batch, Features] of images [batch, height, width, 3]; see [Encoder].
func (c ConvNet) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	x := inputMaps(scope, images)
	x = convBNReLU(scope.At("stem"), x, c.Width, 4, 2, mode) // [batch, height/2, width/2, Width]

	for stage := 1; stage <= 2; stage++ {
		x = convBNReLU(scope.At("down%d", stage), x, c.Width<<stage, 3, 2, mode)
		x = basicBlock(scope.At("block%d", stage), x, c.Width<<stage, 1, mode)
	}

	x = convBNReLU(scope.At("last"), x, c.Dim(), 3, 1, mode) // [batch, height/8, width/8, Features]
	return x.mean()
}

// Dim returns Features, or 8·Width where it is 0.
func (c ConvNet) Dim() int { return cmp.Or(c.Features, 8*c.Width) }

// MinSize returns 8.
func (ConvNet) MinSize() int { return smallestImage }

// Check returns an error of package usage when a width is out of range.
func (c ConvNet) Check() error {
	if c.Features < 0 {
		return usage.Errorf("encoder.features is %d: it must be positive (0 is 8 times the width)", c.Features)
	}
	return checkWidth(c.Width)
}
