package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Names of the input and the output of a file of WriteONNX.
const (
	ONNXInput  = "image"    // [batch, channels, height, width], normalized
	ONNXOutput = "features" // [batch, dim]
)

// Versions that WriteONNX writes.
const (
	onnxVersion = 8 // of the file format
	onnxOpset   = 17
)

// WriteONNX writes an encoder, which must be an [encoder.Exporter], as an ONNX file for batches of any number of images
// of the size of its input. Size and normalization are in the metadata, as Write does it. The file is whole or
// absent.
func WriteONNX(path string, w *Weights) error {
	e, ok := w.Encoder.(encoder.Exporter)
	if !ok {
		return usage.Errorf("encoder %s cannot be written as ONNX: it is no encoder.Exporter",
			encoder.NameOf(w.Encoder))
	}
	if err := w.Complete(); err != nil {
		return err
	}
	metadata, err := w.metadata()
	if err != nil {
		return err
	}

	in := w.Input
	g := &onnxGraph{weights: w}
	output := e.Export(g, ONNXInput, in.Channels, in.Size, in.Size)
	if g.failed != nil {
		return g.failed
	}
	g.node("Identity", nil, []string{output}, ONNXOutput)

	// GraphProto: nodes, name, initializers, input, output.
	var graph []byte
	for _, node := range g.nodes {
		graph = field(graph, 1, node)
	}
	graph = field(graph, 2, []byte(encoder.NameOf(w.Encoder)))
	for _, tensor := range g.initializers {
		graph = field(graph, 5, tensor)
	}
	graph = field(graph, 11, valueInfo(ONNXInput, in.Channels, in.Size, in.Size))
	graph = field(graph, 12, valueInfo(ONNXOutput, e.Dim()))

	// ModelProto: version of the format, producer, graph, operators, metadata.
	model := number(nil, 1, onnxVersion)
	model = field(model, 2, []byte("sslx"))
	model = field(model, 7, graph)
	model = field(model, 8, number(nil, 2, onnxOpset))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		model = field(model, 14, field(field(nil, 1, []byte(key)), 2, []byte(metadata[key])))
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(model); return err })
}

// onnxGraph is a graph of ONNX that is being built; it is an [encoder.Operators].
type onnxGraph struct {
	weights             *Weights
	nodes, initializers [][]byte
	failed              error // a variable that was asked for is missing
}

// Add adds an operator.
func (g *onnxGraph) Add(operator string, attributes map[string]any, inputs ...string) string {
	return g.node(operator, attributes, inputs, fmt.Sprintf("x%d", len(g.nodes)))
}

// node adds an operator with a name for its output: a NodeProto.
func (g *onnxGraph) node(operator string, attributes map[string]any, inputs []string, output string) string {
	var node []byte
	for _, input := range inputs {
		node = field(node, 1, []byte(input))
	}
	node = field(node, 2, []byte(output))
	node = field(node, 3, []byte(fmt.Sprintf("%s_%d", operator, len(g.nodes))))
	node = field(node, 4, []byte(operator))
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		node = field(node, 5, attribute(name, attributes[name]))
	}
	g.nodes = append(g.nodes, node)
	return output
}

// attribute returns an AttributeProto.
func attribute(name string, value any) []byte {
	a := field(nil, 1, []byte(name))
	switch v := value.(type) {
	case int:
		return number(number(a, 3, v), 20, 2)
	case float64:
		a = protowire.AppendTag(a, 2, protowire.Fixed32Type)
		return number(protowire.AppendFixed32(a, math.Float32bits(float32(v))), 20, 1)
	case string:
		return number(field(a, 4, []byte(v)), 20, 3)
	case []int:
		for _, i := range v {
			a = number(a, 8, i)
		}
		return number(a, 20, 7)
	}
	panic(fmt.Sprintf("attribute %s of type %T", name, value))
}

// Variable adds the values of a variable.
func (g *onnxGraph) Variable(path string, as encoder.Tensor) string {
	values := g.Values(path)
	if g.failed != nil {
		return ""
	}
	if as.Dims == nil {
		return g.floats(path, values, g.weights.Values[path].Shape().Dimensions)
	}
	return g.floats(path, as.Export(values), as.Dims)
}

// Values returns the values of a variable, none when it is missing.
func (g *onnxGraph) Values(path string) []float32 {
	values, err := g.weights.values(path)
	if err != nil && g.failed == nil {
		g.failed = err
	}
	return values
}

// Floats adds a constant.
func (g *onnxGraph) Floats(values []float32, shape ...int) string {
	return g.floats(fmt.Sprintf("c%d", len(g.initializers)), values, shape)
}

func (g *onnxGraph) floats(name string, values []float32, shape []int) string {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return g.initializer(name, 1, shape, raw)
}

// Ints adds a list of whole numbers.
func (g *onnxGraph) Ints(values ...int) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return g.initializer(fmt.Sprintf("c%d", len(g.initializers)), 7, []int{len(values)}, raw)
}

// initializer adds a TensorProto.
func (g *onnxGraph) initializer(name string, dtype int, shape []int, raw []byte) string {
	var tensor []byte
	for _, d := range shape {
		tensor = number(tensor, 1, d)
	}
	tensor = number(tensor, 2, dtype)
	tensor = field(tensor, 8, []byte(name))
	g.initializers = append(g.initializers, field(tensor, 9, raw))
	return name
}

// valueInfo returns a ValueInfoProto of float32 with a batch of any size before the other dimensions.
func valueInfo(name string, dims ...int) []byte {
	shape := field(nil, 1, field(nil, 2, []byte("batch")))
	for _, d := range dims {
		shape = field(shape, 1, number(nil, 1, d))
	}
	tensor := field(number(nil, 1, 1), 2, shape)
	return field(field(nil, 1, []byte(name)), 2, field(nil, 1, tensor))
}

// field appends a field of bytes.
func field(to []byte, n protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, n, protowire.BytesType), value)
}

// number appends a field of a whole number.
func number(to []byte, n protowire.Number, value int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, n, protowire.VarintType), uint64(value))
}
