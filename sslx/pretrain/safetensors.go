package pretrain

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

const (
	// metadataKey is the entry of the header that is no tensor.
	metadataKey = "__metadata__"

	// checksumKey is the metadata entry of the SHA-256 of the header, with zeros in place of the sum, and the data.
	checksumKey = "sha256"
)

var noChecksum = strings.Repeat("0", 2*sha256.Size)

// safeTensor is an entry of the header of a safetensors file.
type safeTensor struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// saveTensors writes float32 tensors and metadata as a safetensors file (https://huggingface.co/docs/safetensors), with
// a checksum in the metadata. The file is whole or absent.
func saveTensors(path string, values map[string]*tensors.Tensor, metadata map[string]string) error {
	names := slices.Sorted(maps.Keys(values))
	header, err := headerOf(names, values, metadata)
	if err != nil {
		return err
	}

	// The checksum is over the header, with zeros in place of the sum, and the data.
	digest := sha256.New()
	digest.Write(header)
	for _, name := range names {
		if err := values[name].ConstBytes(func(data []byte) { digest.Write(data) }); err != nil {
			return err
		}
	}
	header = withChecksum(header, noChecksum, hex.EncodeToString(digest.Sum(nil)))

	return atomicfile.Write(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
			return err
		}
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, name := range names {
			var failed error
			if err := values[name].ConstBytes(func(data []byte) { _, failed = w.Write(data) }); err != nil {
				return err
			}
			if failed != nil {
				return failed
			}
		}
		return nil
	})
}

// headerOf returns the header of a file with tensors in the order of names, padded to a multiple of 8 bytes. It has
// noChecksum.
func headerOf(names []string, values map[string]*tensors.Tensor, metadata map[string]string) ([]byte, error) {
	header := map[string]any{}
	var offset int64
	for _, name := range names {
		t := values[name]
		if t.DType() != dtypes.Float32 {
			return nil, fmt.Errorf("variable %s has type %s: only float32 can be saved", name, t.DType())
		}
		end := offset + t.ByteSize()
		header[name] = safeTensor{"F32", append([]int{}, t.Shape().Dimensions...), [2]int64{offset, end}}
		offset = end
	}

	// The sum has its length already, so that the header keeps its size.
	metadata = maps.Clone(metadata)
	metadata[checksumKey] = noChecksum
	header[metadataKey] = metadata

	text, err := json.Marshal(header)
	return append(text, bytes.Repeat([]byte{' '}, (8-len(text)%8)%8)...), err
}

// loadTensors reads a file of saveTensors. For a file that is missing, foreign, cut short or changed, the error says
// which.
func loadTensors(path string) (map[string]*tensors.Tensor, map[string]string, error) {
	text, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage.Errorf("there is no checkpoint %s", path)
	}
	if err != nil {
		return nil, nil, err
	}
	foreign := fmt.Errorf("%s is cut short, or no checkpoint of sslx: restore it from a copy, or start a new run", path)

	// 8 bytes of length, the header, the data.
	if len(text) < 8 {
		return nil, nil, foreign
	}
	size := binary.LittleEndian.Uint64(text)
	if size > uint64(len(text)-8) {
		return nil, nil, foreign
	}
	header, data := text[8:8+size], text[8+size:]
	entries, metadata := map[string]json.RawMessage{}, map[string]string{}
	if json.Unmarshal(header, &entries) != nil {
		return nil, nil, foreign
	}
	if json.Unmarshal(entries[metadataKey], &metadata) != nil || metadata[checksumKey] == "" {
		return nil, nil, foreign
	}
	delete(entries, metadataKey)

	digest := sha256.New()
	digest.Write(withChecksum(header, metadata[checksumKey], noChecksum))
	digest.Write(data)
	if hex.EncodeToString(digest.Sum(nil)) != metadata[checksumKey] {
		return nil, nil, fmt.Errorf("checkpoint %s is damaged: its checksum does not match; restore it from a copy, "+
			"or start a new run", path)
	}

	// A file with the right checksum may still be of another program: every entry is checked.
	values := map[string]*tensors.Tensor{}
	left := int64(len(data)) // tensors do not overlap
	for name, raw := range entries {
		var entry safeTensor
		if json.Unmarshal(raw, &entry) != nil || entry.DType != "F32" || !entry.fits(len(data)) {
			return nil, nil, foreign
		}
		from, to := entry.Offsets[0], entry.Offsets[1]
		if left -= to - from; left < 0 {
			return nil, nil, foreign
		}

		t := tensors.FromShape(shapes.Make(dtypes.Float32, entry.Shape...))
		if err := t.MutableBytes(func(into []byte) { copy(into, data[from:to]) }); err != nil {
			return nil, nil, err
		}
		values[name] = t
	}
	return values, metadata, nil
}

// maxHeader bounds the header that loadMetadata reads, in bytes.
const maxHeader = 64 << 20

// loadMetadata reads the metadata of a file of saveTensors, and no tensor. The checksum is not compared.
func loadMetadata(path string) (map[string]string, error) {
	file, err := atomicfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	foreign := fmt.Errorf("%s is no checkpoint: restore it from a copy", path)

	// The length of the header, then the header.
	reader := bufio.NewReader(file)
	var size uint64
	if err := binary.Read(reader, binary.LittleEndian, &size); err != nil || size > maxHeader {
		return nil, foreign
	}
	var header struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.NewDecoder(io.LimitReader(reader, int64(size))).Decode(&header); err != nil {
		return nil, foreign
	}
	return header.Metadata, nil
}

// withChecksum returns a header with another checksum.
func withChecksum(header []byte, from, to string) []byte {
	const entry = `"` + checksumKey + `":"`
	return bytes.Replace(header, []byte(entry+from), []byte(entry+to), 1)
}

// fits reports whether the entry lies within so many bytes of data and has the size of its shape.
func (e safeTensor) fits(bytes int) bool {
	size := int64(4)
	for _, d := range e.Shape {
		if d < 0 || int64(d) > int64(bytes) {
			return false
		}
		size *= int64(d)
		if size > int64(bytes) {
			return false
		}
	}
	from, to := e.Offsets[0], e.Offsets[1]
	return 0 <= from && from <= to && to <= int64(bytes) && to-from == size
}
