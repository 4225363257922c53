package onnx

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	. "github.com/sslx-go/lab/internal/testonnx"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// run returns the features of images [1, 8, 8, 3] that count up from 0 by steps of 1/64.
func run(t *testing.T, e *Encoder) []float32 {
	t.Helper()
	b, err := gobackend.New("ops_sequential") // as package backend opens it
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	exec, err := model.NewExec(b, model.NewStore(), func(scope *model.Scope, x *Node) *Node {
		return e.Build(scope, x, encoder.Eval)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(counting(), 1, 8, 8, 3))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0])
}

func counting() []float32 {
	pixels := make([]float32, 8*8*3)
	for i := range pixels {
		pixels[i] = float32(i) / 64
	}
	return pixels
}

// tinyOracle is the encoder of tiny in plain Go.
func tinyOracle(pixels []float32) (features [2]float64) {
	for c := range 2 {
		for y := 0; y < 8; y += 2 {
			for x := 0; x < 8; x += 2 {
				sum := []float64{0.5, 1}[c]
				for in := range 3 {
					for dy := range 2 {
						for dx := range 2 {
							weight := float64((((c*3+in)*2+dy)*2+dx)%7) - 3
							sum += weight * float64(pixels[((y+dy)*8+x+dx)*3+in])
						}
					}
				}
				features[c] += max(sum, 0) / 16
			}
		}
	}
	return features
}

func TestEncoder_ComputesTheGraph(t *testing.T) {
	e := mustOpen(t, Tiny().Bytes())
	if e.Dim() != 2 || e.Layer() != "features" {
		t.Fatalf("layer %q has %d elements", e.Layer(), e.Dim())
	}
	want := tinyOracle(counting())
	for i, got := range run(t, e) {
		if math.Abs(float64(got)-want[i]) > 1e-5*math.Abs(want[i]) {
			t.Errorf("feature %d is %g, want %g", i, got, want[i])
		}
	}
}

func TestEncoder_GivesAnyLayer(t *testing.T) {
	f, err := parse(Tiny().Bytes(), "test.onnx")
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Encoder(8, 8, "positive")
	if err != nil {
		t.Fatal(err)
	}
	// Maps are averaged over their pixels, which the next operation of the graph does too.
	if got, want := run(t, e), tinyOracle(counting()); math.Abs(float64(got[1])-want[1]) > 1e-5*want[1] {
		t.Errorf("layer positive is %g, want %g", got, want)
	}

	var names []string
	for _, l := range e.Layers() {
		names = append(names, l.Name+" "+l.Shape)
	}
	if got := strings.Join(names, ", "); got != "maps 2x4x4, positive 2x4x4, means 2x1x1, features 2" {
		t.Errorf("layers are %s", got)
	}
	if _, err := f.Encoder(8, 8, "positiv"); !usage.Is(err) || !strings.Contains(err.Error(), `"positive"`) {
		t.Errorf("a misspelled layer gives %v", err)
	}
}

func TestEncoder_TakesTheSizeOfTheFile(t *testing.T) {
	f, err := parse(changed(func(m *Model) { m.Inputs[0] = Value("image", -1, 3, 8, 8) }), "test.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if h, w := f.Size(); h != 8 || w != 8 {
		t.Errorf("size is %dx%d", h, w)
	}
	if _, err := f.Encoder(16, 16, ""); usage.ArgumentOf(err) != "size" {
		t.Errorf("another size gives %v", err)
	}
}

