package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
const (
	modelGraph, modelOpsets, modelMetadata, modelFunctions = 7, 8, 14, 25

	graphNode, graphInitializer, graphInput, graphOutput, graphSparse = 1, 5, 11, 12, 15

	nodeInput, nodeOutput, nodeOpType, nodeAttribute, nodeDomain = 1, 2, 4, 5, 7

	attributeName, attributeInt, attributeTensor, attributeGraph         = 1, 3, 5, 6
	attributeInts, attributeTensors, attributeGraphs                     = 8, 10, 11
	attributeType, attributeSparse, attributeSparses                     = 20, 22, 23
	tensorDims, tensorType, tensorSegment                                = 1, 2, 3
	tensorFloats, tensorInt32s, tensorInt64s, tensorName, tensorRaw      = 4, 5, 7, 8, 9
	tensorStrings, tensorDoubles, tensorUint64s, tensorExternal          = 6, 10, 11, 13
	valueName, valueType, typeTensor, typeElement, typeShape, shapeDim   = 1, 2, 1, 1, 2, 1
	dimValue, entryKey, entryValue, opsetDomain, opsetVersion, dimsParam = 1, 1, 2, 1, 2, 2
)

// errWire is the error of bytes that are no protobuf message.
var errWire = errors.New("it is cut short, damaged, or no ONNX file")

// field is one field of a message: its bytes where it has a length, else its number.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bytes  []byte
	value  uint64
	raw    []byte // all of it, with its tag
}

// text returns the field as a string.
func (f field) text() string { return string(f.bytes) }

// ints adds the integers of a repeated field, packed or not.
func (f field) ints(list []int64) ([]int64, error) {
	if f.kind == protowire.VarintType {
		return append(list, int64(f.value)), nil
	}
	for left := f.bytes; len(left) > 0; {
		v, n := protowire.ConsumeVarint(left)
		if n < 0 {
			return nil, errWire
		}
		list, left = append(list, int64(v)), left[n:]
	}
	return list, nil
}

// count returns how many numbers a repeated field holds; width is the size of one in bytes, 0 for varints.
func (f field) count(width int) int64 {
	switch {
	case f.kind != protowire.BytesType:
		return 1
	case width > 0:
		return int64(len(f.bytes) / width)
	}
	n := int64(0)
	for _, b := range f.bytes {
		if b < 0x80 { // the last byte of a varint
			n++
		}
	}
	return n
}

// eachField calls visit with each field of a message. A parser merges fields that a message must have once: those in
// single are refused when they come twice, so that what is checked here is what is read later.
func eachField(message []byte, visit func(field) error, single ...protowire.Number) error {
	seen := 0
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errWire
		}
		whole, tag := message, n
		message = message[n:]

		f := field{number: number, kind: kind}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return errWire
		}
		f.raw, message = whole[:tag+n], message[n:]

		// A field that comes twice could show one value to this check and another to the converter.
		for i, s := range single {
			if s == number && seen&(1<<i) != 0 {
				return fmt.Errorf("field %d of a message comes twice", number)
			} else if s == number {
				seen |= 1 << i
			}
		}
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}
