package safetensors

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// of returns a file with a header and so many bytes of values.
func of(header string, values int) []byte {
	text := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(text, header...), make([]byte, values)...)
}

func saved(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.safetensors")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen_ReadsWhatWriteWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.safetensors")
	metadata := map[string]string{"format": "pt"}
	want := []Tensor{{"b", []int{2, 2}, []float32{1, 2, 3, 4}}, {"a", []int{}, []float32{-5}},
		{"c", []int{0}, []float32{}}}
	if err := Write(path, want, metadata); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if names := f.Names(); !reflect.DeepEqual(names, []string{"a", "b", "c"}) {
		t.Errorf("tensors %v", names)
	}
	if !reflect.DeepEqual(f.Metadata, metadata) {
		t.Errorf("metadata %v", f.Metadata)
	}
	for _, tensor := range want {
		info, _ := f.Info(tensor.Name)
		values, err := f.Floats(tensor.Name)
		if err != nil || !reflect.DeepEqual(values, tensor.Values) || !reflect.DeepEqual(info.Shape, tensor.Shape) {
			t.Errorf("%s: %v of shape %v (%v)", tensor.Name, values, info.Shape, err)
		}
	}
}

func TestOpen_RefusesHostileFilesInOneSentence(t *testing.T) {
	for what, c := range map[string]struct {
		text []byte
		want string
	}{
		"empty":         {nil, "fewer than 8 bytes"},
		"long header":   {binary.LittleEndian.AppendUint64(nil, 1<<62), "its header should have"},
		"no JSON":       {of("hello", 0), "no JSON object"},
		"cut JSON":      {of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`, 4), "damaged JSON"},
		"outside":       {of(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "lies outside of the file"},
		"backwards":     {of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), "lies outside of the file"},
		"negative":      {of(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), "has shape [-1]"},
		"large":         {of(`{"a":{"dtype":"F32","shape":[99999999,9999999999],"data_offsets":[0,4]}}`, 4), "more than the file"},
		"overflow":      {of(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 4), "more than the file"},
		"wrong size":    {of(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "needs 8"},
		"shared":        {of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), "share bytes"},
		"twice":         {of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), "twice"},
		"no offsets":    {of(`{"a":{"dtype":"F32","shape":[1]}}`, 4), "is not described"},
		"three offsets": {of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 8), "is not described"},
		"a list":        {of(`{"a":[]}`, 4), "is not described"},
		"metadata":      {of(`{"__metadata__":{"a":1}}`, 0), "no texts"},
		"many axes":     {of(`{"a":{"dtype":"F32","shape":[`+strings.Repeat("1,", 99)+`1],"data_offsets":[0,4]}}`, 4), "is not described"},
		"control":       {of("{\"a\\n\\u001b[2J\":{}}", 4), `"a\n\x1b[2J"`},
	} {
		path := saved(t, c.text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := Open(path)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d KiB were allocated", what, grown>>10)
		}
		if f != nil || !usage.Is(err) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if what != "metadata" && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestFloats_RefusesWhatIsNoWeight(t *testing.T) {
	header := `{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"n":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},` +
		`"x":{"dtype":"F4","shape":[1],"data_offsets":[10,12]}}`
	text := of(header, 12)
	binary.LittleEndian.PutUint16(text[len(text)-4:], 0x7e00) // NaN
	f, err := Open(saved(t, text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for name, want := range map[string]string{"i": "has type I64", "n": "not finite", "x": "has type F4",
		"y": "no tensor y"} {
		if _, err := f.Floats(name); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file is opened or refused; what its header promises can be read, and is no larger than the file.
func FuzzOpen(f *testing.F) {
	f.Add(of(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"format":"pt"}}`, 4))
	f.Add(of(`{"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}`, 6))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Open(saved(t, text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		defer func() { _ = file.Close() }()
		total := 0
		for _, name := range file.Names() {
			values, err := file.Floats(name)
			if err != nil && !usage.Is(err) {
				t.Errorf("%s: %v", name, err)
			}
			total += len(values)
		}
		if 2*total > len(text) {
			t.Errorf("%d values from %d bytes", total, len(text))
		}
	})
}
