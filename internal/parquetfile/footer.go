package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var errParquet = errors.New("its lengths contradict each other")

// checkFooter walks through the metadata at the end of a file, from which the library makes its lists.
func checkFooter(r io.ReaderAt, size int64) error {
	const tail, most = 8, 16 << 20 // the length of the footer and the magic number; bytes
	end := make([]byte, tail)
	if _, err := r.ReadAt(end, size-tail); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if length > size-tail {
		return errParquet
	}
	if length > most {
		return fmt.Errorf("its footer has %d bytes and %d are allowed", length, most)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-tail-length); err != nil {
		return err
	}
	// The whole footer is one struct, FileMetaData (parquet.thrift).
	w := thriftWalk{left: footer}
	return w.value(thriftStruct, 0)
}

// thriftWalk goes over a value of Thrift's compact protocol
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md) and takes no memory.
type thriftWalk struct {
	left    []byte
	structs int
}

// Types of values.
const (
	thriftTrue, thriftFalse, thriftByte, thriftDouble, thriftBinary = 1, 2, 3, 7, 8
	thriftList, thriftSet, thriftMap, thriftStruct                  = 9, 10, 11, 12
)

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.left)) {
		return errParquet
	}
	w.left = w.left[n:]
	return nil
}

func (w *thriftWalk) byte() (b byte, err error) {
	if len(w.left) > 0 {
		b = w.left[0]
	}
	return b, w.skip(1)
}

func (w *thriftWalk) number() (uint64, error) {
	v, n := binary.Uvarint(w.left)
	if n <= 0 {
		return 0, errParquet
	}
	return v, w.skip(uint64(n))
}

// value goes over a value of a type, which is a field or an item of a list.
func (w *thriftWalk) value(kind byte, depth int) error {
	const deepest = 32
	if depth > deepest {
		return errors.New("its footer is nested too deeply")
	}
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, err := w.number()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		return w.list(depth)
	case thriftMap:
		return errors.New("its footer holds a map, which parquet does not have")
	case thriftStruct:
		return w.fields(depth)
	}
	// What is left are whole numbers of 16 to 64 bits (types 4 to 6), which are varints.
	_, err := w.number()
	return err
}

func (w *thriftWalk) list(depth int) error {
	head, err := w.byte()
	if err != nil {
		return err
	}
	// The upper four bits are the length; 15 says that a longer one follows.
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = w.number(); err != nil {
			return err
		}
	}
	for range n {
		if err := w.value(head&15, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *thriftWalk) fields(depth int) error {
	// The library's structs are up to a kilobyte, and a file may spend three bytes on one.
	const most = 1 << 19
	if w.structs++; w.structs > most {
		return fmt.Errorf("its footer has more than %d entries", most)
	}
	for {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the number of the field follows
			if _, err := w.number(); err != nil {
				return err
			}
		}
		kind := head & 15
		if kind == thriftTrue || kind == thriftFalse { // a field of this type is its value
			continue
		}
		if err := w.value(kind, depth+1); err != nil {
			return err
		}
	}
}
