package encoder

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	convolutions "github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/device"
)

// featureMaps are the activations of a layer, in one of two orders: as images, [batch, height, width, channels],
// for XLA's convolution, or [height, width, batch, channels], in which a mix of pixels is a matrix product with whole
// rows of batch and channels. Operations on each channel alone work on both.
type featureMaps struct {
	x           *Node
	pixelsFirst bool
}

// roundsParam is the parameter of a graph that says whether convolutions round, in a scope and those below it.
const roundsParam = "encoder_rounds"

// inputMaps returns images as the maps that a network of convolutions begins with. In bfloat16, where package
// convolution has kernels for it, activations are float32 and convolutions round what their products take: XLA's CPU
// takes longer to round activations than to read float32 ones.
func inputMaps(scope *model.Scope, images *Node) featureMaps {
	g := images.Graph()
	if images.DType() == dtypes.BFloat16 && device.HasConvolutions(g) && convolutions.AvailableBFloat16() {
		scope.SetGraphParam(g, roundsParam, true)
		images = wide(images)
	}
	return featureMaps{x: images}
}

// rounds reports whether convolutions in a scope round what their products take.
func rounds(scope *model.Scope, g *Graph) bool {
	_, ok := scope.GetGraphParam(g, roundsParam)
	return ok
}

// images returns the maps in the order of images.
func (m featureMaps) images() *Node {
	if m.pixelsFirst {
		return TransposeAllAxes(m.x, 2, 0, 1, 3)
	}
	return m.x
}

// pixels returns the maps as [height, width, batch, channels].
func (m featureMaps) pixels() *Node {
	if m.pixelsFirst {
		return m.x
	}
	return TransposeAllAxes(m.x, 1, 2, 0, 3)
}

// pixelAxes returns the axes of height and width.
func (m featureMaps) pixelAxes() (rows, columns int) {
	if m.pixelsFirst {
		return 0, 1
	}
	return 1, 2
}

// size returns height and width.
func (m featureMaps) size() (height, width int) {
	rows, columns := m.pixelAxes()
	return m.x.Shape().Dimensions[rows], m.x.Shape().Dimensions[columns]
}

// channels returns the number of channels.
func (m featureMaps) channels() int { return m.x.Shape().Dimensions[3] }

// plus returns m + other, in the order of m.
func (m featureMaps) plus(other featureMaps) featureMaps {
	if m.pixelsFirst {
		return featureMaps{Add(m.x, other.pixels()), true}
	}
	return featureMaps{Add(m.x, other.images()), false}
}

// every returns every stride-th pixel of the maps.
func (m featureMaps) every(stride int) featureMaps {
	if stride > 1 {
		rows, columns := m.pixelAxes()
		m.x = every(every(m.x, rows, 0, 1, stride), columns, 0, 1, stride)
	}
	return m
}

// widened returns every stride-th pixel of the maps, with zeros for new channels on both sides of the old ones, so that
// there are as many channels.
func (m featureMaps) widened(channels, stride int) featureMaps {
	m = m.every(stride)
	missing := channels - m.channels()
	if missing == 0 {
		return m
	}
	zeros := func(n int) *Node {
		shape := m.x.Shape().Clone()
		shape.Dimensions[3] = n
		return Zeros(m.x.Graph(), shape)
	}
	before := missing / 2
	return featureMaps{Concatenate([]*Node{zeros(before), m.x, zeros(missing - before)}, 3), m.pixelsFirst}
}

// relu is max(m, 0).
func (m featureMaps) relu() featureMaps { return featureMaps{relu(m.x), m.pixelsFirst} }

// normalized is BatchNorm of the maps.
func (m featureMaps) normalized(scope *model.Scope, mode Mode) featureMaps {
	batch := 0
	if m.pixelsFirst {
		batch = 2
	}
	return featureMaps{normalize(scope, m.x, batch, mode, true), m.pixelsFirst}
}

// mean averages over the pixels, in float32 where they are bfloat16: [batch, channels].
func (m featureMaps) mean() *Node {
	rows, columns := m.pixelAxes()
	return ReduceMean(wide(m.x), rows, columns)
}
