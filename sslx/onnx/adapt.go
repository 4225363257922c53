package onnx

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// mostFolded is the largest number of integers that are worked out here: shapes and paddings have a dozen.
const mostFolded = 1024

// table is a constant of few integers.
type table struct {
	dims, ints []int64
}

// adapted returns a file in the form that onnx-gomlx 0.5.2 reads right. PyTorch writes the paddings of a Pad as a
// constant that is reversed, and onnx-gomlx takes a slice with a negative step for one with the step 1: such constants
// are worked out. It refuses some attributes even where they change nothing: those are left out. Where a pooling has no
// strides, onnx-gomlx takes the window's, and ONNX has 1.
func adapted(file []byte, c *content) ([]byte, error) {
	known := map[string]table{}
	for _, of := range c.initializers {
		if t, ok := tableOf(of); ok {
			known[of.name] = t
		}
	}

	constants, edits := map[int]table{}, map[int]edit{} // by the number of the node
	for i, n := range c.nodes {
		t, folded := n.fold(known)
		if folded {
			known[n.outputs[0]] = t
		}
		switch n.op {
		case "Slice":
			// Only slices that go backward are read wrong.
			if !n.reverses(known) {
				continue
			}
			if !folded {
				return nil, fmt.Errorf("operation Slice reverses %.60q, which is no constant", n.inputs[0])
			}
			constants[i] = t
		case "AveragePool", "MaxPool":
			edits[i] = poolEdit(n)
		case "BatchNormalization":
			// The momentum matters to training alone.
			edits[i] = edit{without: []string{"momentum"}}
		}
	}
	return rewritten(file, func(i int, message []byte) ([]byte, error) {
		if t, ok := constants[i]; ok {
			return t.constant(c.nodes[i].outputs[0]), nil
		}
		if e, ok := edits[i]; ok {
			return e.apply(message)
		}
		return message, nil
	})
}

// edit is a change of the attributes of an operation.
type edit struct {
	without []string
	strides []int64 // to add
}

// poolEdit returns what is to change of a pooling: attributes that say what is so without them, and missing strides.
func poolEdit(n node) (e edit) {
	all := func(name string, value int64) bool {
		return !slices.ContainsFunc(n.attributes[name].ints, func(v int64) bool { return v != value })
	}
	if all("pads", 0) {
		e.without = append(e.without, "count_include_pad")
	}
	if all("dilations", 1) {
		e.without = append(e.without, "dilations")
	}
	if _, ok := n.attributes["strides"]; !ok {
		e.strides = slices.Repeat([]int64{1}, len(n.attributes["kernel_shape"].ints))
	}
	return e
}

// apply returns the message of an operation with its attributes changed.
func (e edit) apply(node []byte) (out []byte, err error) {
	err = eachField(node, func(f field) error {
		if f.number == nodeAttribute {
			name, _, err := readAttribute(f.bytes)
			if err != nil || slices.Contains(e.without, name) {
				return err
			}
		}
		out = append(out, f.raw...)
		return nil
	})
	if e.strides == nil {
		return out, err
	}

	// AttributeProto.INTS of onnx.proto.
	const typeOfInts = 7
	attribute := appendInt(nil, attributeType, typeOfInts)
	attribute = appendBytes(attribute, attributeName, []byte("strides"))
	for _, v := range e.strides {
		attribute = appendInt(attribute, attributeInts, v)
	}
	return appendBytes(out, nodeAttribute, attribute), err
}

// reverses reports whether a Slice has a negative step, or one that is not known.
func (n node) reverses(known map[string]table) bool {
	if len(n.inputs) < 5 || n.inputs[4] == "" {
		return false
	}
	steps, ok := known[n.inputs[4]]
	return !ok || slices.ContainsFunc(steps.ints, func(v int64) bool { return v < 0 })
}

// rewritten returns a file with other messages of the nodes of its graph.
func rewritten(file []byte, change func(i int, message []byte) ([]byte, error)) ([]byte, error) {
	out, i := make([]byte, 0, len(file)), 0
	err := eachField(file, func(f field) error {
		if f.number != modelGraph {
			out = append(out, f.raw...)
			return nil
		}
		graph := make([]byte, 0, len(f.bytes))
		err := eachField(f.bytes, func(f field) error {
			if f.number != graphNode {
				graph = append(graph, f.raw...)
				return nil
			}
			message, err := change(i, f.bytes)
			graph = appendBytes(graph, graphNode, message)
			i++
			return err
		})
		out = appendBytes(out, modelGraph, graph)
		return err
	})
	return out, err
}

func appendBytes(message []byte, number protowire.Number, bytes []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), bytes)
}

func appendInt(message []byte, number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, number, protowire.VarintType), uint64(v))
}

