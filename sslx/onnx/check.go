package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Bounds of a file. Exports of large vision transformers have a few thousand nodes.
const (
	mostNodes    = 20_000
	mostTensors  = 20_000
	mostNames    = 4_096 // inputs or outputs of one node
	mostRank     = 8
	mostWindow   = 1 << 16 // pixels under a kernel or a pooling window
	oldestOpset  = 13
	newestOpset  = 20
	mostMetadata = 1_000
)

// content is what a file says of itself, as far as it matters before it is converted.
type content struct {
	opset        int64
	metadata     map[string]string
	nodes        []node
	initializers []tensor
	inputs       []value
	outputs      []value
}

// node is an operation.
type node struct {
	op              string
	inputs, outputs []string
	attributes      map[string]attribute
}

// attribute is what is kept of an attribute of an operation: its integers, and its tensor's.
type attribute struct {
	ints   []int64
	tensor tensor
}

// tensor is a constant of a file.
type tensor struct {
	name     string
	dims     []int64
	bytes    int64             // of its elements
	external map[string]string // where its data are, if not in the file
	ints     []int64           // its elements, where they are few integers of 64 bits
}

// value is an input or output of the graph; a dimension of -1 is open.
type value struct {
	name    string
	element int64
	dims    []int64
}

// elementSizes are the bytes of an element by ONNX's number of its type. Strings and complex numbers are none that an
// encoder has.
var elementSizes = map[int64]int64{1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}

// ONNX's numbers of float32 and int64.
const (
	elementFloat = 1
	elementInt64 = 7
)

// readContent reads a file's description of itself and refuses what could make its conversion go wrong: graphs that are
// cyclic or too large, operations that hold graphs, and tensors whose data are not what their dimensions say. It
// allocates little more than the file is long.
func readContent(file []byte) (*content, error) {
	c := &content{metadata: map[string]string{}}
	var graph []byte
	err := eachField(file, func(f field) (err error) {
		switch f.number {
		case modelGraph:
			graph = f.bytes
		case modelOpsets:
			err = c.addOpset(f.bytes)
		case modelFunctions:
			err = fmt.Errorf("it has functions of its own, which cannot be read: export it without them")
		case modelMetadata:
			err = c.addMetadata(f.bytes)
		}
		return err
	}, modelGraph)
	switch {
	case err != nil:
		return nil, err
	case graph == nil:
		return nil, errWire
	case c.opset < oldestOpset || c.opset > newestOpset:
		return nil, fmt.Errorf("it is of opset %d, and %d to %d can be read: export it again with one of these",
			c.opset, oldestOpset, newestOpset)
	}

	if err := c.readGraph(graph); err != nil {
		return nil, err
	}
	return c, c.checkOrder()
}

func (c *content) addOpset(message []byte) error {
	var domain string
	var version int64
	err := eachField(message, func(f field) error {
		switch f.number {
		case opsetDomain:
			domain = f.text()
		case opsetVersion:
			version = int64(f.value)
		}
		return nil
	})
	// Other domains may be declared; an operation of one is refused.
	if domain == "" || domain == "ai.onnx" {
		c.opset = version
	}
	return err
}

func (c *content) addMetadata(message []byte) error {
	key, text, err := readEntry(message)
	if err == nil && len(c.metadata) >= mostMetadata {
		err = fmt.Errorf("it has more than %d metadata entries", mostMetadata)
	}
	c.metadata[key] = text
	return err
}

func readEntry(message []byte) (key, text string, err error) {
	err = eachField(message, func(f field) error {
		switch f.number {
		case entryKey:
			key = f.text()
		case entryValue:
			text = f.text()
		}
		return nil
	})
	return key, text, err
}

// readGraph keeps what the checks need of a graph: its operations, tensors, inputs and outputs. What is counted is
// bounded, so that a small file cannot ask for much memory.
func (c *content) readGraph(message []byte) error {
	return eachField(message, func(f field) error {
		switch f.number {
		case graphNode:
			if len(c.nodes) == mostNodes {
				return fmt.Errorf("it has more than %d operations", mostNodes)
			}
			n, err := readNode(f.bytes)
			c.nodes = append(c.nodes, n)
			return err

		case graphInitializer:
			if len(c.initializers) == mostTensors {
				return fmt.Errorf("it has more than %d tensors", mostTensors)
			}
			t, err := readTensor(f.bytes)
			c.initializers = append(c.initializers, t)
			return err

		case graphInput, graphOutput:
			v, err := readValue(f.bytes)
			if f.number == graphInput {
				c.inputs = append(c.inputs, v)
			} else {
				c.outputs = append(c.outputs, v)
			}
			if len(c.inputs)+len(c.outputs) > mostNames {
				err = fmt.Errorf("it has more than %d inputs and outputs", mostNames)
			}
			return err

		case graphSparse:
			return fmt.Errorf("it has sparse tensors, which cannot be read")
		}
		return nil
	})
}

