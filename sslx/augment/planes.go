package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// planes are the three channels of a batch of images, each [batch, height, width]. XLA computes on them in one loop
// without computing a channel again for each of its uses, which it does for slices of a fused array, and without the
// strides of three between the values of a channel.
type planes [3]*Node

func split(images *Node) (p planes) {
	for i := range p {
		p[i] = Squeeze(SliceAxis(images, -1, AxisElem(i)), -1)
	}
	return p
}

// join returns the images [batch, height, width, 3].
func (p planes) join() *Node {
	return Join([]*Node{InsertAxes(p[0], -1), InsertAxes(p[1], -1), InsertAxes(p[2], -1)}, -1)
}

// each returns the planes that change makes of each.
func (p planes) each(change func(*Node) *Node) (changed planes) {
	for i := range p {
		changed[i] = change(p[i])
	}
	return changed
}

// where returns p for the images with condition (bool [batch]), and otherwise for the others.
func (p planes) where(condition *Node, otherwise planes) (chosen planes) {
	for i := range p {
		chosen[i] = Where(condition, p[i], otherwise[i])
	}
	return chosen
}

// luma is the weighted sum of the channels with the weights of ITU-R BT.601-7 as torchvision rounds them
// (rgb_to_grayscale).
func (p planes) luma() *Node {
	return Add(Add(MulScalar(p[0], 0.2989), MulScalar(p[1], 0.587)), MulScalar(p[2], 0.114))
}