// constant returns the message of an operation Constant with the integers of a table.
func (t table) constant(output string) (node []byte) {
	// AttributeProto.TENSOR of onnx.proto.
	const typeOfTensor = 4
	var value, raw, attribute []byte
	for _, d := range t.dims {
		value = appendInt(value, tensorDims, d)
	}
	for _, v := range t.ints {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	value = appendBytes(appendInt(value, tensorType, elementInt64), tensorRaw, raw)

	attribute = appendBytes(appendInt(attribute, attributeType, typeOfTensor), attributeName, []byte("value"))
	attribute = appendBytes(attribute, attributeTensor, value)
	node = appendBytes(appendBytes(node, nodeOutput, []byte(output)), nodeOpType, []byte("Constant"))
	return appendBytes(node, nodeAttribute, attribute)
}

// tableOf returns a tensor of few integers.
func tableOf(t tensor) (table, bool) {
	elements := int64(1)
	for _, d := range t.dims {
		elements *= d // bounded by measure
	}
	return table{t.dims, t.ints}, t.external == nil && int64(len(t.ints)) == elements
}

// fold works an operation out, where its inputs are known tables and it is one of those that paddings are made of.
func (n node) fold(known map[string]table) (t table, ok bool) {
	var in []table
	for _, name := range n.inputs {
		t, ok := known[name]
		if !ok {
			return t, false
		}
		in = append(in, t)
	}

	// Exporters compute paddings from constants by these operations; anything else stays in the graph.
	switch {
	case n.op == "Constant":
		return tableOf(n.attributes["value"].tensor)
	case n.op == "ConstantOfShape" && len(in) == 1:
		return in[0].filled(n.attributes["value"].tensor.ints)
	case n.op == "Concat" && len(in) > 0:
		return concatenated(in)
	case n.op == "Reshape" && len(in) == 2:
		return in[0].reshaped(in[1].ints)
	case n.op == "Slice" && len(in) == 5:
		return in[0].sliced(in[1].ints, in[2].ints, in[3].ints, in[4].ints)
	case n.op == "Transpose" && len(in) == 1:
		return in[0].transposed(n.attributes["perm"].ints)
	case n.op == "Identity" && len(in) == 1:
		return in[0], true
	case n.op == "Cast" && len(in) == 1:
		return in[0], slices.Equal(n.attributes["to"].ints, []int64{elementInt64})
	}
	return t, false
}

// filled returns a list of the first integer of value, 0 without one, whose length is the only integer of t.
func (t table) filled(value []int64) (table, bool) {
	if len(t.ints) != 1 || len(value) != 1 || t.ints[0] < 0 || t.ints[0] > mostFolded {
		return table{}, false
	}
	return table{slices.Clone(t.ints), slices.Repeat(value, int(t.ints[0]))}, true
}

// concatenated joins lists.
func concatenated(lists []table) (t table, ok bool) {
	for _, l := range lists {
		if len(l.dims) != 1 || len(t.ints)+len(l.ints) > mostFolded {
			return t, false
		}
		t.ints = append(t.ints, l.ints...)
	}
	t.dims = []int64{int64(len(t.ints))}
	return t, true
}

// reshaped gives a table other dimensions, one of which may be -1.
func (t table) reshaped(dims []int64) (table, bool) {
	dims, elements, open := slices.Clone(dims), int64(1), -1
	for i, d := range dims {
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 1 || d > mostFolded || elements > mostFolded:
			return t, false
		default:
			elements *= d
		}
	}
	if open >= 0 {
		// A remainder shows in the comparison below.
		dims[open] = int64(len(t.ints)) / elements
		elements *= dims[open]
	}
	return table{dims, t.ints}, elements == int64(len(t.ints))
}

// transposed exchanges the two dimensions of a table.
func (t table) transposed(order []int64) (table, bool) {
	if len(t.dims) != 2 || len(order) > 0 && !slices.Equal(order, []int64{1, 0}) {
		return t, false
	}
	rows, columns := int(t.dims[0]), int(t.dims[1])
	out := table{[]int64{t.dims[1], t.dims[0]}, make([]int64, len(t.ints))}
	for i, v := range t.ints {
		// From row i/columns and column i%columns to the mirrored place.
		out.ints[i%columns*rows+i/columns] = v
	}
	return out, true
}

// sliced returns every step-th row, or column, of a table, from start up to end; all are lists of one.
func (t table) sliced(start, end, axis, step []int64) (table, bool) {
	if len(start) != 1 || len(end) != 1 || len(axis) != 1 || len(step) != 1 || step[0] == 0 || axis[0] != 0 ||
		len(t.dims) == 0 || t.dims[0] < 1 || len(t.ints) == 0 {
		return t, false
	}

	// Ends count from the last row when they are negative, and are brought into the table (ONNX, operator Slice).
	rows := t.dims[0]
	from, to, by := start[0], end[0], min(max(step[0], -rows), rows)
	for _, v := range []*int64{&from, &to} {
		if *v < 0 {
			*v += rows
		}
	}
	low, high := int64(0), rows
	if by < 0 {
		low, high = -1, rows-1
	}
	from, to = min(max(from, max(low, 0)), high), min(max(to, low), high)

	width := int64(len(t.ints)) / rows
	out := table{dims: slices.Clone(t.dims)}
	out.dims[0] = 0
	for at := from; by > 0 && at < to || by < 0 && at > to; at += by {
		out.ints = append(out.ints, t.ints[at*width:(at+1)*width]...)
		out.dims[0]++
	}
	return out, true
}
