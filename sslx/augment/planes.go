package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// planes are the three channels of a batch of images, each [batch, height, width, 1]. Color operations compute on
// planes: XLA then fuses them into one loop without computing a channel again for each of its uses, which it does for
// slices of a fused array.
type planes [3]*Node

func split(images *Node) (p planes) {
	for i := range p {
		p[i] = SliceAxis(images, -1, AxisRange(i, i+1))
	}
	return p
}

// join returns the images [batch, height, width, 3].
func (p planes) join() *Node { return Join(p[:], -1) }

// Join is Concatenate for parts of one shape. It updates an array in place: XLA fuses a concatenation with what makes
// its parts into a loop that asks for each element which part it belongs to, which is slow (a training step took 1.5
// times as long), and which rounds the pixels of a batch of one differently. The pure-Go backend has no such updates
// (compute v0.1.2), and fuses nothing.
func Join(parts []*Node, axis int) *Node {
	g := parts[0].Graph()
	if isPureGo(g) {
		return Concatenate(parts, axis)
	}
	shape := parts[0].Shape().Clone()
	axis = MustAdjustAxis(axis, shape)
	step := shape.Dimensions[axis]
	shape.Dimensions[axis] *= len(parts)
	whole := Zeros(g, shape)
	for i, part := range parts {
		start := make([]*Node, shape.Rank())
		for a := range start {
			start[a] = Const(g, int32(0))
		}
		start[axis] = Const(g, int32(i*step))
		whole = DynamicUpdateSlice(whole, part, start)
	}
	return whole
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
