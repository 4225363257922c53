package augment

import (
	"maps"

	. "github.com/gomlx/gomlx/core/graph"
)

// Sometimes applies an operation that keeps the size of an image with the given probability (torchvision's
// RandomApply, whose default is 0.5). Parameters: "applied" [batch, 1], the draw, below Probability where it applies,
// and those of the operation. It computes the operation for every image.
type Sometimes struct {
	Operation
	Probability float64
}

// Draw implements [Operation].
func (o Sometimes) Draw(uniform, normal Source, height, width int) Params {
	p := Params{"applied": uniform(1)}
	maps.Copy(p, o.Operation.Draw(uniform, normal, height, width))
	return p
}

// Apply implements [Operation].
func (o Sometimes) Apply(images *Node, p Params) *Node {
	return Where(below(p["applied"], o.Probability), o.Operation.Apply(images, p), images)
}