// readNode reads an operation of the graph. One of another domain than ONNX's own is refused.
func readNode(message []byte) (n node, err error) {
	domain := ""
	n.attributes = map[string]attribute{}
	err = eachField(message, func(f field) (err error) {
		switch f.number {
		case nodeInput:
			n.inputs = append(n.inputs, f.text())
		case nodeOutput:
			n.outputs = append(n.outputs, f.text())
		case nodeOpType:
			n.op = f.text()
		case nodeDomain:
			domain = f.text()
		case nodeAttribute:
			var name string
			var a attribute
			name, a, err = readAttribute(f.bytes)
			n.attributes[name] = a
		}

		// While it reads: the list would be long by the end.
		if len(n.inputs)+len(n.outputs) > mostNames {
			err = fmt.Errorf("it has more than %d inputs and outputs", mostNames)
		}
		return err
	})

	if err == nil && domain != "" && domain != "ai.onnx" {
		err = fmt.Errorf("it is of %q and not of ONNX itself: export the model without it", domain)
	}
	if err != nil {
		err = fmt.Errorf("operation %.60q cannot be read: %w", n.op, err)
	}
	return n, err
}

// readAttribute reads an attribute of an operation. It refuses graphs, tensors that lie, and numbers that decide how
// much memory or time an operation takes when they are out of all proportion.
func readAttribute(message []byte) (name string, a attribute, err error) {
	err = eachField(message, func(f field) (err error) {
		switch f.number {
		case attributeName:
			name = f.text()
		case attributeInt, attributeInts:
			a.ints, err = f.ints(a.ints)
		case attributeTensor, attributeTensors:
			if a.tensor, err = readTensor(f.bytes); err == nil && a.tensor.external != nil {
				err = fmt.Errorf("the data of a constant are in another file")
			}
		case attributeGraph, attributeGraphs:
			err = fmt.Errorf("it holds a graph of its own: export the model without conditions and loops")
		case attributeSparse, attributeSparses:
			err = fmt.Errorf("it holds a sparse tensor")
		}
		return err
	}, attributeTensor, attributeName)
	if err != nil {
		return name, a, err
	}

	// A kernel of a billion pixels is a few bytes in the file: products of sides are bounded one by one.
	window := int64(1)
	for _, v := range a.ints {
		if name == "kernel_shape" && (v < 1 || v > mostWindow/window) {
			return name, a, fmt.Errorf("its kernel has a side of %d, and more than %d pixels are not allowed", v,
				mostWindow)
		}
		if name == "kernel_shape" {
			window *= v
		}
		if name == "num_outputs" && (v < 0 || v > mostNames) {
			return name, a, fmt.Errorf("it has %d outputs", v)
		}
	}
	return name, a, nil
}

// readTensor reads what a tensor says of itself, and checks that it has as much data.
func readTensor(message []byte) (t tensor, err error) {
	var kind int64
	var raw []byte
	var counted int64 // numbers in typed fields
	err = eachField(message, func(f field) (err error) {
		switch f.number {
		case tensorDims:
			t.dims, err = f.ints(t.dims)
			if len(t.dims) > mostRank {
				err = fmt.Errorf("it has more than %d dimensions", mostRank)
			}
		case tensorType:
			kind = int64(int32(f.value))
		case tensorName:
			t.name = f.text()
		case tensorRaw:
			raw = f.bytes
		case tensorFloats:
			counted += f.count(4)
		case tensorDoubles:
			counted += f.count(8)
		case tensorInt32s, tensorUint64s:
			counted += f.count(0)
		case tensorInt64s:
			if counted += f.count(0); counted <= mostFolded {
				t.ints, err = f.ints(t.ints)
			}
		case tensorExternal:
			var key, text string
			key, text, err = readEntry(f.bytes)
			if t.external == nil {
				t.external = map[string]string{}
			}
			if t.external[key] = text; len(t.external) > mostMetadata {
				err = fmt.Errorf("its data are described by more than %d entries", mostMetadata)
			}
		case tensorSegment, tensorStrings:
			err = fmt.Errorf("it is cut in segments or holds strings")
		}
		return err
	}, tensorType, tensorName, tensorRaw, tensorSegment)

	if err == nil {
		err = t.measure(kind, raw, counted)
	}

	// Small integer tensors are shapes and the like, which later checks read.
	if err == nil && kind == elementInt64 && len(raw) <= 8*mostFolded {
		for ; len(raw) > 0; raw = raw[8:] {
			t.ints = append(t.ints, int64(binary.LittleEndian.Uint64(raw)))
		}
	}

	if err != nil {
		err = fmt.Errorf("tensor %.60q cannot be read: %w", t.name, err)
	}
	return t, err
}

