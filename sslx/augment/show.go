package augment

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/gotype"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/dataset"
)

// Shown is one view of some images, with what was done to each.
type Shown struct {
	dataset.Images
	Words [][]string // for each image, the operations that changed it ([Describe])
}

// Show returns the views that training with a seed makes of some of its images in its first epochs: for each epoch one
// set of images for each view, the first epoch first. samples are the indices of those images, such as
// [dataset.Images.Spread] chooses them; nil stands for all images. The views have the size of the images, whatever
// their size in training, so that they can be shown side by side.
func (v Views) Show(b compute.Backend, images dataset.Images, samples []int, seed uint64,
	epochs int) ([]dataset.Images, error) {
	return v.ofEpochs(b, images, samples, seed, epochs, Config.ofSize)
}

// Sample is [Views.Show] for all images with views of their own sizes, as an encoder sees them in training, but
// rounded to bytes.
func (v Views) Sample(b compute.Backend, images dataset.Images, seed uint64, epochs int) ([]dataset.Images, error) {
	return v.ofEpochs(b, images, nil, seed, epochs, Config.Pipeline)
}

// ofEpochs makes the views of some epochs, each by its pipeline for the size of the images.
func (v Views) ofEpochs(b compute.Backend, images dataset.Images, samples []int, seed uint64, epochs int,
	pipeline func(c Config, height, width int) Pipeline) ([]dataset.Images, error) {
	s, err := newViewProgram(b, v, images, samples, pipeline, false)
	if err != nil {
		return nil, err
	}
	defer s.exec.Finalize()

	var shown []dataset.Images
	for epoch := range epochs {
		views, err := s.run(seed, epoch)
		if err != nil {
			return nil, err
		}
		for _, view := range views {
			shown = append(shown, view.Images)
		}
	}
	return shown, nil
}

// ShowWords is [Views.Show] for the first epoch, with what was done to each image.
func (v Views) ShowWords(b compute.Backend, images dataset.Images, samples []int, seed uint64) ([]Shown, error) {
	s, err := newViewProgram(b, v, images, samples, Config.ofSize, true)
	if err != nil {
		return nil, err
	}
	defer s.exec.Finalize()
	return s.run(seed, 0)
}

// viewProgram is the compiled program that makes views of images.
type viewProgram struct {
	images     dataset.Images
	samples    []uint32 // the index of each image in training, which its random numbers depend on
	exec       *Exec
	pipelines  []Pipeline
	parameters [][]drawnParameter // for each view, what the program returns after its pixels
}

// drawnParameter names a parameter of the operation at a position of a pipeline.
type drawnParameter struct {
	operation int
	name      string
}

// newViewProgram returns the program. It returns parameters only when they are asked for: a program with other outputs
// may round the last bit of a pixel differently.
func newViewProgram(b compute.Backend, views Views, images dataset.Images, samples []int,
	pipeline func(c Config, height, width int) Pipeline, words bool) (*viewProgram, error) {
	if err := views.TakesChannels(images.Depth()); err != nil {
		return nil, err
	}
	if samples == nil {
		samples = images.Spread(images.N)
	} else {
		images = images.Pick(samples)
	}
	s := &viewProgram{images: images, parameters: make([][]drawnParameter, len(views))}
	for _, i := range samples {
		s.samples = append(s.samples, uint32(i))
	}
	for _, view := range views {
		s.pipelines = append(s.pipelines, pipeline(view, images.Height, images.Width))
	}

	var err error
	s.exec, err = NewExec(b, func(pixels, samples, stream *Node) (outputs []*Node) {
		for i, pipeline := range s.pipelines {
			// The keys of training, so that these are its views and no others.
			key := Key{Stream: stream, Samples: samples, View: i}
			view := pipeline.Make(pixels, key)
			outputs = append(outputs, toBytes(view.Images))
			if !words {
				continue
			}

			// The graph may be built again, for another number of images.
			s.parameters[i] = nil
			for k, params := range view.Params {
				for _, name := range slices.Sorted(maps.Keys(params)) {
					s.parameters[i] = append(s.parameters[i], drawnParameter{k, name})
					outputs = append(outputs, params[name])
				}
			}
		}
		return outputs
	})
	return s, err
}

// ofSize returns the operations of a view that has the size of its images.
func (c Config) ofSize(height, width int) Pipeline {
	c.Size, c.SizeShare = 0, 0
	p := c.Pipeline(height, width)
	if h, w := p.Size(height, width); h != height || w != width {
		p = append(p, Resize{Height: height, Width: width})
	}
	return p
}

// toBytes returns images in [0, 1] as uint8 pixels; values outside are clipped.
func toBytes(images *Node) *Node {
	return ConvertDType(Round(MulScalar(MinScalar(MaxScalar(images, 0.0), 1.0), 255.0)), dtypes.Uint8)
}

// run makes the views of an epoch.
func (s *viewProgram) run(seed uint64, epoch int) ([]Shown, error) {
	// [n, height, width, channels]
	pixels := tensors.FromFlatDataAndDimensions(s.images.Pixels, s.images.N, s.images.Height, s.images.Width,
		s.images.Depth())
	outputs, err := s.exec.Call(pixels, s.samples, Stream(seed, epoch))
	if err != nil {
		return nil, fmt.Errorf("cannot make the views: %w", err)
	}

	shown := make([]Shown, len(s.pipelines))
	for i := range shown {
		shown[i].Images = s.images
		shown[i].Height, shown[i].Width = s.pipelines[i].Size(s.images.Height, s.images.Width)
		if shown[i].Pixels, err = take[byte](outputs[0]); err != nil {
			return nil, err
		}
		// Outputs come view by view: the pixels, then what was drawn for them.
		parameters := s.parameters[i]
		if shown[i].Words, err = s.words(i, outputs[1:1+len(parameters)]); err != nil {
			return nil, err
		}
		outputs = outputs[1+len(parameters):]
	}
	return shown, nil
}

// words returns what view i did to each image, given the values of its parameters.
func (s *viewProgram) words(i int, values []*tensors.Tensor) ([][]string, error) {
	// What each operation drew for each image. Parameters of several numbers, such as noise, have no words.
	drawn := make([][]Drawn, s.images.N)
	for image := range drawn {
		drawn[image] = make([]Drawn, len(s.pipelines[i]))
		for k := range drawn[image] {
			drawn[image][k] = Drawn{}
		}
	}
	for j, parameter := range s.parameters[i] {
		numbers, err := take[float32](values[j])
		if err != nil {
			return nil, err
		}
		if len(numbers) == s.images.N {
			for image, number := range numbers {
				drawn[image][parameter.operation][parameter.name] = number
			}
		}
	}

	words := make([][]string, s.images.N)
	for image := range words {
		for k, op := range s.pipelines[i] {
			if text := Describe(op, drawn[image][k]); text != "" {
				words[image] = append(words[image], text)
			}
		}
	}
	return words, nil
}

// take returns the values of a tensor, which it frees.
func take[T gotype.Supported](t *tensors.Tensor) ([]T, error) {
	values, err := tensors.CopyFlatData[T](t)
	return values, errors.Join(err, t.FinalizeAll())
}
