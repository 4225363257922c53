package pretrain

import (
	"context"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

// stepData is what a step needs of the training images.
type stepData struct {
	dataset.Images

	// source has the same images. When their file was cut short it fails, where reading Pixels crashes.
	source dataset.Source

	recheck   func(context.Context) error // finds images that somebody overwrote; nil without a file
	kept      []int                       // which of the images are trained on; nil is all
	streamed  bool                        // pixels go to the device batch by batch
	labels    []int32                     // of each image; nil leaves the probe out
	classes   int
	knnRows   int       // of the queue of the online kNN; 0 leaves it out
	mean, std []float64 // of each channel
}

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
	if err := fitsEncoder(set, c); err != nil {
		return stepData{}, err
	}
	if err := c.Views.TakesChannels(set.Channels()); err != nil {
		return stepData{}, err
	}

	d := stepData{Images: split.Images, source: split, streamed: c.Stream, recheck: set.Recheck}
	if c.HoldOut {
		if d.kept, _, err = set.HoldOut(); err != nil {
			return stepData{}, err
		}
	}
	if c.Batch > d.trained() {
		return stepData{}, usage.Errorf("batch is %d, but %s has %d training images: choose a smaller batch",
			c.Batch, set.Name(), d.trained())
	}
	d.mean, d.std = set.Stats()

	// The labels of the online probe, from which supervised objectives learn too.
	name := ProbeTask(set, c)
	if name == "" {
		return d, needsNoLabels(set, c)
	}
	task, err := set.Task(name)
	if err != nil {
		return d, err
	}
	d.classes = len(task.Classes)
	d.knnRows = knnQueueSize(c.Batch, c.Encoder.Dim(), d.trained())
	d.labels, err = split.Labels(name)
	return d, err
}

// ProbeTask returns the task that the online probe of a training on set learns, "" where there is no probe.
func ProbeTask(set *dataset.Set, c Config) string {
	switch {
	case c.Probe.Task == NoProbe, c.Probe.Task == "" && len(set.Tasks()) == 0:
		return ""
	case c.Probe.Task == "":
		return set.Tasks()[0].Name
	}
	return c.Probe.Task
}

// trained returns the number of images that are trained on.
func (d stepData) trained() int {
	if d.kept != nil {
		return len(d.kept)
	}
	return d.N
}

// LearnsFromLabels reports whether the objective of c learns from the labels of the images.
func LearnsFromLabels(c Config) bool {
	needs := c.Objective.Needs()
	return needs.Labels || needs.Logits
}

// needsNoLabels returns a usage error when the objective of c learns from labels, which set or c does not give it.
func needsNoLabels(set *dataset.Set, c Config) error {
	switch name := objective.NameOf(c.Objective); {
	case !LearnsFromLabels(c):
		return nil
	case len(set.Tasks()) == 0:
		return usage.Errorf("objective %s learns from labels, and %s has none: choose another objective, or a "+
			"labeled set",
			name, set.Name())
	default:
		return usage.Errorf("objective %s learns from the labels of probe.task, which is %q: set it to a task of %s",
			name, NoProbe, set.Name())
	}
}

// fitsEncoder returns a usage error when a view of the images of set is smaller than the encoder takes.
func fitsEncoder(set *dataset.Set, c Config) error {
	least := c.Encoder.MinSize()
	for _, view := range c.Views {
		height, width := view.Pipeline(set.Height(), set.Width()).Size(set.Height(), set.Width())
		if side := min(height, width); side < least {
			return usage.Errorf("views of %s are %d pixels wide: the encoder %s needs %d or more", set.Name(), side,
				encoder.NameOf(c.Encoder), least)
		}
	}
	return nil
}
