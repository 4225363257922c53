package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoModel is what a test writes into an ONNX file.
type protoModel struct {
	opset                      int64
	nodes, tensors, ins, outs  [][]byte
	metadata                   map[string]string
	beforeGraph, afterTheGraph []byte
}

// bytes returns the file.
func (m protoModel) bytes() []byte {
	var graph []byte
	for number, list := range map[protowire.Number][][]byte{graphNode: m.nodes, graphInitializer: m.tensors,
		graphInput: m.ins, graphOutput: m.outs} {
		for _, message := range list {
			graph = appendBytes(graph, number, message)
		}
	}
	file := appendInt(nil, 1, 8) // the version of the format
	file = append(file, m.beforeGraph...)
	file = appendBytes(file, modelGraph, graph)
	file = appendBytes(file, modelOpsets, appendInt(nil, opsetVersion, m.opset))
	for key, text := range m.metadata {
		file = appendBytes(file, modelMetadata,
			appendBytes(appendBytes(nil, entryKey, []byte(key)), entryValue, []byte(text)))
	}
	return append(file, m.afterTheGraph...)
}

// tiny returns an encoder with a convolution of 2 channels and a bias: relu, the mean over the pixels, flattened.
func tiny() protoModel {
	kernel := make([]float32, 2*3*2*2)
	for i := range kernel {
		kernel[i] = float32(i%7) - 3
	}
	return protoModel{
		opset: 17,
		nodes: [][]byte{
			operation("Conv", []string{"image", "kernel", "bias"}, []string{"maps"}, ints("strides", 2, 2)),
			operation("Relu", []string{"maps"}, []string{"positive"}),
			operation("GlobalAveragePool", []string{"positive"}, []string{"means"}),
			operation("Flatten", []string{"means"}, []string{"features"}),
		},
		tensors: [][]byte{floats("kernel", kernel, 2, 3, 2, 2), floats("bias", []float32{0.5, 1}, 2)},
		ins:     [][]byte{valueOf("image", -1, 3, -1, -1)},
		outs:    [][]byte{valueOf("features", -1, 2)},
	}
}

func operation(op string, in, out []string, attributes ...[]byte) (message []byte) {
	for _, name := range in {
		message = appendBytes(message, nodeInput, []byte(name))
	}
	for _, name := range out {
		message = appendBytes(message, nodeOutput, []byte(name))
	}
	message = appendBytes(message, nodeOpType, []byte(op))
	for _, a := range attributes {
		message = appendBytes(message, nodeAttribute, a)
	}
	return message
}

func ints(name string, values ...int64) []byte {
	message := appendBytes(appendInt(nil, attributeType, 7), attributeName, []byte(name))
	for _, v := range values {
		message = appendInt(message, attributeInts, v)
	}
	return message
}

func integer(name string, value int64) []byte {
	message := appendBytes(appendInt(nil, attributeType, 2), attributeName, []byte(name))
	return appendInt(message, attributeInt, value)
}

func tensorAttribute(name string, tensor []byte) []byte {
	message := appendBytes(appendInt(nil, attributeType, 4), attributeName, []byte(name))
	return appendBytes(message, attributeTensor, tensor)
}

// tensorOf returns a tensor with raw data.
func tensorOf(name string, kind int64, raw []byte, dims ...int64) (message []byte) {
	for _, d := range dims {
		message = appendInt(message, tensorDims, d)
	}
	message = appendInt(message, tensorType, kind)
	message = appendBytes(message, tensorName, []byte(name))
	if raw != nil {
		message = appendBytes(message, tensorRaw, raw)
	}
	return message
}

func floats(name string, values []float32, dims ...int64) []byte {
	raw := []byte{}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return tensorOf(name, elementFloat, raw, dims...)
}

func integers(name string, values ...int64) []byte {
	raw := []byte{}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return tensorOf(name, elementInt64, raw, int64(len(values)))
}

// external returns a tensor whose data are in another file.
func external(name string, entries [][2]string, dims ...int64) []byte {
	message := tensorOf(name, elementFloat, nil, dims...)
	for _, e := range entries {
		message = appendBytes(message, tensorExternal,
			appendBytes(appendBytes(nil, entryKey, []byte(e[0])), entryValue, []byte(e[1])))
	}
	return message
}

