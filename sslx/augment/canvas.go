package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// canvas is a batch of images on its way through a pipeline: whole, or in planes where whole is nil.
type canvas struct {
	whole  *Node
	planes planes
}

// painter is an operation that makes planes of planes. A pipeline hands the planes of one to the next, and joins them
// when an operation needs whole images, and at the end.
type painter interface {
	paint(p planes, params Params) planes
}

// cutter is an operation that makes planes of images.
type cutter interface {
	cut(images *Node, params Params) planes
}

func (c canvas) split() planes {
	if c.whole != nil {
		return split(c.whole)
	}
	return c.planes
}

func (c canvas) join() *Node {
	if c.whole != nil {
		return c.whole
	}
	return c.planes.join()
}

// apply returns the canvas that an operation makes of c.
func (c canvas) apply(op Operation, params Params) canvas {
	switch o := op.(type) {
	case painter:
		return canvas{planes: o.paint(c.split(), params)}
	case cutter:
		return canvas{planes: o.cut(c.join(), params)}
	}
	return canvas{whole: op.Apply(c.join(), params)}
}

// repaint is the Apply of a painter.
func repaint(o painter, images *Node, params Params) *Node {
	return o.paint(split(images), params).join()
}
