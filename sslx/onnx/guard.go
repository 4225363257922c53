package onnx

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// Bounds of what a graph computes.
const (
	mostElements   = 1 << 26 // of one value, for two images: 256 MiB of float32
	mostOperations = 1 << 20 // of a graph, constants that are worked out meanwhile included
)

// guard is a backend that refuses values of absurd size while a graph is built. Some constants of an ONNX graph have to
// be computed for its conversion: a file of a few bytes may ask for terabytes.
type guard struct {
	compute.Backend
	operations int
}

// Builder returns the backend's builder, with the size of each new value looked at.
func (g *guard) Builder(name string) compute.Builder {
	return guardedBuilder{g.Backend.Builder(name), g}
}

type guardedBuilder struct {
	compute.Builder
	guard *guard
}

// OpShape is what GoMLX asks about each value that it adds to a graph.
func (b guardedBuilder) OpShape(v compute.Value) (shapes.Shape, error) {
	shape, err := b.Builder.OpShape(v)
	if err != nil {
		return shape, err
	}
	if b.guard.operations++; b.guard.operations > mostOperations {
		return shape, fmt.Errorf("its graph has more than %d operations", mostOperations)
	}
	elements := 1
	for _, d := range shape.Dimensions {
		// Divided, so that the product cannot overflow.
		if d < 0 || d > 0 && elements > mostElements/d {
			return shape, fmt.Errorf("it computes a value of dimensions %v, which is too large", shape.Dimensions)
		}
		elements *= d
	}
	return shape, nil
}
