package weights_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
)

// tiny is a network whose files are small.
var tiny = encoder.ResNet{Layers: 18, Width: 2, Stem: encoder.StemCIFAR}

// values returns the tensors of a network, each element another number that float16 and bfloat16 have too.
func values(e encoder.Portable) (all []safetensors.Tensor) {
	n := 0
	for _, t := range e.Tensors(3) {
		size := 1
		for _, d := range t.Dims {
			size *= d
		}
		tensor := safetensors.Tensor{Name: t.Name, Shape: t.Dims}
		for range size {
			n = (n + 1) % 128
			tensor.Values = append(tensor.Values, float32(n)/64)
		}
		all = append(all, tensor)
	}
	return all
}

// written writes tensors to a file and returns its path.
func written(t *testing.T, all []safetensors.Tensor, metadata map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.safetensors")
	if err := safetensors.Write(path, all, metadata); err != nil {
		t.Fatal(err)
	}
	return path
}

// renamed returns the tensors with other names.
func renamed(all []safetensors.Tensor, name func(string) string) (other []safetensors.Tensor) {
	for _, t := range all {
		t.Name = name(t.Name)
		other = append(other, t)
	}
	return other
}

func prefixed(all []safetensors.Tensor, prefix string) []safetensors.Tensor {
	return renamed(all, func(name string) string { return prefix + name })
}

func TestRead_FindsTheEncoderBelowAPrefix(t *testing.T) {
	one := func(name string) safetensors.Tensor {
		return safetensors.Tensor{Name: name, Shape: []int{1}, Values: []float32{1}}
	}
	own := values(tiny)
	sequential := strings.NewReplacer("conv1.weight", "0.weight", "bn1.", "1.")
	children := func(first int) func(string) string {
		return func(name string) string {
			stage, rest, ok := strings.Cut(strings.TrimPrefix(name, "layer"), ".")
			if !ok || !strings.HasPrefix(name, "layer") {
				return "backbone." + sequential.Replace(name)
			}
			if first == 2 {
				rest = strings.Replace(rest, "downsample", "shortcut", 1)
			}
			return fmt.Sprintf("backbone.%d.%s", int(stage[0]-'1')+first, rest)
		}
	}
	for what, c := range map[string]struct {
		tensors []safetensors.Tensor
		prefix  string
		left    []string
	}{
		"torchvision": {append(own, one("fc.weight"), one("fc.bias"), one("bn1.num_batches_tracked")), "",
			[]string{"bn1.num_batches_tracked", "fc.bias", "fc.weight"}},
		"module": {prefixed(own, "module."), "module.", nil},
		"encoder": {append(prefixed(own, "encoder."), one("projector.0.weight")), "encoder.",
			[]string{"projector.0.weight"}},
		"MoCo": {append(prefixed(own, "module.encoder_q."), one("module.queue"), one("module.encoder_k.conv1.weight"),
			one("module.encoder_q.fc.0.weight")), "module.encoder_q.",
			[]string{"module.encoder_k.conv1.weight", "module.encoder_q.fc.0.weight", "module.queue"}},
		"student and teacher": {append(prefixed(own, "teacher.backbone."), prefixed(own, "student.backbone.")...),
			"student.backbone.", names(prefixed(own, "teacher.backbone."))},
		"lightly with torchvision's": {append(renamed(own, children(4)), one("projection_head.layers.0.weight")),
			"backbone.",
			[]string{"projection_head.layers.0.weight"}},
		"lightly with its own": {renamed(own, children(2)), "backbone.", nil},
	} {
		w, err := weights.Read(written(t, c.tensors, nil), weights.Options{})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if w.Encoder != tiny || w.Prefix != c.prefix || w.Name != "some" || len(w.Fingerprint) != 64 {
			t.Errorf("%s: %+v below %q", what, w.Encoder, w.Prefix)
		}
		if !reflect.DeepEqual(w.LeftOut, c.left) {
			t.Errorf("%s: left out %v", what, w.LeftOut)
		}
		if !reflect.DeepEqual(floats(w), floats(read(t, own))) {
			t.Errorf("%s: other values", what)
		}
	}
}

func names(all []safetensors.Tensor) (list []string) {
	for _, t := range all {
		list = append(list, t.Name)
	}
	return sorted(list)
}

