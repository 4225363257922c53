package embedding

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
)

// resnet20 opens the ResNet-20 for CIFAR-10 from the folder weights next to $SSLX_DATA, and skips the test where it is
// not there.
func resnet20(tb testing.TB, ending, backend string) *Model {
	tb.Helper()
	path := filepath.Join(os.Getenv("SSLX_DATA"), "..", "weights", "resnet20-cifar10"+ending)
	if _, err := os.Stat(path); os.Getenv("SSLX_DATA") == "" || err != nil {
		tb.Skip("there is no ../weights/resnet20-cifar10" + ending + " next to SSLX_DATA")
	}
	m, err := Load(context.Background(), path, Options{Size: 32, Mean: []float64{0.485, 0.456, 0.406},
		Std: []float64{0.229, 0.224, 0.225}, Backend: backend})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Close() })
	return m
}

// TestModel_ResNet20OfONNXPredictsAsInPyTorch compares the predictions of the ONNX file with those that PyTorch has on
// the same images, and counts how many are right: its authors state 91.73 %. It takes half a minute, and is run where
// $SSLX_SLOW is set.
func TestModel_ResNet20OfONNXPredictsAsInPyTorch(t *testing.T) {
	if os.Getenv("SSLX_SLOW") == "" {
		t.Skip("SSLX_SLOW is not set")
	}
	m := resnet20(t, ".onnx", "xla:cpu")
	set, err := dataset.Locate(t.Context(), "cifar10", dataset.LocateOptions{})
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = set.Close() }()
	test, err := set.Split("test")
	if err != nil {
		t.Fatal(err)
	}
	labels, err := test.Labels("class")
	if err != nil {
		t.Fatal(err)
	}
	logits, err := m.EmbedImages(t.Context(), test.Images)
	if err != nil {
		t.Fatal(err)
	}

	predicted, right := strings.Builder{}, 0
	for i := range logits.N {
		row, best := logits.Row(i), 0
		for class, v := range row {
			if v > row[best] {
				best = class
			}
		}
		predicted.WriteByte('0' + byte(best))
		if int32(best) == labels[i] {
			right++
		}
	}
	if right != 9173 {
		t.Errorf("%d of %d are right, want 9173", right, logits.N)
	}
	want, err := os.ReadFile("../encoder/weights/testdata/resnet20-cifar10.txt")
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(want), "\n", "") != predicted.String() {
		t.Error("the predictions are not those of PyTorch")
	}
}

// BenchmarkModel_EmbedOne embeds one image of 32x32 in pure Go.
func BenchmarkModel_EmbedOne(b *testing.B) {
	for _, ending := range []string{".safetensors", ".onnx"} {
		b.Run(ending[1:], func(b *testing.B) {
			m := resnet20(b, ending, "go")
			images := dataset.Images{Pixels: make([]byte, 32*32*3), N: 1, Height: 32, Width: 32}
			for b.Loop() {
				if _, err := m.EmbedImages(b.Context(), images); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