// measure sets the bytes of a tensor, which its data must have.
func (t *tensor) measure(kind int64, raw []byte, counted int64) error {
	width, ok := elementSizes[kind]
	if !ok {
		return fmt.Errorf("its elements are of type %d, which no encoder has", kind)
	}

	// Each factor is compared before it is multiplied, so that nothing overflows.
	elements := int64(1)
	for _, d := range t.dims {
		if d < 0 || d > math.MaxInt32 || d > 0 && elements > math.MaxInt32/d {
			return fmt.Errorf("its dimensions are %v", t.dims)
		}
		elements *= d
	}
	t.bytes = elements * width

	// External data are measured when their file is read.
	const float16, bfloat16 = 10, 16
	switch {
	case t.external != nil || elements == 0:
		return nil
	case raw != nil && int64(len(raw)) != t.bytes:
		return fmt.Errorf("it has %d bytes of data, and its dimensions %v need %d", len(raw), t.dims, t.bytes)
	case raw == nil && counted != elements:
		return fmt.Errorf("it has %d numbers, and its dimensions are %v", counted, t.dims)
	case raw == nil && (kind == float16 || kind == bfloat16):
		return fmt.Errorf("its 16-bit numbers are stored as integers: save them as raw data")
	}
	return nil
}

func readValue(message []byte) (v value, err error) {
	err = eachField(message, func(f field) error {
		switch f.number {
		case valueName:
			v.name = f.text()
		case valueType:
			return v.readType(f.bytes)
		}
		return nil
	}, valueName, valueType)
	return v, err
}

// readType reads the type and the dimensions of a value that is a tensor.
func (v *value) readType(message []byte) error {
	// A dimension without a number, such as the batch's, is -1.
	shape := func(f field) error {
		if f.number != shapeDim {
			return nil
		}
		dim := int64(-1)
		err := eachField(f.bytes, func(f field) error {
			if f.number == dimValue && f.kind == protowire.VarintType {
				dim = int64(f.value)
			}
			return nil
		}, dimValue, dimsParam)
		if v.dims = append(v.dims, dim); len(v.dims) > mostRank {
			err = fmt.Errorf("%.60q has more than %d dimensions", v.name, mostRank)
		}
		return err
	}

	of := func(f field) error {
		switch f.number {
		case typeElement:
			v.element = int64(f.value)
		case typeShape:
			return eachField(f.bytes, shape)
		}
		return nil
	}

	// A value of another type, such as a sequence, is left without an element type.
	return eachField(message, func(f field) error {
		if f.number == typeTensor {
			return eachField(f.bytes, of, typeShape)
		}
		return nil
	}, typeTensor)
}

// checkOrder refuses a graph in which an operation uses what is made after it: ONNX wants them sorted, and a sorted
// graph has no cycle.
func (c *content) checkOrder() error {
	made := map[string]bool{"": true}
	add := func(kind, name string) error {
		if name != "" && made[name] {
			return fmt.Errorf("%s %.60q has the name of another value", kind, name)
		}
		made[name] = true
		return nil
	}

	// What exists before any operation runs.
	for _, t := range c.initializers {
		if err := add("tensor", t.name); err != nil {
			return err
		}
	}
	for _, v := range c.inputs {
		if err := add("input", v.name); err != nil {
			return err
		}
	}
	// Operations in their order: each may use only what is made by now.
	for _, n := range c.nodes {
		for _, name := range n.inputs {
			if !made[name] {
				return fmt.Errorf("operation %.60q uses %.60q before it is made: the graph has a cycle or is not "+
					"sorted", n.op, name)
			}
		}
		if len(n.outputs) == 0 || n.outputs[0] == "" {
			return fmt.Errorf("operation %.60q has no output", n.op)
		}
		for _, name := range n.outputs {
			if err := add("the output", name); err != nil {
				return err
			}
		}
	}

	for _, v := range c.outputs {
		if v.name == "" || !made[v.name] {
			return fmt.Errorf("nothing makes its output %.60q", v.name)
		}
	}
	return nil
}

// where returns the file that has the data of a tensor, and the first byte of them there.
func (t tensor) where() (location string, offset int64, err error) {
	location = t.external["location"]
	if text, ok := t.external["offset"]; ok {
		if offset, err = strconv.ParseInt(text, 10, 64); err != nil || offset < 0 {
			return "", 0, fmt.Errorf("the data of tensor %.60q begin at byte %.30q", t.name, text)
		}
	}
	if text, ok := t.external["length"]; ok && text != strconv.FormatInt(t.bytes, 10) {
		return "", 0, fmt.Errorf("tensor %.60q has %.30s bytes of data elsewhere, and its dimensions %v need %d",
			t.name, text, t.dims, t.bytes)
	}
	return location, offset, nil
}
