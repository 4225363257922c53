package augment

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/internal/device"
)

// planes are the channels of a batch of images, each [batch, height, width]. XLA computes on them in one loop without
// computing a channel again for each of its uses, which it does for slices of a fused array, and without the strides
// between the values of a channel.
type planes []*Node

// rgb is the number of channels of color images.
const rgb = 3

// channelsOf returns the number of channels of images [batch, height, width, channels].
func channelsOf(images *Node) int { return images.Shape().Dimensions[3] }

// split returns the planes of images [batch, height, width, channels].
func split(images *Node) planes {
	p := make(planes, channelsOf(images))
	for i := range p {
		p[i] = Squeeze(SliceAxis(images, -1, AxisElem(i)), -1)
	}
	return p
}

// join returns the images [batch, height, width, channels].
func (p planes) join() *Node {
	if len(p) > 1 && device.IsCPU(p[0].Graph()) {
		return interleave(p)
	}
	channels := p.each(func(c *Node) *Node { return InsertAxes(c, -1) })
	if len(channels) == 1 {
		return channels[0]
	}
	return Join(channels, -1)
}

// each returns the planes that change makes of each.
func (p planes) each(change func(*Node) *Node) planes {
	changed := make(planes, len(p))
	for i := range p {
		changed[i] = change(p[i])
	}
	return changed
}

// where returns p for the images with condition (bool [batch]), and otherwise for the others.
func (p planes) where(condition *Node, otherwise planes) planes {
	chosen := make(planes, len(p))
	for i := range p {
		chosen[i] = Where(condition, p[i], otherwise[i])
	}
	return chosen
}

// luma is the weighted sum of red, green and blue with the weights of ITU-R BT.601-7 as torchvision rounds them
// (rgb_to_grayscale), and the mean of the channels where there are not three.
func (p planes) luma() *Node {
	if len(p) != rgb {
		sum := p[0]
		for _, c := range p[1:] {
			sum = Add(sum, c)
		}
		return MulScalar(sum, 1/float64(len(p)))
	}
	return Add(Add(MulScalar(p[0], 0.2989), MulScalar(p[1], 0.587)), MulScalar(p[2], 0.114))
}

// painter is an operation that makes planes of planes. A pipeline hands the planes of one to the next, and joins them
// when an operation needs whole images, and at the end.
type painter interface {
	paint(p planes, params Params) planes
}

// repaint is the Apply of a painter.
func repaint(o painter, images *Node, params Params) *Node {
	return o.paint(split(images), params).join()
}

// cutter is an operation that makes planes, in [0, 1], of images whose pixels may still be bytes.
type cutter interface {
	cut(images *Node, params Params) planes
}

// canvas is a batch of images on its way through a pipeline: whole, and bytes until an operation needs numbers, or in
// planes where whole is nil.
type canvas struct {
	whole  *Node
	planes planes
}

// apply returns the canvas that an operation makes of c.
func (c canvas) apply(op Operation, params Params) canvas {
	defer blame.Part("operation " + op.Name())
	switch o := op.(type) {
	case painter:
		return canvas{planes: o.paint(c.split(), params)}
	case cutter:
		return canvas{planes: o.cut(c.join(), params)}
	}
	return canvas{whole: op.Apply(c.images(), params)}
}

// images returns the whole images, float32 in [0, 1].
func (c canvas) images() *Node { return numbers(c.join()) }

func (c canvas) split() planes {
	if c.whole != nil {
		return split(numbers(c.whole))
	}
	return c.planes
}

func (c canvas) join() *Node {
	if c.whole != nil {
		return c.whole
	}
	return c.planes.join()
}
