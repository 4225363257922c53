package onnx

import (
	"slices"
	"testing"

	. "github.com/sslx-go/lab/internal/testonnx"
)

// changed returns a tiny model after a change.
func changed(change func(m *Model)) []byte {
	m := Tiny()
	change(&m)
	return m.Bytes()
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
	relu := func(in, out string) []byte { return Operation("Relu", []string{in}, []string{out}) }
	insert := func(nodes ...[]byte) []byte {
		return changed(func(m *Model) { m.Nodes = slices.Insert(m.Nodes, 0, nodes...) })
	}
	constants := func(nodes [][]byte, tensors ...[]byte) []byte {
		return changed(func(m *Model) {
			m.Nodes = slices.Concat(nodes, m.Nodes[:3], [][]byte{
				Operation("Reshape", []string{"means", "shape"}, []string{"features"})})
			m.Tensors = append(m.Tensors, tensors...)
		})
	}
	tensor := func(t []byte) []byte { return changed(func(m *Model) { m.Tensors[1] = t }) }

	return map[string]bad{
		"text":  {[]byte("no model at all"), "no ONNX file"},
		"empty": {nil, "no ONNX file"},
		"cut":   {Tiny().Bytes()[:200], "cut short"},
		"two graphs": {changed(func(m *Model) { m.AfterGraph = AppendBytes(nil, ModelGraph, nil) }),
			"comes twice"},
		"functions": {changed(func(m *Model) { m.AfterGraph = AppendBytes(nil, ModelFunctions, nil) }),
			"functions of its own"},
		"old opset": {changed(func(m *Model) { m.Opset = 12 }), "opset 12"},
		"new opset": {changed(func(m *Model) { m.Opset = 21 }), "opset 21"},

		"cycle":     {insert(relu("b", "a"), relu("a", "b")), "before it is made"},
		"self":      {insert(relu("a", "a")), "before it is made"},
		"duplicate": {insert(relu("image", "maps")), "name of another"},
		"no output": {changed(func(m *Model) { m.Outputs = [][]byte{Value("nothing", -1, 2)} }), "nothing makes"},
		"subgraph": {insert(Operation("If", []string{"image"}, []string{"a"}, AppendBytes(AppendBytes(nil,
			AttributeName, []byte("then_branch")), AttributeGraph, nil))), "graph of its own"},
		"foreign": {insert(AppendBytes(relu("image", "a"), NodeDomain, []byte("com.other"))), "com.other"},
		"unknown": {changed(func(m *Model) {
			m.Nodes[1] = Operation("Frobnicate", []string{"maps"}, []string{"positive"})
		}), "Frobnicate"},
		"few inputs": {changed(func(m *Model) { m.Nodes[0] = Operation("Conv", nil, []string{"maps"}) }),
			"cannot be run"},

		"lying dimensions": {tensor(Floats("bias", []float32{1}, 2)), "its dimensions [2] need 8"},
		"huge dimensions":  {tensor(Tensor("bias", elementFloat, nil, 1<<30, 1<<30)), "its dimensions"},
		"negative":         {tensor(Tensor("bias", elementFloat, []byte{}, -1)), "its dimensions"},
		"no data":          {tensor(Tensor("bias", elementFloat, nil, 2)), "it has 0 numbers"},
		"strings":          {tensor(AppendBytes(Tensor("bias", 8, nil, 1), TensorStrings, []byte("a"))), "strings"},
		"rank":             {tensor(Tensor("bias", elementFloat, nil, 1, 1, 1, 1, 1, 1, 1, 1, 1)), "dimensions"},

		"two inputs": {changed(func(m *Model) { m.Inputs = append(m.Inputs, Value("mask", -1)) }), "2 inputs"},
		"gray":       {changed(func(m *Model) { m.Inputs[0] = Value("image", -1, 1, 8, 8) }), "1 channels"},
		"one at a time": {changed(func(m *Model) { m.Inputs[0] = Value("image", 1, 3, 8, 8) }),
			"1 images at a time"},
		"huge input": {changed(func(m *Model) { m.Inputs[0] = Value("image", -1, 3, 1<<40, 8) }), "pixels"},

		"leaves by dots": {tensor(External("bias", [][2]string{{"location", "../data"}}, 2)), "no file in its folder"},
		"leaves by path": {tensor(External("bias", [][2]string{{"location", "/etc/passwd"}}, 2)),
			"no file in its folder"},
		"leaves by link": {tensor(External("bias", [][2]string{{"location", "link"}}, 2)), "no file in its folder"},
		"a folder":       {tensor(External("bias", [][2]string{{"location", "."}}, 2)), "no file in its folder"},
		"short data": {tensor(External("bias", [][2]string{{"location", "data"}, {"offset", "4"}}, 2)),
			"beyond the end"},
		"bad offset": {tensor(External("bias", [][2]string{{"location", "data"}, {"offset", "-4"}}, 2)), "begin at"},
		"bad length": {tensor(External("bias", [][2]string{{"location", "data"}, {"length", "9"}}, 2)), "need 8"},

		"huge constant": {constants([][]byte{
			Operation("ConstantOfShape", []string{"size"}, []string{"many"}),
			Operation("Reshape", []string{"image", "many"}, []string{"shaped"}),
			Operation("Cast", []string{"shaped"}, []string{"shape"}, Integer("to", elementInt64)),
		}, Integers("size", 1<<20, 1<<20)), "too large"},
		"doubled constant": {constants(doubled(40), Integers("d0", 1, 1, 1, 1)), "too large"},
		"huge padding": {changed(func(m *Model) {
			m.Nodes[1] = Operation("Pad", []string{"maps", "pads"}, []string{"positive"})
			m.Tensors = append(m.Tensors, Integers("pads", 0, 0, 1<<20, 1<<20, 0, 0, 0, 0))
		}), "too large"},
		"huge window": {changed(func(m *Model) {
			m.Nodes[1] = Operation("MaxPool", []string{"maps"}, []string{"positive"},
				Ints("kernel_shape", 1<<20, 1<<20))
		}), "kernel"},
		"many outputs": {changed(func(m *Model) {
			m.Nodes[1] = Operation("Split", []string{"maps"}, []string{"positive"}, Integer("num_outputs", 1<<40))
		}), "outputs"},
		"reversal": {changed(func(m *Model) {
			m.Nodes[1] = Operation("Slice", []string{"maps", "s", "e", "a", "b"}, []string{"positive"})
			m.Tensors = append(m.Tensors, Integers("s", -1), Integers("e", -9), Integers("a", 2), Integers("b", -1))
		}), "reverses"},
	}
}

// doubled returns nodes that join a list with itself again and again, and make a shape of the last.
func doubled(times int) (nodes [][]byte) {
	name := func(i int) string { return "d" + string(rune('0'+i)) }
	for i := range times {
		nodes = append(nodes, Operation("Concat", []string{name(i), name(i)}, []string{name(i + 1)},
			Integer("axis", 0)))
	}
	return append(nodes, Operation("Cast", []string{name(times)}, []string{"shape"}, Integer("to", elementInt64)))
}