// read reads a file of tensors.
func read(t *testing.T, all []safetensors.Tensor) *weights.Weights {
	t.Helper()
	w, err := weights.Read(written(t, all, nil), weights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// floats returns all values of an encoder.
func floats(w *weights.Weights) map[string][]float32 {
	all := map[string][]float32{}
	for path, value := range w.Values {
		all[path] = tensors.MustCopyFlatData[float32](value)
	}
	return all
}

func TestRead_ReadsHalfPrecision(t *testing.T) {
	for dtype, bits := range map[string]func(float32) uint16{
		"BF16": func(v float32) uint16 { return uint16(math.Float32bits(v) >> 16) },
		"F16":  half,
	} {
		text, err := os.ReadFile(written(t, values(tiny), nil))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "half.safetensors")
		if err := os.WriteFile(path, narrowed(t, text, dtype, bits), 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := weights.Read(path, weights.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(floats(w), floats(read(t, values(tiny)))) {
			t.Errorf("%s: other values", dtype)
		}
	}
}

func TestRead_ListsWhatIsWrong(t *testing.T) {
	own := values(tiny)
	without := append([]safetensors.Tensor{}, own[1:]...)
	misshapen := append([]safetensors.Tensor{}, own...)
	misshapen[5].Shape = []int{2, 2, 9, 1}
	for what, c := range map[string]struct {
		tensors []safetensors.Tensor
		want    string
	}{
		"missing": {without[4:], "missing: bn1.weight [2], bn1.bias [2], bn1.running_mean [2], bn1.running_var [2]"},
		"unknown": {append(own, safetensors.Tensor{Name: "layer1.0.se.weight", Shape: []int{1}, Values: []float32{1}}),
			"not of this network: layer1.0.se.weight"},
		"shape": {misshapen, "of another shape: layer1.0.conv1.weight has shape [2 2 9 1] and not [2 2 3 3]"},
		"other": {[]safetensors.Tensor{{Name: "wte.weight", Shape: []int{1}, Values: []float32{1}}},
			"the network is not known from its 1 tensors (wte.weight)"},
	} {
		tensors := c.tensors
		if what == "missing" {
			tensors = append(tensors, own[0])
		}
		_, err := weights.Read(written(t, tensors, nil), weights.Options{})
		if !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestRead_AsksForTheInput(t *testing.T) {
	three := []float64{0.5, 0.5, 0.5}
	metadata := map[string]string{"input_size": "[3, 24, 24]", "mean": "[0.1, 0.2, 0.3]", "std": "[0.2, 0.2, 0.2]"}
	for _, c := range []struct {
		metadata map[string]string
		opt      weights.Options
		about    string
	}{
		{nil, weights.Options{}, "size"},
		{nil, weights.Options{Size: 32}, "mean"},
		{nil, weights.Options{Size: 32, Mean: three}, "std"},
		{nil, weights.Options{Size: 32, Mean: three, Std: three}, ""},
		{metadata, weights.Options{}, ""},
	} {
		w, err := weights.Read(written(t, values(tiny), c.metadata), c.opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Complete(); usage.ArgumentOf(err) != c.about {
			t.Errorf("%+v: %v", c.opt, err)
		}
	}

	path := written(t, values(tiny), metadata)
	w, err := weights.Read(path, weights.Options{Size: 48})
	want := weights.Input{Channels: 3, Size: 48, Mean: []float64{0.1, 0.2, 0.3}, Std: []float64{0.2, 0.2, 0.2}}
	if err != nil || !reflect.DeepEqual(w.Input, want) {
		t.Errorf("the input is %+v (%v)", w.Input, err)
	}
	for about, opt := range map[string]weights.Options{"size": {Size: -1}, "mean": {Mean: []float64{1, 2}},
		"std": {Std: []float64{0, 1, 1}}} {
		if _, err := weights.Read(path, opt); usage.ArgumentOf(err) != about {
			t.Errorf("%s: %v", about, err)
		}
	}
}

// FuzzRead reads files whose tensors have names and shapes of networks, and metadata that name one. It allocates little
// more than the file is long, and an error is one line.
func FuzzRead(f *testing.F) {
	f.Add(`{"name":"resnet18","width":2,"stem":"cifar"}`, "conv1.weight layer1.0.conv1.weight bn1.bias", 2, 3)
	f.Add(`{"name":"vit-tiny","patch":4,"image_size":1048576}`, "patch_embed.proj.weight blocks.0.attn.qkv.weight", 192, 4)
	f.Add("", "module.layer1.0.conv1.weight module.layer99.0.conv3.weight", 1<<20, 1)
	f.Add("", "patch_embed.proj.weight blocks.0.attn.qkv.weight pos_embed cls_token", 384, 0)
	f.Fuzz(func(t *testing.T, metadata, names string, a, b int) {
		var all []safetensors.Tensor
		listed := map[string]bool{}
		for _, name := range strings.Fields(names) {
			// An empty tensor may have any dimensions.
			if !listed[name] && len(all) < 64 && a >= 0 && b >= 0 && a < 1<<30 && b < 1<<30 {
				all = append(all, safetensors.Tensor{Name: name, Shape: []int{a, 3, b, 0}})
			}
			listed[name] = true
		}
		path := filepath.Join(t.TempDir(), "some.safetensors")
		if err := safetensors.Write(path, all, map[string]string{"sslx_encoder": metadata}); err != nil {
			return
		}

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := weights.Read(path, weights.Options{})
		runtime.ReadMemStats(&after)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %v", err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%d MiB were allocated", grown>>20)
		}
	})
}
