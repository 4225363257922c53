package weights_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
)

// filled returns an encoder with the values of the formula, for images of a size.
func filled(e encoder.Portable, size int) *weights.Weights {
	half := []float64{0.5, 0.5, 0.5}
	w := &weights.Weights{Encoder: e, Values: map[string]*tensors.Tensor{},
		Input: weights.Input{Channels: 3, Size: size, Mean: half, Std: half}}
	for _, t := range e.Tensors(3) {
		w.Values[t.Variable] = tensors.FromFlatDataAndDimensions(t.Import(formula(t).Values), t.Shape...)
	}
	return w
}

func TestWrite_IsReadBack(t *testing.T) {
	for _, e := range []encoder.Portable{tiny, encoder.CIFARResNet{Layers: 20, Width: 2},
		encoder.ViT{Kind: "tiny", Patch: 16, ImageSize: 32, Pool: encoder.PoolMean, Positions: encoder.PositionsSine}} {
		w := filled(e, 32)
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := weights.Write(path, w); err != nil {
			t.Fatal(err)
		}
		back, err := weights.Read(path, weights.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if back.Encoder != w.Encoder || !reflect.DeepEqual(back.Input, w.Input) || len(back.LeftOut) > 0 {
			t.Errorf("%+v with input %+v is read as %+v with %+v", w.Encoder, w.Input, back.Encoder, back.Input)
		}
		if !reflect.DeepEqual(floats(back), floats(w)) {
			t.Errorf("%s: other values", encoder.NameOf(e))
		}
	}
}

// An encoder that no library knows is written with its own names.
func TestWrite_OfAnEncoderWithoutForeignNames(t *testing.T) {
	w := &weights.Weights{Encoder: encoder.ConvNet{Width: 2}, Values: map[string]*tensors.Tensor{
		"stem/kernel": tensors.FromFlatDataAndDimensions(make([]float32, 4*4*3*2), 4, 4, 3, 2)},
		Input: weights.Input{Channels: 3, Size: 32}}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := weights.Write(path, w); err != nil {
		t.Fatal(err)
	}
	back, err := weights.Read(path, weights.Options{})
	if err != nil || back.Encoder != w.Encoder || !reflect.DeepEqual(floats(back), floats(w)) {
		t.Errorf("read as %+v (%v)", back, err)
	}
	if err := weights.WriteONNX(path, w); usage.ArgumentOf(err) != "mean" {
		t.Errorf("ONNX without a normalization: %v", err)
	}
}

// convNet is a ConvNet with the names of its own variables, so that the formula gives it values.
func convNet(t *testing.T, e encoder.ConvNet, size int) *weights.Weights {
	t.Helper()
	store := model.NewStore()
	defer store.Finalize()
	g := NewGraph(testbackend.Open(t), "convnet")
	defer g.Finalize()
	e.Build(store.RootScope(), Const(g, imagesOf(size)), encoder.Eval)

	w := filled(tiny, size)
	w.Encoder, w.Values = e, map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		dims := v.Shape().Dimensions
		name := v.Path()
		if len(dims) > 1 {
			name += ".weight"
		}
		values := formula(encoder.Tensor{Name: name, Dims: dims}).Values
		for i := range values {
			if len(dims) == 1 {
				values[i] += 1 // scales and variances are positive
			}
		}
		w.Values[v.Path()[1:]] = tensors.FromFlatDataAndDimensions(values, dims...)
	}
	return w
}

// What is written computes the same in torchvision, timm and onnxruntime. scripts/roundtrip runs this test.
func TestWrite_ComputesTheSameInOtherPrograms(t *testing.T) {
	python := os.Getenv("SSLX_PYTHON")
	if python == "" {
		t.Skip("scripts/roundtrip runs this test: it needs PyTorch, torchvision, timm and onnxruntime")
	}

	type file struct {
		Model    string    `json:"model"`
		Features []float32 `json:"features"`
	}
	const size = 40
	timm := fmt.Sprintf("vit_tiny_patch16_224/8/%d", size)
	dir, files := t.TempDir(), map[string]file{}
	sine := vit(encoder.PoolToken)
	sine.Positions = encoder.PositionsSine
	for name, c := range map[string]struct {
		w     *weights.Weights
		model string
	}{
		"resnet18":          {filled(networks["resnet18"], size), "resnet18"},
		"resnet50":          {filled(networks["resnet50"], size), "resnet50"},
		"resnet18-cifar":    {filled(encoder.ResNet{Layers: 18, Width: 8, Stem: encoder.StemCIFAR}, size), ""},
		"resnet20":          {filled(encoder.CIFARResNet{Layers: 20, Width: 16}, size), ""},
		"convnet":           {convNet(t, encoder.ConvNet{Width: 8}, size), ""},
		"convnet-wide":      {convNet(t, encoder.ConvNet{Width: 8, Features: 96}, size), ""},
		"vit-tiny-8":        {filled(withSize(vit(encoder.PoolToken), size), size), timm},
		"vit-tiny-8-mean":   {filled(withSize(vit(encoder.PoolMean), size), size), timm + "/mean"},
		"vit-tiny-8-sine":   {filled(sine, size), ""},
		"vit-tiny-8-larger": {filled(vit(encoder.PoolToken), size), ""},
	} {
		features := computed(t, c.w, size)
		onnx := filepath.Join(dir, name+".onnx")
		if err := weights.WriteONNX(onnx, c.w); err != nil {
			t.Fatal(err)
		}
		files[onnx] = file{Features: features}
		if c.model != "" {
			path := filepath.Join(dir, name+weights.Ending)
			if err := weights.Write(path, c.w); err != nil {
				t.Fatal(err)
			}
			files[path] = file{c.model, features}
		}
	}

	request, err := json.Marshal(map[string]any{
		"images": uniform4(size),
		"shape":  []int{4, 3, size, size},
		"files":  files,
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "testdata/roundtrip.py")
	command.Stdin = bytes.NewReader(request)
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

func withSize(v encoder.ViT, size int) encoder.ViT {
	v.ImageSize = size
	return v
}

// uniform4 are the images of imagesOf, channels first.
func uniform4(size int) []float32 {
	planes := uniform("images", 4*3*size*size)
	for i, u := range planes {
		planes[i] = u*4 - 2
	}
	return planes
}

// computed returns the features of the images.
func computed(t *testing.T, w *weights.Weights, size int) []float32 {
	t.Helper()
	store := model.NewStore()
	defer store.Finalize()
	images := imagesOf(size)
	exec, err := model.NewExec(testbackend.Open(t), store, func(scope *model.Scope, images *Node) *Node {
		return w.Encoder.Build(scope, images, encoder.Eval)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	if _, err := exec.Compile(images.Shape()); err != nil {
		t.Fatal(err)
	}
	for v := range store.IterVariables() {
		clone, err := w.Values[v.Path()[1:]].LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.SetValue(clone); err != nil {
			t.Fatal(err)
		}
	}
	outputs, err := exec.Call(images)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](outputs[0])
}
