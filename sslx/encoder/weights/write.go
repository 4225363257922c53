package weights

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Write writes an encoder to a file of safetensors. An [encoder.Portable] gets the names of torchvision or timm, in
// which those load it; any other the paths of its variables. The metadata have the encoder and its input. The file is
// whole or absent. Read reads it back.
func Write(path string, w *Weights) error {
	metadata, err := w.metadata()
	if err != nil {
		return err
	}
	// PyTorch's readers ask for this key.
	metadata[formatKey] = "pt"

	var all []safetensors.Tensor
	if p, ok := w.Encoder.(encoder.Portable); ok {
		// Other libraries keep the axes of a kernel in another order: Export permutes them.
		for _, t := range p.Tensors(w.Input.Channels) {
			values, err := w.values(t.Variable)
			if err != nil {
				return err
			}
			all = append(all, safetensors.Tensor{Name: t.Name, Shape: t.Dims, Values: t.Export(values)})
		}
	} else {
		// Sorted, so that the same encoder gives the same file.
		for _, name := range slices.Sorted(maps.Keys(w.Values)) {
			values, err := w.values(name)
			if err != nil {
				return err
			}
			all = append(all, safetensors.Tensor{Name: name, Shape: w.Values[name].Shape().Dimensions, Values: values})
		}
	}
	return safetensors.Write(path, all, metadata)
}

// values returns the values of a variable of the encoder.
func (w *Weights) values(path string) ([]float32, error) {
	value := w.Values[path]
	if value == nil {
		return nil, usage.Errorf("the encoder %s has no variable %s, which other libraries need: it was trained with "+
			"another normalization than theirs", encoder.NameOf(w.Encoder), path)
	}
	return tensors.CopyFlatData[float32](value)
}

// metadata returns what a file says of the encoder and its input.
func (w *Weights) metadata() (map[string]string, error) {
	text, err := encoder.EncodeJSON(w.Encoder)
	if err != nil {
		return nil, err
	}
	m := map[string]string{encoderKey: string(text)}
	in := w.Input
	if in.Size > 0 {
		m[inputSizeKey] = numbers([]int{in.Channels, in.Size, in.Size})
	}
	if in.Mean != nil {
		m[meanKey] = numbers(in.Mean)
	}
	if in.Std != nil {
		m[stdKey] = numbers(in.Std)
	}
	return m, nil
}

// numbers returns a list of numbers in JSON.
func numbers[T any](list []T) string {
	text, _ := json.Marshal(list) // numbers are finite
	return string(text)
}
