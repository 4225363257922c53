package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// featureMaps are the activations of a layer, in one of two orders: as images, [batch, height, width, channels],
// for XLA's convolution, or [height, width, batch, channels], in which a mix of pixels is a matrix product with whole
// rows of batch and channels. Operations on each channel alone work on both.
type featureMaps struct {
	x           *Node
	pixelsFirst bool
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

// widened returns every stride-th pixel of the maps, with zeros for new channels on both sides of the old ones, so that
// there are as many channels.
func (m featureMaps) widened(channels, stride int) featureMaps {
	if stride > 1 {
		rows, columns := m.pixelAxes()
		m.x = every(every(m.x, rows, 0, 1, stride), columns, 0, 1, stride)
	}

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
