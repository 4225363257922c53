package augment

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Pipeline is the sequence of operations that makes one view of each image.
type Pipeline []Operation

// View is a batch of views with the parameters that made them.
type View struct {
	Images *Node    // float32 [batch, height, width, 3]
	Params []Params // one for each operation of the pipeline
}

// Draw returns the parameters of every operation for images of the given size.
func (p Pipeline) Draw(key Key, height, width int) []Params {
	params := make([]Params, len(p))
	seen := map[string]int{}
	for i, op := range p {
		name := fmt.Sprintf("%s.%d", op.Name(), seen[op.Name()])
		seen[op.Name()]++
		params[i] = op.Draw(numbered(name, key.Uniform), numbered(name+".normal", key.Normal), height, width)
		height, width = op.Size(height, width)
	}
	return params
}

// numbered returns a source whose calls draw under name/0, name/1, ….
func numbered(name string, draw func(string, int) *Node) Source {
	calls := 0
	return func(n int) *Node {
		calls++
		return draw(fmt.Sprintf("%s/%d", name, calls-1), n)
	}
}

// Apply returns the views [batch, height', width', 3] that the parameters make of images [batch, height, width, 3] in
// [0, 1].
func (p Pipeline) Apply(images *Node, params []Params) *Node {
	for i, op := range p {
		images = op.Apply(images, params[i])
	}
	return images
}

// Make draws parameters and applies them.
func (p Pipeline) Make(images *Node, key Key) View {
	dims := images.Shape().Dimensions
	params := p.Draw(key, dims[1], dims[2])
	return View{Images: p.Apply(images, params), Params: params}
}

// Normalize returns (images - mean) / std by channel.
func Normalize(images *Node, mean, std [3]float64) *Node {
	constant := func(v [3]float64) *Node {
		return ConvertDType(Const(images.Graph(), [][][][]float64{{{v[:]}}}), images.DType())
	}
	return Div(Sub(images, constant(mean)), constant(std))
}

// FromBytes returns uint8 pixels as float32 in [0, 1].
func FromBytes(pixels *Node) *Node { return DivScalar(ConvertDType(pixels, dtypes.Float32), 255.0) }
