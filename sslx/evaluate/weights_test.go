package evaluate

import (
	"path/filepath"
	"testing"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
)

// tinyWeights writes a small ResNet-20 and returns the path.
func tinyWeights(t *testing.T) string {
	t.Helper()
	var all []safetensors.Tensor
	for _, tensor := range (encoder.CIFARResNet{Layers: 20, Width: 2}).Tensors(3) {
		values := safetensors.Tensor{Name: tensor.Name, Shape: tensor.Dims}
		size := 1
		for _, d := range tensor.Dims {
			size *= d
		}
		for i := range size {
			values.Values = append(values.Values, 0.1+float32(i%7)/10)
		}
		all = append(all, values)
	}
	path := filepath.Join(t.TempDir(), "tiny.safetensors")
	if err := safetensors.Write(path, all, map[string]string{"input_size": "[3, 32, 32]"}); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWeights_MeasuresAFileOnTheDataThatIsNamed(t *testing.T) {
	cached(t)
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 100, Test: 40})
	if err != nil {
		t.Fatal(err)
	}
	data := set.Path()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	path, half := tinyWeights(t), []float64{0.5, 0.5, 0.5}
	w, err := weights.Read(path, weights.Options{})
	if err != nil {
		t.Fatal(err)
	}

	opt := Options{Tasks: []string{"shape"}, Protocols: []string{ProtocolKNN}}
	for _, about := range []string{"mean", "std", "data"} {
		if _, err := Weights(ctx, path, opt); usage.ArgumentOf(err) != about {
			t.Errorf("without %s: %v", about, err)
		}
		switch about {
		case "mean":
			opt.Weights.Mean = half
		case "std":
			opt.Weights.Std = half
		}
	}
	opt.Data = data
	results, err := Weights(ctx, path, opt)
	if err != nil || len(results) != 1 {
		t.Fatalf("got %+v (%v)", results, err)
	}
	r := results[0]
	if r.Model != "tiny.safetensors" || r.Run != r.Model || r.Weights != w.Fingerprint || r.Task != "factors/shape" {
		t.Errorf("got %+v", r)
	}
}