// TestEncoder_ReversedPaddings has the expression that PyTorch writes for the paddings of a Pad.
func TestEncoder_ReversedPaddings(t *testing.T) {
	file := changed(func(m *Model) {
		m.Nodes[1] = Operation("Pad", []string{"maps", "pads"}, []string{"positive"})
		m.Nodes = append([][]byte{
			Operation("ConstantOfShape", []string{"two"}, []string{"rest"},
				TensorAttribute("value", Integers("", 0))),
			Operation("Concat", []string{"given", "rest"}, []string{"all"}, Integer("axis", 0)),
			Operation("Reshape", []string{"all", "pairs"}, []string{"paired"}),
			Operation("Slice", []string{"paired", "last", "first", "zero", "last"}, []string{"turned"}),
			Operation("Transpose", []string{"turned"}, []string{"sides"}, Ints("perm", 1, 0)),
			Operation("Reshape", []string{"sides", "last"}, []string{"flat"}),
			Operation("Cast", []string{"flat"}, []string{"pads"}, Integer("to", elementInt64)),
		}, m.Nodes...)
		m.Tensors = append(m.Tensors, Integers("two", 2), Integers("given", 0, 0, 0, 0, 3, 4), Integers("pairs", -1, 2),
			Integers("last", -1), Integers("first", -math.MaxInt64), Integers("zero", 0))
		m.Outputs = [][]byte{Value("positive", -1, -1, -1, -1)}
	})
	e := mustOpen(t, file)
	if got := e.Layers()[1].Shape; got != "9x4x4" { // 3 channels before, 4 after
		t.Fatalf("the padded maps are %s, want 9x4x4", got)
	}
	out := run(t, e)
	if out[2] != 0 || out[3] == 0 || out[4] == 0 || out[5] != 0 {
		t.Errorf("channels are padded as %v: 3 before and 4 after are to be 0", out)
	}
}

// TestEncoder_Pools has attributes that PyTorch writes and that change nothing, and strides of 1, ONNX's default.
func TestEncoder_Pools(t *testing.T) {
	pool := func(op string, attributes ...[]byte) string {
		e := mustOpen(t, changed(func(m *Model) {
			m.Nodes[1] = Operation(op, []string{"maps"}, []string{"positive"},
				append(attributes, Ints("kernel_shape", 2, 2))...)
		}))
		return e.Layers()[1].Shape
	}
	if got := pool("AveragePool", Integer("count_include_pad", 1), Ints("pads", 0, 0, 0, 0)); got != "2x3x3" {
		t.Errorf("average pooling gives %s, want 2x3x3", got)
	}
	if got := pool("MaxPool", Ints("dilations", 1, 1), Ints("strides", 2, 2)); got != "2x2x2" {
		t.Errorf("max pooling gives %s, want 2x2x2", got)
	}
}

func TestOpen_ReadsDataBeside(t *testing.T) {
	dir := t.TempDir()
	file := changed(func(m *Model) {
		m.Tensors[1] = External("bias", [][2]string{{"location", "weights"}, {"offset", "4"}, {"length", "8"}}, 2)
		m.Metadata = map[string]string{"sslx.mean": "0.5"}
	})
	data := []byte{1, 2, 3, 4, 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f} // 0.5 and 1 from byte 4 on
	for name, text := range map[string][]byte{"model.onnx": file, "weights": data} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	f, err := Open(filepath.Join(dir, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Encoder(8, 8, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := run(t, e), tinyOracle(counting()); math.Abs(float64(got[0])-want[0]) > 1e-5*want[0] {
		t.Errorf("features are %v, want %v", got, want)
	}
	if got := f.Metadata("sslx.mean"); got != "0.5" {
		t.Errorf("metadata are %q", got)
	}
	if _, err := Open(filepath.Join(dir, "absent.onnx")); !usage.Is(err) {
		t.Errorf("a missing file gives %v", err)
	}
}

// hostileFolder is a folder with a data file of 8 bytes and a link out of it.
func hostileFolder(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), make([]byte, 8), 0o644); err != nil {
		tb.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// TestOpen_RefusesHostileFiles allows each file 64 MiB, whatever it claims, and one sentence.
func TestOpen_RefusesHostileFiles(t *testing.T) {
	path := filepath.Join(hostileFolder(t), "model.onnx")
	for name, h := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := open(h.file, path)
		runtime.ReadMemStats(&after)

		if err == nil || !strings.Contains(err.Error(), h.want) {
			t.Errorf("%s: the error is %v, want one about %q", name, err, h.want)
		}
		if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 600) {
			t.Errorf("%s: the error is no sentence: %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d MiB were allocated", name, grown>>20)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, h := range hostile() {
		f.Add(h.file)
	}
	f.Add(Tiny().Bytes())
	path := filepath.Join(hostileFolder(f), "model.onnx")
	f.Fuzz(func(t *testing.T, file []byte) {
		e, err := open(file, path)
		if err == nil && e.Dim() < 0 {
			t.Errorf("an encoder of %d elements", e.Dim())
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %v", err)
		}
	})
}
