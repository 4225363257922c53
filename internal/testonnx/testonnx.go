// Package testonnx writes small ONNX files for tests.
package testonnx

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
const (
	ModelGraph, ModelOpsets, ModelMetadata, ModelFunctions       = 7, 8, 14, 25
	graphNode, graphInitializer, graphInput, graphOutput         = 1, 5, 11, 12
	nodeInput, nodeOutput, nodeOpType, nodeAttribute, NodeDomain = 1, 2, 4, 5, 7
	AttributeName, attributeInt, attributeTensor, AttributeGraph = 1, 3, 5, 6
	attributeInts, attributeType, tensorDims, tensorType         = 8, 20, 1, 2
	TensorStrings, tensorName, tensorRaw, tensorExternal         = 6, 8, 9, 13
	valueName, valueType, typeTensor, typeElement, typeShape     = 1, 2, 1, 1, 2
	shapeDim, dimValue, entryKey, entryValue, opsetVersion       = 1, 1, 1, 2, 2
	elementFloat, elementInt64                                   = 1, 7
)

// Model is what a test writes into an ONNX file.
type Model struct {
	Opset                           int64
	Nodes, Tensors, Inputs, Outputs [][]byte // messages
	Metadata                        map[string]string
	AfterGraph                      []byte // fields behind the graph
}

// Bytes returns the file.
func (m Model) Bytes() []byte {
	var graph []byte
	for _, part := range []struct {
		number   protowire.Number
		messages [][]byte
	}{{graphNode, m.Nodes}, {graphInitializer, m.Tensors}, {graphInput, m.Inputs}, {graphOutput, m.Outputs}} {
		for _, message := range part.messages {
			graph = AppendBytes(graph, part.number, message)
		}
	}

	file := appendInt(nil, 1, 8) // the version of the format
	file = AppendBytes(file, ModelGraph, graph)
	file = AppendBytes(file, ModelOpsets, appendInt(nil, opsetVersion, m.Opset))
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		entry := AppendBytes(AppendBytes(nil, entryKey, []byte(key)), entryValue, []byte(m.Metadata[key]))
		file = AppendBytes(file, ModelMetadata, entry)
	}
	return append(file, m.AfterGraph...)
}

// Tiny returns an encoder of images [n, 3, height, width]: a 2x2 convolution with 2 channels and a bias, ReLU, the mean
// over the pixels, flattened.
func Tiny() Model {
	kernel := make([]float32, 2*3*2*2)
	for i := range kernel {
		kernel[i] = float32(i%7) - 3
	}
	return Model{
		Opset: 17,
		Nodes: [][]byte{
			Operation("Conv", []string{"image", "kernel", "bias"}, []string{"maps"}, Ints("strides", 2, 2)),
			Operation("Relu", []string{"maps"}, []string{"positive"}),
			Operation("GlobalAveragePool", []string{"positive"}, []string{"means"}),
			Operation("Flatten", []string{"means"}, []string{"features"}),
		},
		Tensors: [][]byte{Floats("kernel", kernel, 2, 3, 2, 2), Floats("bias", []float32{0.5, 1}, 2)},
		Inputs:  [][]byte{Value("image", -1, 3, -1, -1)},
		Outputs: [][]byte{Value("features", -1, 2)},
	}
}

// Operation returns the message of an operation.
func Operation(op string, in, out []string, attributes ...[]byte) (message []byte) {
	for _, name := range in {
		message = AppendBytes(message, nodeInput, []byte(name))
	}
	for _, name := range out {
		message = AppendBytes(message, nodeOutput, []byte(name))
	}
	message = AppendBytes(message, nodeOpType, []byte(op))
	for _, a := range attributes {
		message = AppendBytes(message, nodeAttribute, a)
	}
	return message
}

// Ints returns an attribute that is a list of integers.
func Ints(name string, values ...int64) []byte {
	message := AppendBytes(appendInt(nil, attributeType, 7), AttributeName, []byte(name))
	for _, v := range values {
		message = appendInt(message, attributeInts, v)
	}
	return message
}

// Integer returns an attribute that is an integer.
func Integer(name string, value int64) []byte {
	message := AppendBytes(appendInt(nil, attributeType, 2), AttributeName, []byte(name))
	return appendInt(message, attributeInt, value)
}

// TensorAttribute returns an attribute that is a tensor.
func TensorAttribute(name string, tensor []byte) []byte {
	message := AppendBytes(appendInt(nil, attributeType, 4), AttributeName, []byte(name))
	return AppendBytes(message, attributeTensor, tensor)
}

// Tensor returns a tensor with raw data.
func Tensor(name string, kind int64, raw []byte, dims ...int64) (message []byte) {
	for _, d := range dims {
		message = appendInt(message, tensorDims, d)
	}
	message = appendInt(message, tensorType, kind)
	message = AppendBytes(message, tensorName, []byte(name))
	if raw != nil {
		message = AppendBytes(message, tensorRaw, raw)
	}
	return message
}

// Floats returns a tensor of float32.
func Floats(name string, values []float32, dims ...int64) []byte {
	raw := []byte{}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return Tensor(name, elementFloat, raw, dims...)
}

// Integers returns a list of int64.
func Integers(name string, values ...int64) []byte {
	raw := []byte{}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return Tensor(name, elementInt64, raw, int64(len(values)))
}

// External returns a tensor whose data are in another file.
func External(name string, entries [][2]string, dims ...int64) []byte {
	message := Tensor(name, elementFloat, nil, dims...)
	for _, e := range entries {
		message = AppendBytes(message, tensorExternal,
			AppendBytes(AppendBytes(nil, entryKey, []byte(e[0])), entryValue, []byte(e[1])))
	}
	return message
}

// Value returns an input or output of float32; -1 is an open dimension.
func Value(name string, dims ...int64) []byte {
	var shape []byte
	for _, d := range dims {
		var dim []byte
		if d >= 0 {
			dim = appendInt(nil, dimValue, d)
		}
		shape = AppendBytes(shape, shapeDim, dim)
	}
	of := AppendBytes(appendInt(nil, typeElement, elementFloat), typeShape, shape)
	return AppendBytes(AppendBytes(nil, valueName, []byte(name)), valueType, AppendBytes(nil, typeTensor, of))
}

// AppendBytes appends a field with a length to a message.
func AppendBytes(message []byte, number protowire.Number, bytes []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), bytes)
}

func appendInt(message []byte, number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, number, protowire.VarintType), uint64(v))
}
