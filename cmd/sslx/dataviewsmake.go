package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/augment"
)

// describedViews makes views of all images, each at their size, and describes them: one list a view.
func describedViews(b compute.Backend, views augment.Views, pixels []byte, height, width int,
	seed uint64) ([][]plots.Captioned, error) {
	n := len(pixels) / (height * width * 3)
	made := make([]viewMaker, len(views))
	exec, err := NewExec(b, func(pixels, samples, stream *Node) (outputs []*Node) {
		for i, view := range views {
			view.Size, view.SizeShare = 0, 0
			made[i].pipeline = view.Pipeline(height, width)
			key := augment.Key{Stream: stream, Samples: samples, View: i}
			outputs = append(outputs, made[i].build(augment.FromBytes(pixels), key)...)
		}
		return outputs
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	samples := make([]uint32, n)
	for i := range samples {
		samples[i] = uint32(i)
	}
	images := tensors.FromFlatDataAndDimensions(pixels, n, height, width, 3)
	outputs, err := exec.Call(images, samples, augment.Stream(seed, 0))
	if err != nil {
		return nil, fmt.Errorf("cannot make the views: %w", err)
	}
	columns := make([][]plots.Captioned, len(views))
	for i := range made {
		columns[i] = made[i].read(outputs[:1+len(made[i].names)], n)
		outputs = outputs[1+len(made[i].names):]
	}
	return columns, nil
}

// viewMaker makes one view of each image and keeps the names of its parameters.
type viewMaker struct {
	pipeline augment.Pipeline
	names    []parameter
}

// parameter names a parameter of the operation at a position.
type parameter struct {
	operation int
	name      string
}

// build returns the views as bytes, and the parameters.
func (m *viewMaker) build(images *Node, key augment.Key) []*Node {
	view := m.pipeline.Make(images, key)
	unit := MinScalar(MaxScalar(view.Images, 0.0), 1.0)
	outputs := []*Node{ConvertDType(Round(MulScalar(unit, 255.0)), dtypes.Uint8)}
	for i, params := range view.Params {
		for _, name := range slices.Sorted(maps.Keys(params)) {
			m.names = append(m.names, parameter{i, name})
			outputs = append(outputs, params[name])
		}
	}
	return outputs
}

// read returns the views of n images from what the program gave.
func (m *viewMaker) read(outputs []*tensors.Tensor, n int) []plots.Captioned {
	pixels := tensors.MustCopyFlatData[byte](outputs[0])
	values := make([][]float32, len(m.names))
	for i, output := range outputs[1:] {
		values[i] = tensors.MustCopyFlatData[float32](output)
	}
	views := make([]plots.Captioned, n)
	for i := range views {
		drawn := make([]map[string]float32, len(m.pipeline))
		for k, p := range m.names {
			if drawn[p.operation] == nil {
				drawn[p.operation] = map[string]float32{}
			}
			if len(values[k]) == n { // one number an image
				drawn[p.operation][p.name] = values[k][i]
			}
		}
		size := len(pixels) / n
		views[i].Pixels = pixels[i*size : (i+1)*size]
		for k, op := range m.pipeline {
			if text := caption(op, drawn[k]); text != "" {
				views[i].Caption = append(views[i].Caption, text)
			}
		}
	}
	return views
}

// deciders are the parameters that decide whether an operation applies: where they are below its Probability.
var deciders = []string{"applied", "blurred", "erased", "flipped", "gray", "jittered", "posterized", "solarized"}

// caption names an operation and its parameters for one image; it is "" where the operation did not apply.
func caption(op augment.Operation, drawn map[string]float32) string {
	probability := reflect.Indirect(reflect.ValueOf(op)).FieldByName("Probability")
	text := []string{op.Name()}
	for _, name := range slices.Sorted(maps.Keys(drawn)) {
		switch decides := probability.IsValid() && slices.Contains(deciders, name); {
		case decides && float64(drawn[name]) >= probability.Float():
			return ""
		case !decides:
			text = append(text, fmt.Sprintf("%s\u00a0%.3g", name, drawn[name])) // not broken over lines
		}
	}
	return strings.Join(text, " ")
}
