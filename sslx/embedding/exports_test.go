package embedding

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
)

// TestModel_EmbedsWhatPyTorchExports compares networks of torchvision and timm, exported as ONNX by both of PyTorch's
// exporters and as safetensors, with what they compute there. scripts/roundtrip runs it.
func TestModel_EmbedsWhatPyTorchExports(t *testing.T) {
	python := os.Getenv("SSLX_PYTHON")
	if python == "" {
		t.Skip("scripts/roundtrip runs this test: it needs PyTorch, torchvision and timm")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, "../encoder/weights/testdata/exports.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("exports.py: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string]struct {
		Size     int
		Features [][]float64
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}

	for _, file := range slices.Sorted(maps.Keys(expected)) {
		t.Run(file, func(t *testing.T) {
			want := expected[file]
			m := load(t, filepath.Join(dir, file), Options{Size: want.Size, Mean: []float64{0.5, 0.5, 0.5},
				Std: []float64{0.25, 0.25, 0.25}})
			pixels, err := os.ReadFile(filepath.Join(dir, "images-"+strconv.Itoa(want.Size)))
			if err != nil {
				t.Fatal(err)
			}
			f, err := m.EmbedImages(t.Context(), dataset.Images{Pixels: pixels, N: len(want.Features),
				Height: want.Size, Width: want.Size})
			if err != nil {
				t.Fatal(err)
			}

			largest, worst := 0.0, 0.0
			for i, row := range want.Features {
				for j, v := range row {
					largest, worst = max(largest, math.Abs(v)), max(worst, math.Abs(v-float64(f.Row(i)[j])))
				}
			}
			t.Logf("features differ by %.1e of the largest", worst/largest)
			if !(worst <= 1e-4*largest) || f.D != len(want.Features[0]) {
				t.Errorf("features differ by %.1e of the largest, more than 1e-4", worst/largest)
			}
		})
	}
}
