package pretrain

import (
	"cmp"
	"math"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
)

// stepData is what a step needs of the training images.
type stepData struct {
	pixels        []byte // uint8 [images, height, width, 3]
	height, width int
	source        dataset.Source // of the same pixels
	streamed      bool           // pixels go to the device batch by batch
	labels        []int32        // nil leaves the probe out
	classes       int
	mean, std     [3]float64
}

// images returns the number of training images.
func (d stepData) images() int { return len(d.pixels) / (d.height * d.width * 3) }

// Fits returns an error of package usage when set cannot be trained on with c: no train split, fewer images than a
// batch, images that are too small, or no label of the probe's name.
func Fits(set *dataset.Set, c Config) error {
	_, err := trainingData(set, c)
	return err
}

// trainingData returns the train split of set as a step needs it.
func trainingData(set *dataset.Set, c Config) (stepData, error) {
	split, err := set.Split("train")
	if err != nil {
		return stepData{}, err
	}
	if c.Batch > split.N {
		return stepData{}, usage.Errorf("batch is %d, but %s has %d training images: choose a smaller batch",
			c.Batch, set.Name(), split.N)
	}
	d := stepData{pixels: split.Pixels, height: set.Height(), width: set.Width(), source: split, streamed: c.Stream}
	for _, view := range c.Views {
		side := cmp.Or(view.Size, min(d.height, d.width))
		if view.SizeShare > 0 {
			side = int(math.Round(view.SizeShare * float64(side)))
		}
		if least := c.Encoder.MinSize(); side < least {
			return d, usage.Errorf("views of %s are %d pixels wide: the encoder %s needs %d or more", set.Name(), side,
				encoder.NameOf(c.Encoder), least)
		}
	}
	d.mean, d.std = set.Stats()
	name := c.Probe.Task
	if name == NoProbe || (name == "" && len(set.Tasks()) == 0) {
		return d, nil
	}
	if name == "" {
		name = set.Tasks()[0].Name
	}
	task, err := set.Task(name)
	if err != nil {
		return d, err
	}
	d.classes = len(task.Classes)
	d.labels, err = split.Labels(name)
	return d, err
}