// valueOf returns an input or output of float32; -1 is an open dimension.
func valueOf(name string, dims ...int64) []byte {
	var shape []byte
	for _, d := range dims {
		var dim []byte
		if d >= 0 {
			dim = appendInt(nil, dimValue, d)
		}
		shape = appendBytes(shape, shapeDim, dim)
	}
	of := appendBytes(appendInt(nil, typeElement, elementFloat), typeShape, shape)
	return appendBytes(appendBytes(nil, valueName, []byte(name)), valueType, appendBytes(nil, typeTensor, of))
}

// changed returns a tiny model after a change.
func changed(change func(m *protoModel)) []byte {
	m := tiny()
	change(&m)
	return m.bytes()
}

// open parses a file and makes its encoder of images of 8x8.
func open(file []byte, path string) (*Encoder, error) {
	f, err := parse(file, path)
	if err != nil {
		return nil, err
	}
	return f.Encoder(8, 8, "")
}

// mustOpen is open for a file that is right.
func mustOpen(t *testing.T, file []byte) *Encoder {
	t.Helper()
	e, err := open(file, "test.onnx")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// hostile are files that have to be refused, by what is wrong with them, with a part of the sentence.
func hostile() map[string]struct {
	file []byte
	want string
} {
	type bad = struct {
		file []byte
		want string
	}
	relu := func(in, out string) []byte { return operation("Relu", []string{in}, []string{out}) }
	insert := func(nodes ...[]byte) []byte {
		return changed(func(m *protoModel) { m.nodes = slices.Insert(m.nodes, 0, nodes...) })
	}
	constants := func(nodes [][]byte, tensors ...[]byte) []byte {
		return changed(func(m *protoModel) {
			m.nodes = slices.Concat(nodes, m.nodes[:3], [][]byte{
				operation("Reshape", []string{"means", "shape"}, []string{"features"})})
			m.tensors = append(m.tensors, tensors...)
		})
	}
	tensor := func(t []byte) []byte { return changed(func(m *protoModel) { m.tensors[1] = t }) }

	return map[string]bad{
		"text":  {[]byte("no model at all"), "no ONNX file"},
		"empty": {nil, "no ONNX file"},
		"cut":   {tiny().bytes()[:200], "cut short"},
		"two graphs": {changed(func(m *protoModel) { m.afterTheGraph = appendBytes(nil, modelGraph, nil) }),
			"comes twice"},
		"functions": {changed(func(m *protoModel) { m.afterTheGraph = appendBytes(nil, modelFunctions, nil) }),
			"functions of its own"},
		"old opset": {changed(func(m *protoModel) { m.opset = 12 }), "opset 12"},
		"new opset": {changed(func(m *protoModel) { m.opset = 21 }), "opset 21"},

		"cycle":     {insert(relu("b", "a"), relu("a", "b")), "before it is made"},
		"self":      {insert(relu("a", "a")), "before it is made"},
		"duplicate": {insert(relu("image", "maps")), "name of another"},
		"no output": {changed(func(m *protoModel) { m.outs = [][]byte{valueOf("nothing", -1, 2)} }), "nothing makes"},
		"subgraph": {insert(operation("If", []string{"image"}, []string{"a"}, appendBytes(appendBytes(nil,
			attributeName, []byte("then_branch")), attributeGraph, nil))), "graph of its own"},
		"foreign": {insert(appendBytes(relu("image", "a"), nodeDomain, []byte("com.other"))), "com.other"},
		"unknown": {changed(func(m *protoModel) {
			m.nodes[1] = operation("Frobnicate", []string{"maps"}, []string{"positive"})
		}), "Frobnicate"},
		"few inputs": {changed(func(m *protoModel) { m.nodes[0] = operation("Conv", nil, []string{"maps"}) }),
			"cannot be run"},

		"lying dimensions": {tensor(floats("bias", []float32{1}, 2)), "its dimensions [2] need 8"},
		"huge dimensions":  {tensor(tensorOf("bias", elementFloat, nil, 1<<30, 1<<30)), "its dimensions"},
		"negative":         {tensor(tensorOf("bias", elementFloat, []byte{}, -1)), "its dimensions"},
		"no data":          {tensor(tensorOf("bias", elementFloat, nil, 2)), "it has 0 numbers"},
		"strings":          {tensor(appendBytes(tensorOf("bias", 8, nil, 1), tensorStrings, []byte("a"))), "strings"},
		"rank":             {tensor(tensorOf("bias", elementFloat, nil, 1, 1, 1, 1, 1, 1, 1, 1, 1)), "dimensions"},

		"two inputs": {changed(func(m *protoModel) { m.ins = append(m.ins, valueOf("mask", -1)) }), "2 inputs"},
		"gray":       {changed(func(m *protoModel) { m.ins[0] = valueOf("image", -1, 1, 8, 8) }), "1 channels"},
		"one at a time": {changed(func(m *protoModel) { m.ins[0] = valueOf("image", 1, 3, 8, 8) }),
			"1 images at a time"},
		"huge input": {changed(func(m *protoModel) { m.ins[0] = valueOf("image", -1, 3, 1<<40, 8) }), "pixels"},

		"leaves by dots": {tensor(external("bias", [][2]string{{"location", "../data"}}, 2)), "no file in its folder"},
		"leaves by path": {tensor(external("bias", [][2]string{{"location", "/etc/passwd"}}, 2)),
			"no file in its folder"},
		"leaves by link": {tensor(external("bias", [][2]string{{"location", "link"}}, 2)), "no file in its folder"},
		"a folder":       {tensor(external("bias", [][2]string{{"location", "."}}, 2)), "no file in its folder"},
		"short data": {tensor(external("bias", [][2]string{{"location", "data"}, {"offset", "4"}}, 2)),
			"beyond the end"},
		"bad offset": {tensor(external("bias", [][2]string{{"location", "data"}, {"offset", "-4"}}, 2)), "begin at"},
		"bad length": {tensor(external("bias", [][2]string{{"location", "data"}, {"length", "9"}}, 2)), "need 8"},

		"huge constant": {constants([][]byte{
			operation("ConstantOfShape", []string{"size"}, []string{"many"}),
			operation("Reshape", []string{"image", "many"}, []string{"shaped"}),
			operation("Cast", []string{"shaped"}, []string{"shape"}, integer("to", elementInt64)),
		}, integers("size", 1<<20, 1<<20)), "too large"},
		"doubled constant": {constants(doubled(40), integers("d0", 1, 1, 1, 1)), "too large"},
		"huge padding": {changed(func(m *protoModel) {
			m.nodes[1] = operation("Pad", []string{"maps", "pads"}, []string{"positive"})
			m.tensors = append(m.tensors, integers("pads", 0, 0, 1<<20, 1<<20, 0, 0, 0, 0))
		}), "too large"},
		"huge window": {changed(func(m *protoModel) {
			m.nodes[1] = operation("MaxPool", []string{"maps"}, []string{"positive"},
				ints("kernel_shape", 1<<20, 1<<20))
		}), "kernel"},
		"many outputs": {changed(func(m *protoModel) {
			m.nodes[1] = operation("Split", []string{"maps"}, []string{"positive"}, integer("num_outputs", 1<<40))
		}), "outputs"},
		"reversal": {changed(func(m *protoModel) {
			m.nodes[1] = operation("Slice", []string{"maps", "s", "e", "a", "b"}, []string{"positive"})
			m.tensors = append(m.tensors, integers("s", -1), integers("e", -9), integers("a", 2), integers("b", -1))
		}), "reverses"},
	}
}

// doubled returns nodes that join a list with itself again and again, and make a shape of the last.
func doubled(times int) (nodes [][]byte) {
	name := func(i int) string { return "d" + string(rune('0'+i)) }
	for i := range times {
		nodes = append(nodes, operation("Concat", []string{name(i), name(i)}, []string{name(i + 1)},
			integer("axis", 0)))
	}
	return append(nodes, operation("Cast", []string{name(times)}, []string{"shape"}, integer("to", elementInt64)))
}
