package augment

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/blame"
)

// Pipeline is the sequence of operations that makes one view of each image. In YAML and JSON it is a list of
// operations, each a mapping with the operation's name and its parameters.
type Pipeline []Operation

// View is a batch of views with the parameters that made them.
type View struct {
	Images *Node    // float32 [batch, height, width, channels]
	Params []Params // one for each operation of the pipeline
}

// Size returns the size of the views of images of the given size.
func (p Pipeline) Size(height, width int) (int, int) {
	for _, op := range p {
		height, width = op.Size(height, width)
	}
	return height, width
}

// Draw returns the parameters of every operation for images of the given size and number of channels.
func (p Pipeline) Draw(key Key, height, width, channels int) []Params {
	if single(key.Samples) {
		key.Samples = twice(key.Samples)
		return each(p.Draw(key, height, width, channels), head)
	}

	// A first walk counts the numbers that all operations ask for, so that one loop draws them all.
	return p.draw(key, key.uniforms(p.requests(key, height, width, channels)), height, width, channels)
}

// draw returns the parameters, given the uniform numbers that the operations ask for.
func (p Pipeline) draw(key Key, numbers []*Node, height, width, channels int) []Params {
	params := make([]Params, len(p))
	p.walk(height, width, func(i int, name string, height, width int) {
		uniform := func(int) *Node {
			next := numbers[0]
			numbers = numbers[1:]
			return next
		}
		params[i] = p[i].Draw(uniform, numbered(name+".normal", key.Normal), height, width, channels)
	})
	return params
}

// requests returns the uniform numbers that the operations ask for, in their order. It runs their Draw in another
// graph, which is thrown away.
func (p Pipeline) requests(key Key, height, width, channels int) (requests []request) {
	trial := NewGraph(key.Samples.Graph().Backend(), "trial")
	defer trial.Finalize()

	numbers := func(_ string, n int) *Node {
		return Zeros(trial, shapes.Make(dtypes.Float32, key.Samples.Shape().Dimensions[0], n))
	}

	p.walk(height, width, func(i int, name string, height, width int) {
		defer blame.Part("operation " + p[i].Name())
		uniform := numbered(name, func(name string, n int) *Node {
			requests = append(requests, request{name, n})
			return numbers(name, n)
		})
		p[i].Draw(uniform, numbered(name, numbers), height, width, channels)
	})
	return requests
}

// walk visits each operation with its name, which is numbered among the operations of the same name, and the size of
// the images that it gets.
func (p Pipeline) walk(height, width int, visit func(i int, name string, height, width int)) {
	seen := map[string]int{}
	for i, op := range p {
		visit(i, fmt.Sprintf("%s.%d", op.Name(), seen[op.Name()]), height, width)
		seen[op.Name()]++
		height, width = op.Size(height, width)
	}
}

// numbered returns a source whose calls draw under name/0, name/1, ….
func numbered(name string, draw func(string, int) *Node) Source {
	calls := 0
	return func(n int) *Node {
		calls++
		return draw(fmt.Sprintf("%s/%d", name, calls-1), n)
	}
}

// Apply returns the views, float32 [batch, height', width', channels], that the parameters make of images [batch,
// height, width, channels]: float32 in [0, 1], or bytes, which is faster where a pipeline begins with a crop.
func (p Pipeline) Apply(images *Node, params []Params) *Node {
	if single(images) {
		return once(p.Apply(twice(images), each(params, twice)))
	}
	return p.paint(images, params).images()
}

// paint is Apply without the joining of the channels at its end.
func (p Pipeline) paint(images *Node, params []Params) canvas {
	c := canvas{whole: images}
	for i, op := range p {
		c = c.apply(op, params[i])
	}
	return c
}

// Make draws parameters and applies them to images as [Pipeline.Apply] takes them.
func (p Pipeline) Make(images *Node, key Key) View {
	return p.makeWith(images, key, nil, canvas.images)
}

// makeWith is Make with given parameters for the first operations; finish makes images of what the operations made.
func (p Pipeline) makeWith(images *Node, key Key, given []Params, finish func(canvas) *Node) View {
	if single(images) {
		key.Samples = twice(key.Samples)
		v := p.makeWith(twice(images), key, each(given, twice), finish)
		return View{Images: once(v.Images), Params: each(v.Params, head)}
	}

	dims := images.Shape().Dimensions
	params := p.Draw(key, dims[1], dims[2], dims[3])
	copy(params, given)
	return View{Images: finish(p.paint(images, params)), Params: params}
}

// each returns the parameters that change makes of each.
func each(params []Params, change func(*Node) *Node) []Params {
	changed := make([]Params, len(params))
	for i, p := range params {
		changed[i] = Params{}
		for name, value := range p {
			changed[i][name] = change(value)
		}
	}
	return changed
}

// Normalize returns (images - mean) / std; mean and std have one number for each channel.
func Normalize(images *Node, mean, std []float64) *Node {
	constant := func(v []float64) *Node {
		return ConvertDType(Const(images.Graph(), [][][][]float64{{{v}}}), images.DType())
	}
	return Div(Sub(images, constant(mean)), constant(std))
}

// normalize is Normalize before the channels are joined, which spares one walk over all pixels.
func (c canvas) normalize(mean, std []float64) planes {
	p := make(planes, len(mean))
	for i, plane := range c.split() {
		p[i] = DivScalar(AddScalar(plane, -mean[i]), std[i])
	}
	return p
}

// FromBytes returns uint8 pixels as float32 in [0, 1].
func FromBytes(pixels *Node) *Node { return DivScalar(ConvertDType(pixels, dtypes.Float32), 255.0) }

// numbers returns pixels that may still be bytes as float32 in [0, 1].
func numbers(pixels *Node) *Node {
	if pixels.DType() == dtypes.Uint8 {
		return FromBytes(pixels)
	}
	return pixels
}
