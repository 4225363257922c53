package onnx

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder/weights"
)

// Ending is the ending of the names of ONNX files.
const Ending = ".onnx"

// IsFile reports whether a path names an ONNX file, by its ending.
func IsFile(path string) bool { return strings.EqualFold(filepath.Ext(path), Ending) }

// Keys of the metadata that say what images an encoder takes: timm's, with values in JSON.
const (
	SizeKey = "input_size" // [channels, height, width]
	MeanKey = "mean"       // by channel, on [0, 1]
	StdKey  = "std"
)

// Weights returns the encoder that computes the value called layer, "" for the first output of the graph, as package
// weights has those of other files. Size and normalization are those of the options, or else of the file: of its input
// and its metadata. What neither says is a usage error that asks for it: nothing is guessed.
func (f *File) Weights(layer string, opt weights.Options) (*weights.Weights, error) {
	if opt.Encoder != nil {
		return nil, usage.Errorf("ONNX file %s holds its network: name no other", f.path)
	}
	w := &weights.Weights{
		Path:        f.path,
		Name:        strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path)),
		Fingerprint: f.sum,
	}
	if err := f.input(&w.Input); err != nil {
		return nil, err
	}
	if err := w.Input.Apply(opt); err != nil {
		return nil, err
	}
	if err := w.Complete(); err != nil {
		return nil, err
	}

	e, err := f.Encoder(w.Input.Size, w.Input.Size, layer)
	if err != nil {
		return nil, err
	}
	w.Encoder, w.Values = e, e.values
	if layer != "" {
		// Each layer is an encoder of its own to whatever caches or compares features.
		w.Fingerprint += "@" + layer
	}
	return w, nil
}

// input sets what the file says of its images.
func (f *File) input(in *weights.Input) error {
	var size []int
	for _, entry := range []struct {
		key  string
		into any
	}{{SizeKey, &size}, {MeanKey, &in.Mean}, {StdKey, &in.Std}} {
		text := f.Metadata(entry.key)
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), entry.into); err != nil {
			return fmt.Errorf("the metadata %s of ONNX file %s are no list of numbers: %.60q", entry.key, f.path, text)
		}
	}

	height, width := f.Size()
	// What the graph demands counts more than what the metadata say.
	if len(size) == 3 && height == 0 && width == 0 {
		height, width = size[1], size[2]
	}
	if height != width {
		return fmt.Errorf("ONNX file %s takes images of %dx%d, and only square ones can be given", f.path, height,
			width)
	}
	in.Channels, in.Size = 3, height
	return nil
}
