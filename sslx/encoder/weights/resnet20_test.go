package weights_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
)

func TestMain(m *testing.M) {
	if os.Getenv("SSLX_PYTHON") != "" {
		testbackend.Unoptimized() // large networks for four images
	}
	testbackend.Main(m)
}

// resnet20 returns the path of the ResNet-20 for CIFAR-10, and the test split of CIFAR-10. The test is skipped where
// one of them is not.
func resnet20(t *testing.T) (path string, test *dataset.Split) {
	t.Helper()
	data := os.Getenv("SSLX_DATA")
	path = filepath.Join(data, "..", "weights", "resnet20-cifar10.safetensors")
	if _, err := os.Stat(path); data == "" || err != nil {
		t.Skip("there is no weights/resnet20-cifar10.safetensors next to the folder SSLX_DATA")
	}
	set, err := dataset.Locate(context.Background(), "cifar10", dataset.LocateOptions{Warn: func(string) {}})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	if test, err = set.Split("test"); err != nil {
		t.Fatal(err)
	}
	return path, test
}

// The network of github.com/akamaster/pytorch_resnet_cifar10, whose authors state 91.73 %, predicts what it predicts in
// PyTorch (testdata/predictions.py).
func TestRead_ResNet20PredictsAsInPyTorch(t *testing.T) {
	path, test := resnet20(t)
	w, err := weights.Read(path, weights.Options{Size: 32, Mean: []float64{0.485, 0.456, 0.406},
		Std: []float64{0.229, 0.224, 0.225}})
	if err != nil {
		t.Fatal(err)
	}
	if w.Encoder != (encoder.CIFARResNet{Layers: 20, Width: 16}) {
		t.Fatalf("the encoder is %+v", w.Encoder)
	}
	n, err := pretrain.LoadWeights(testbackend.Open(t), w, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()

	// All images take half a minute of a core; every twentieth is looked at otherwise.
	var some []int
	for i := 0; i < test.N; i++ {
		if os.Getenv("SSLX_TEST_ALL") != "" || i%20 == 0 {
			some = append(some, i)
		}
	}
	features, err := n.Features(context.Background(), test.Pick(some), nil)
	if err != nil {
		t.Fatal(err)
	}

	// The classifier is not the encoder's: [10, 64] and [10].
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	kernel, err := file.Floats("linear.weight")
	if err != nil {
		t.Fatal(err)
	}
	bias, err := file.Floats("linear.bias")
	if err != nil {
		t.Fatal(err)
	}
	labels, err := test.Labels("class")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/resnet20-cifar10.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden = bytes.ReplaceAll(golden, []byte("\n"), nil)
	right, want := 0, 0
	for i, image := range some {
		predicted := byte(0)
		best := float32(0)
		for class := range 10 {
			logit := bias[class]
			for j, x := range features[0][i*64 : (i+1)*64] {
				logit += x * kernel[class*64+j]
			}
			if class == 0 || logit > best {
				best, predicted = logit, '0'+byte(class)
			}
		}
		if predicted != golden[image] {
			t.Errorf("image %d is of class %c, and of %c by PyTorch", image, predicted, golden[image])
		}

		label := '0' + byte(labels[image])
		if predicted == label {
			right++
		}
		if golden[image] == label {
			want++
		}
	}
	if len(some) == test.N && want != 9173 || right != want {
		t.Errorf("%d of %d are right, and %d by PyTorch", right, len(some), want)
	}
}
