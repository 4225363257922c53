package pages

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/encoder"
)

// encoderSide is the height and width of the images that the operations of encoders are counted for.
const encoderSide = 32

// encoders is a table of the built-in encoders with their default parameters.
func (generator) encoders() (Block, error) {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		return Block{}, err
	}
	defer h.Close()

	t := report.Table{Align: "lrrrrr", Head: []string{"Encoder", "Representation", "Parameters",
		fmt.Sprintf("Multiply-adds, %dx%d", encoderSide, encoderSide), "Least image", "In a library"}}
	for _, name := range encoder.Names() {
		e, err := encoder.Named(name)
		if err != nil {
			return Block{}, err
		}

		// The graph makes the variables; nothing is compiled.
		store, g := model.NewStore(), graph.NewGraph(h.Backend, name)
		images := graph.Parameter(g, "images", shapes.Make(dtypes.Float32, 2, encoderSide, encoderSide, 3))
		e.Build(store.RootScope(), images, encoder.Eval)
		count := &counter{store: store, shape: map[string][]int{}}
		for v := range store.IterVariables() {
			if v.Trainable {
				count.parameters += v.Shape().Size()
			}
		}
		if exporter, ok := e.(encoder.Exporter); ok {
			count.shape["image"] = []int{1, 3, encoderSide, encoderSide}
			exporter.Export(count, "image", 3, encoderSide, encoderSide)
		}
		g.Finalize()
		store.Finalize()

		library := "names only"
		if p, ok := e.(encoder.Portable); !ok {
			library = "no"
		} else if p.Model() != "" {
			library = p.Model()
		}
		t.Rows = append(t.Rows, []string{name, strconv.Itoa(e.Dim()), millions(count.parameters),
			millions(count.operations), fmt.Sprintf("%dx%d", e.MinSize(), e.MinSize()), library})
	}
	return Block{Text: t.Markdown()}, nil
}

// millions writes a count.
func millions(n int) string { return fmt.Sprintf("%.2f M", float64(n)/1e6) }

// counter counts the multiplications of convolutions and matrix products of a graph of ONNX; it keeps no values.
type counter struct {
	store                  *model.Store
	shape                  map[string][]int // of each value
	parameters, operations int
}

// Add counts an operator.
func (c *counter) Add(operator string, attributes map[string]any, inputs ...string) string {
	x := c.shape[inputs[0]]
	out := append([]int{}, x...)
	side := func(axis, size, stride, pad int) int { return (x[axis]+pad-size)/stride + 1 }
	ints := func(i int) []int { return c.shape["ints "+inputs[i]] }

	// Products are counted; other operators only change the shape, of images [batch, channels, height, width].
	switch operator {
	case "Conv", "MaxPool":
		size, stride := attributes["kernel_shape"].([]int)[0], attributes["strides"].([]int)[0]
		pads, _ := attributes["pads"].([]int)
		if pads == nil {
			pads = []int{0, 0, 0, 0}
		}
		out[2], out[3] = side(2, size, stride, pads[0]+pads[2]), side(3, size, stride, pads[1]+pads[3])
		if operator == "Conv" {
			kernel := c.shape[inputs[1]] // [out, in, size, size]
			out[1] = kernel[0]
			c.operations += out[1] * out[2] * out[3] * kernel[1] * size * size
		}
	case "MatMul":
		y := c.shape[inputs[1]]
		out[len(out)-1] = y[len(y)-1]
		product := x[len(x)-1]
		for _, d := range out {
			product *= d
		}
		c.operations += product
	case "Transpose":
		for i, axis := range attributes["perm"].([]int) {
			out[i] = x[axis]
		}
	case "Reshape":
		out = reshaped(x, ints(1))
	case "Concat":
		out = append([]int{}, c.shape[inputs[1]]...)
		if axis := attributes["axis"].(int); len(x) > axis && len(out) > axis {
			out[axis] += x[axis]
		}
	case "Slice":
		for i, axis := range ints(3) {
			end := min(ints(2)[i], x[axis])
			step := 1
			if len(inputs) > 4 {
				step = ints(4)[i]
			}
			out[axis] = (end - ints(1)[i] + step - 1) / step
		}
	case "Squeeze":
		out = out[1:]
	case "Pad":
		pads := ints(1)
		for i := range out {
			out[i] += pads[i] + pads[len(out)+i]
		}
	}
	return c.value(out)
}

// reshaped returns a shape for x, in which 0 keeps a dimension and -1 is what is left.
func reshaped(x, to []int) (out []int) {
	left := 1
	for _, d := range x {
		left *= d
	}
	rest := -1
	for i, d := range to {
		switch d {
		case 0:
			d = x[i]
		case -1:
			rest, d = i, 1
		}
		out, left = append(out, d), left/d
	}
	if rest >= 0 {
		out[rest] = left
	}
	return out
}

func (c *counter) value(shape []int) string {
	name := fmt.Sprintf("v%d", len(c.shape))
	c.shape[name] = shape
	return name
}

// Variable returns the shape of a variable.
func (c *counter) Variable(path string, as encoder.Tensor) string {
	if as.Dims != nil {
		return c.value(as.Dims)
	}
	return c.value(c.store.GetVariable("/" + path).Shape().Dimensions)
}

// Floats returns the shape of a constant.
func (c *counter) Floats(_ []float32, shape ...int) string { return c.value(shape) }

// Ints keeps a list.
func (c *counter) Ints(values ...int) string {
	name := c.value([]int{len(values)})
	c.shape["ints "+name] = values
	return name
}

// Values returns zeros: only their number counts.
func (c *counter) Values(path string) []float32 {
	return make([]float32, c.store.GetVariable("/"+path).Shape().Size())
}
