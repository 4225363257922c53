package pretrain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
)

// sample is a few tensors, with a scalar, an empty one, and values that are easily lost.
func sample() map[string]*tensors.Tensor {
	return map[string]*tensors.Tensor{
		"/encoder/a": tensors.FromFlatDataAndDimensions([]float32{1, float32(math.Copysign(0, -1)), 1e-45,
			math.MaxFloat32, -3, 0.1}, 2, 3),
		"/encoder/b":     tensors.FromScalar(float32(7)),
		"empty":          tensors.FromShape(shapes.Make(dtypes.Float32, 0, 5)),
		"ü \"<quoted>\"": tensors.FromFlatDataAndDimensions([]float32{2}, 1),
	}
}

func savedSample(t *testing.T) (path string, content []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.safetensors")
	if err := saveTensors(path, sample(), map[string]string{"note": `{"a":"b"}`}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestSaveTensors_ReadBackBitForBit(t *testing.T) {
	path, _ := savedSample(t)
	values, metadata, err := loadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bitsOf(t, values), bitsOf(t, sample()); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, value := range sample() {
		if !values[name].Shape().Equal(value.Shape()) {
			t.Errorf("%s has shape %s, want %s", name, values[name].Shape(), value.Shape())
		}
	}
	if metadata["note"] != `{"a":"b"}` {
		t.Errorf("metadata is %v", metadata)
	}
}

// https://huggingface.co/docs/safetensors: 8 bytes little-endian header size, a JSON object that begins with {, then
// the data without holes; offsets count from the data's begin; __metadata__ maps text to text.
func TestSaveTensors_FollowsTheSafetensorsFormat(t *testing.T) {
	_, content := savedSample(t)
	size := binary.LittleEndian.Uint64(content)
	header, data := content[8:8+size], content[8+size:]
	if header[0] != '{' || size%8 != 0 {
		t.Errorf("the header of %d bytes begins with %q", size, header[0])
	}
	var entries map[string]struct {
		DType   string   `json:"dtype"`
		Shape   *[]int64 `json:"shape"`
		Offsets []int    `json:"data_offsets"`
	}
	texts := map[string]map[string]string{}
	_ = json.Unmarshal(header, &texts)
	if len(texts["__metadata__"]) != 2 {
		t.Errorf("__metadata__ is %v", texts["__metadata__"])
	}
	if err := json.Unmarshal([]byte(strings.Replace(string(header), "__metadata__", "m", 1)), &entries); err != nil {
		t.Fatal(err)
	}
	delete(entries, "m")
	var spans [][]int
	for name, e := range entries {
		if e.DType != "F32" || e.Shape == nil || len(e.Offsets) != 2 {
			t.Fatalf("%s: %+v", name, e)
		}
		count := 1
		for _, d := range *e.Shape {
			count *= int(d)
		}
		if e.Offsets[1]-e.Offsets[0] != 4*count {
			t.Errorf("%s has shape %v and offsets %v", name, *e.Shape, e.Offsets)
		}
		spans = append(spans, e.Offsets)
	}
	slices.SortFunc(spans, slices.Compare)
	end := 0
	for _, s := range spans {
		if s[0] != end {
			t.Errorf("offsets %v leave a hole or overlap", spans)
		}
		end = s[1]
	}
	if end != len(data) || len(entries) != 4 {
		t.Errorf("%d tensors end at %d of %d bytes", len(entries), end, len(data))
	}
	first := math.Float32frombits(binary.LittleEndian.Uint32(data[entries["/encoder/a"].Offsets[0]+20:]))
	if first != 0.1 {
		t.Errorf("the last element of /encoder/a is %v", first)
	}
}

func refused(t *testing.T, what string, content []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := loadTensors(path)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "from a copy") {
		t.Errorf("%s: %v", what, err)
	}
	if usage.Is(err) {
		t.Errorf("%s: %v is a usage error, though the file is damaged", what, err)
	}
}

func TestLoadTensors_RefusesATruncatedFileWhereverItEnds(t *testing.T) {
	_, content := savedSample(t)
	for n := range content {
		refused(t, fmt.Sprintf("%d of %d bytes", n, len(content)), content[:n])
	}
	refused(t, "a byte more", append(slices.Clone(content), 0))
}

func TestLoadTensors_NoticesAFlippedBitWhereverItIs(t *testing.T) {
	_, content := savedSample(t)
	for i := range content {
		flipped := slices.Clone(content)
		flipped[i] ^= 1 << (i % 8)
		refused(t, fmt.Sprintf("bit %d of byte %d", i%8, i), flipped)
	}
}

// forged is a file with a header of your own and the checksum that it needs.
func forged(header string, data []byte) []byte {
	digest := sha256.New()
	digest.Write([]byte(header))
	digest.Write(data)
	header = strings.Replace(header, noChecksum, hex.EncodeToString(digest.Sum(nil)), 1)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func TestLoadTensors_RefusesAForgedHeader(t *testing.T) {
	const metadata = `"__metadata__":{"sha256":"%s"}`
	entry := func(text string) string { return fmt.Sprintf("{"+metadata+`,"x":%s}`, noChecksum, text) }
	data := make([]byte, 16)
	good := filepath.Join(t.TempDir(), "good")
	right := forged(entry(`{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}`), data)
	if err := os.WriteFile(good, right, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := loadTensors(good); err != nil {
		t.Fatalf("the forgery itself is wrong: %v", err)
	}
	for name, text := range map[string]string{
		"shape larger than its data":  `{"dtype":"F32","shape":[2,3],"data_offsets":[0,16]}`,
		"shape smaller than its data": `{"dtype":"F32","shape":[3],"data_offsets":[0,16]}`,
		"negative dimension":          `{"dtype":"F32","shape":[-2,-2],"data_offsets":[0,16]}`,
		"dimensions that overflow":    `{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}`,
		"a huge dimension of nothing": `{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}`,
		"offsets past the end":        `{"dtype":"F32","shape":[4],"data_offsets":[4,20]}`,
		"negative offset":             `{"dtype":"F32","shape":[4],"data_offsets":[-4,12]}`,
		"offsets that overflow":       `{"dtype":"F32","shape":[4],"data_offsets":[9223372036854775800,-9223372036854775800]}`,
		"offsets in reverse":          `{"dtype":"F32","shape":[4],"data_offsets":[16,0]}`,
		"another type":                `{"dtype":"F16","shape":[8],"data_offsets":[0,16]}`,
		"no object":                   `3`,
		"a dimension that is no int":  `{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}`,
		"deep nesting":                strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5),
	} {
		refused(t, name, forged(entry(text), data))
	}
	for name, content := range map[string][]byte{
		"another program's file":  forged(`{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, data),
		"metadata without a sum":  forged(`{"__metadata__":{"format":"pt"}}`, nil),
		"metadata that is no map": forged(`{"__metadata__":[]}`, nil),
		"a header as big as 2⁶⁴":  append(slices.Repeat([]byte{255}, 8), data...),
		"a header past the end":   append(binary.LittleEndian.AppendUint64(nil, 17), data...),
		"text":                    []byte("epochs: 10\nbatch: 256\n"),
		"zeros":                   make([]byte, 4096),
	} {
		refused(t, name, content)
	}
}

func TestLoadCheckpoint_RefusesTensorsOfNoRun(t *testing.T) {
	path, _ := savedSample(t)
	if _, err := loadCheckpoint(path); err == nil || !strings.Contains(err.Error(), "no run of sslx") {
		t.Errorf("got %v", err)
	}
}

func TestLoadTensors_MissingFileIsAUsageError(t *testing.T) {
	if _, _, err := loadTensors(filepath.Join(t.TempDir(), "none")); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestSaveTensors_RefusesOtherTypesThanFloat32(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	err := saveTensors(path, map[string]*tensors.Tensor{"n": tensors.FromScalar(int32(1))}, nil)
	if err == nil || !strings.Contains(err.Error(), "variable n") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left")
	}
}
