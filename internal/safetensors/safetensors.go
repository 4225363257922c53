// Package safetensors reads and writes files of tensors of any program (https://huggingface.co/docs/safetensors): 8
// bytes with the length of a header, the header in JSON, and the values. A file is not trusted: what its header says is
// checked before anything is allocated for it.
package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

const (
	// metadataKey is the entry of the header that is no tensor.
	metadataKey = "__metadata__"

	// maxHeader bounds the header, in bytes. The largest encoders have some 100,000.
	maxHeader = 4 << 20

	// maxDims bounds the number of axes of a tensor.
	maxDims = 16
)

// Info is what a header says of a tensor.
type Info struct {
	DType string
	Shape []int
	from  int64 // of the values, after the header
	to    int64
}

// sizes are the bytes of an element by type. Values of types that are not here cannot be read, and are not checked.
var sizes = map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8,
	"U32": 4, "U16": 2, "U8": 1, "BOOL": 1}

// File is an open file whose header was checked: the values of all tensors lie within the file, apart from each other.
type File struct {
	Metadata map[string]string

	path    string
	file    *os.File
	start   int64 // of the values
	tensors map[string]Info
}

// Open opens a file and reads its header. A file that is missing or none of safetensors is a usage error.
func Open(path string) (*File, error) {
	file, err := atomicfile.Open(path)
	if err != nil {
		return nil, usage.Errorf("cannot read the weights: %v", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}

	f := &File{path: path, file: file}
	if err := f.readHeader(info.Size()); err != nil {
		return nil, errors.Join(usage.Errorf("%s is no file of safetensors, or damaged: %v", path, err), file.Close())
	}
	return f, nil
}

// readHeader reads and checks the header of a file of a size.
func (f *File) readHeader(size int64) error {
	var length uint64
	if err := binary.Read(f.file, binary.LittleEndian, &length); err != nil {
		return errors.New("it has fewer than 8 bytes")
	}
	switch left := uint64(size - 8); {
	case length > left:
		return fmt.Errorf("its header should have %d bytes, and %d are left", length, left)
	case length > maxHeader:
		return fmt.Errorf("its header has %d bytes, more than %d", length, maxHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(f.file, text); err != nil {
		return fmt.Errorf("its header cannot be read: %w", err)
	}
	f.start = 8 + int64(length)
	return f.parse(text, size-f.start)
}

// entry is what the header has for a tensor.
type entry struct {
	DType   *string  `json:"dtype"`
	Shape   *[]int64 `json:"shape"`
	Offsets *[]int64 `json:"data_offsets"`
}

// parse reads a header for so many bytes of values.
func (f *File) parse(text []byte, bytesOfValues int64) error {
	f.tensors, f.Metadata = map[string]Info{}, map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return errors.New("its header is no JSON object")
	}

	// Entry by entry: a repeated name is found, and nothing is kept of an entry that is wrong.
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errors.New("its header is damaged JSON")
		}
		if seen[name] {
			return fmt.Errorf("tensor %s is there twice", quoted(name))
		}
		seen[name] = true

		if name == metadataKey {
			if decoder.Decode(&f.Metadata) != nil {
				return errors.New("its metadata are not texts")
			}
			continue
		}
		var e entry
		if err := decoder.Decode(&e); err != nil {
			return fmt.Errorf("tensor %s is not described by a type, a shape and offsets", quoted(name))
		}
		if f.tensors[name], err = e.info(bytesOfValues); err != nil {
			return fmt.Errorf("tensor %s %w", quoted(name), err)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("its header is damaged JSON")
	}
	return f.apart()
}

// info returns the tensor that an entry describes, whose values lie in so many bytes.
func (e entry) info(bytesOfValues int64) (i Info, err error) {
	if e.DType == nil || e.Shape == nil || e.Offsets == nil || len(*e.Offsets) != 2 || len(*e.Shape) > maxDims {
		return i, errors.New("is not described by a type, a shape and offsets")
	}
	i = Info{DType: *e.DType, Shape: []int{}, from: (*e.Offsets)[0], to: (*e.Offsets)[1]}
	if i.from < 0 || i.from > i.to || i.to > bytesOfValues {
		return i, fmt.Errorf("lies outside of the file: at %d to %d of %d bytes", i.from, i.to, bytesOfValues)
	}

	// The product cannot overflow: it stays below the size of the file, or the tensor is refused.
	count, known := int64(1), sizes[i.DType]
	for _, d := range *e.Shape {
		if d < 0 || d > bytesOfValues || d > 0 && count > bytesOfValues/d {
			return i, fmt.Errorf("has shape %v, more than the file has values", *e.Shape)
		}
		count *= d
		i.Shape = append(i.Shape, int(d))
	}
	if known > 0 && count*known != i.to-i.from {
		return i, fmt.Errorf("has %d bytes of values, and type %s with shape %v needs %d", i.to-i.from, i.DType,
			i.Shape, count*known)
	}
	return i, nil
}

// apart returns an error when two tensors share bytes: values are no larger than the file then.
func (f *File) apart() error {
	names := f.Names()
	slices.SortStableFunc(names, func(a, b string) int {
		x, y := f.tensors[a], f.tensors[b]
		if x.from != y.from {
			// Only the sign: an int may have 32 bits, and a difference more.
			return int(min(1, max(-1, x.from-y.from)))
		}
		return int(min(1, max(-1, x.to-y.to)))
	})
	for i := 1; i < len(names); i++ {
		if f.tensors[names[i]].from < f.tensors[names[i-1]].to {
			return fmt.Errorf("tensors %s and %s share bytes", quoted(names[i-1]), quoted(names[i]))
		}
	}
	return nil
}

// Names returns the names of all tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Info returns what the header says of a tensor, and whether there is one.
func (f *File) Info(name string) (Info, bool) {
	info, ok := f.tensors[name]
	return info, ok
}

// Floats returns the values of a tensor of type F32, F16 or BF16. Values that are not finite are an error.
func (f *File) Floats(name string) ([]float32, error) {
	info, ok := f.tensors[name]
	if !ok {
		return nil, usage.Errorf("%s has no tensor %s", f.path, quoted(name))
	}
	convert := map[string]func([]byte) float32{
		"F32": func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
		"F16": func(b []byte) float32 { return float16.FromBits(binary.LittleEndian.Uint16(b)).Float32() },
		"BF16": func(b []byte) float32 {
			return bfloat16.FromBits(binary.LittleEndian.Uint16(b)).Float32()
		},
	}[info.DType]
	if convert == nil {
		return nil, usage.Errorf("tensor %s of %s has type %s: F32, F16 and BF16 can be read", quoted(name), f.path,
			quoted(info.DType))
	}

	raw := make([]byte, info.to-info.from) // no more than the file has
	if _, err := f.file.ReadAt(raw, f.start+info.from); err != nil {
		return nil, fmt.Errorf("%s was cut short while it was read: %w", f.path, err)
	}
	size := int(sizes[info.DType])
	values := make([]float32, 0, len(raw)/size)
	for b := range slices.Chunk(raw, size) {
		v := convert(b)
		if v-v != 0 { // NaN and infinities
			return nil, usage.Errorf("tensor %s of %s has a value that is not finite: restore the file from a copy",
				quoted(name), f.path)
		}
		values = append(values, v)
	}
	return values, nil
}

// Fingerprint returns the SHA-256 of the file, in hexadecimal, as sha256sum prints it.
func (f *File) Fingerprint() (string, error) {
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f.file, 0, math.MaxInt64)); err != nil {
		return "", fmt.Errorf("cannot read %s: %w", f.path, err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// quoted returns a name of a file as it can be shown: on one line, and not endless.
func quoted(name string) string {
	const most = 80
	if len(name) > most {
		name = name[:most] + "…"
	}
	if text := fmt.Sprintf("%q", name); text != `"`+name+`"` {
		return text
	}
	return name
}

// Tensor is a tensor to write.
type Tensor struct {
	Name   string
	Shape  []int
	Values []float32
}

// Write writes tensors of type F32 in their order, and metadata. The file is whole or absent.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	header := map[string]any{metadataKey: metadata}
	var offset int64
	for _, t := range tensors {
		end := offset + 4*int64(len(t.Values))
		// A copy of the shape is [] for a scalar, where nil would be null.
		header[t.Name] = map[string]any{"dtype": "F32", "shape": append([]int{}, t.Shape...),
			"data_offsets": [2]int64{offset, end}}
		offset = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	text = append(text, bytes.Repeat([]byte{' '}, (8-len(text)%8)%8)...) // values begin at a multiple of 8

	return atomicfile.Write(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		for _, t := range tensors {
			if err := binary.Write(w, binary.LittleEndian, t.Values); err != nil {
				return err
			}
		}
		return nil
	})
}
