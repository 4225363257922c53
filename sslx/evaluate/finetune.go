package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// FineTune trains a copy of the encoder together with a linear classifier, by one rule for every task: its length
// follows from the number of training images, and learning rate, layer decay and flips are chosen on the held-out
// images. Of the untrained encoder it is training from scratch. See [pretrain.FineTune].
type FineTune struct {
	Images      int // that a training sees, unless that is too few epochs or too many; 0 means 350,000
	LeastEpochs int // 0 means 7
	MostEpochs  int // 0 means 50
}

// The rest of the rule. Its values are common ones; none was chosen by a test accuracy.
const (
	tuneBatch    = 64
	tuneChoosing = 4 // a choice looks at trainings that are so much shorter
)

func (p FineTune) withDefaults() FineTune {
	if p.Images == 0 {
		p.Images = 350000
	}
	if p.LeastEpochs == 0 {
		p.LeastEpochs = 7
	}
	if p.MostEpochs == 0 {
		p.MostEpochs = 50
	}
	return p
}

// String returns the name of the protocol without its layer, "fine-tune/adamw/b64/i350000/e7-50/lr-val" by default.
func (p FineTune) String() string {
	p = p.withDefaults()
	return fmt.Sprintf("fine-tune/adamw/b%d/i%d/e%d-%d/lr-val", tuneBatch, p.Images, p.LeastEpochs, p.MostEpochs)
}

// tuneRates are the learning rates to choose from. Of two that are as good the first is taken.
var tuneRates = []float64{1e-3, 3e-4, 3e-3}

// tuneDecays are the layer decays to choose from, of encoders that have layers.
var tuneDecays = []float64{0.75, 1}

// Measures keeps the encoder's output alone: a classifier stands on it. Encoders of ONNX files cannot be trained. What
// running statistics an untrained encoder starts from does not matter: batches have their own.
func (FineTune) Measures(m Model, layer string) bool {
	return tunable(m, layer)
}

func tunable(m Model, layer string) bool {
	return m.Network != nil && m.Network.Trainable() && layer == record.LayerEncoder &&
		m.Name != record.ModelUntrainedBN
}

// Measure chooses and trains for each task.
func (p FineTune) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	p = p.withDefaults()
	return eachTask(in, func(t Task) (Outcome, error) {
		best, err := p.choose(ctx, in, t)
		if err != nil {
			return Outcome{}, err
		}
		train := pretrain.Labeled{Images: in.TrainImages, Labels: t.Labels, Classes: t.Classes}
		predicted, err := p.tune(ctx, in, best, train, in.TestImages, 1)
		return Outcome{Protocol: pin(p), Predicted: [][]int32{predicted}, Chosen: best.chosen(in)}, err
	})
}

// tuning is what is chosen of a fine-tuning.
type tuning struct {
	rate, decay float64
	flip        bool
}

// choose returns the best learning rate and layer decay on the held-out images, and whether flips help with them.
func (p FineTune) choose(ctx context.Context, in Input, t Task) (tuning, error) {
	fit := pretrain.Labeled{Images: in.TrainImages.Pick(in.Fit), Labels: probe.PickLabels(t.Labels, in.Fit),
		Classes: t.Classes}
	held, labels := in.TrainImages.Pick(in.Held), probe.PickLabels(t.Labels, in.Held)
	decays := []float64{1}
	if in.Model.Network.Layered() {
		decays = tuneDecays
	}
	return bestTuning(decays, func(c tuning) (float64, error) {
		predicted, err := p.tune(ctx, in, c, fit, held, tuneChoosing)
		if err != nil {
			return 0, err
		}
		return probe.Accuracy(predicted, labels, t.Classes)
	})
}

// bestTuning returns what has the highest accuracy: first of the learning rates and layer decays, then of what that
// gives with and without flips. Of equal ones the first is taken.
func bestTuning(decays []float64, accuracy func(c tuning) (float64, error)) (best tuning, err error) {
	highest := -1.0
	try := func(c tuning) error {
		a, err := accuracy(c)
		if err == nil && a > highest {
			highest, best = a, c
		}
		return err
	}
	for _, decay := range decays {
		for _, rate := range tuneRates {
			if err := try(tuning{rate, decay, false}); err != nil {
				return best, err
			}
		}
	}

	// Mirrored digits and signs are others; mirrored animals are not.
	flipped := best
	flipped.flip = true
	err = try(flipped)
	return best, err
}

// tune trains on train, for a time that is shorter by a factor, and returns the classes of images.
func (p FineTune) tune(ctx context.Context, in Input, c tuning, train pretrain.Labeled, images dataset.Images,
	shorter int) ([]int32, error) {
	batch := min(tuneBatch, train.N)
	epochs := min(p.MostEpochs, max(p.LeastEpochs, p.Images/train.N))
	// A smaller part of the image may lack what its label names.
	crop := augment.Config{CropScale: 0.5}
	if c.flip {
		crop.Flip = 0.5
	}
	o := pretrain.FineTuning{
		Steps:      max(1, int(math.Round(float64(epochs*train.N)/float64(batch*shorter)))),
		Batch:      batch,
		Views:      augment.Views{crop},
		LayerDecay: c.decay,
		Optimizer: optimizer.Config{Rule: optimizer.AdamW{}, LR: c.rate, Scale: "none", WeightDecay: 0.05,
			WarmupEpochs: 0.1},
	}
	return pretrain.FineTune(ctx, in.Backend, in.Model.Network, train, images, o)
}

// chosen tells what was chosen.
func (c tuning) chosen(in Input) map[string]float64 {
	chosen := map[string]float64{"lr": c.rate, "flip": 0}
	if c.flip {
		chosen["flip"] = 0.5
	}
	if in.Model.Network.Layered() {
		chosen["layer_decay"] = c.decay
	}
	return chosen
}

// FineTuneShort is a fine-tuning of a few steps, the same for every task, whatever its size: a cheap look at what the
// encoder can become, and no measure of it.
type FineTuneShort struct{ pretrain.FineTuning }

// fineTuning is short enough for a laptop, and not tuned. Crops keep half of the image at least; there is no flip,
// since tasks such as digits do not allow it.
var fineTuning = pretrain.FineTuning{
	Steps:     400,
	Batch:     32,
	Views:     augment.Views{{CropScale: 0.5}, {CropScale: 0.5}},
	Optimizer: optimizer.Config{Rule: optimizer.AdamW{}, LR: 1e-3, Scale: "none", WeightDecay: 5e-4},
}

// Measures is that of FineTune.
func (FineTuneShort) Measures(m Model, layer string) bool { return tunable(m, layer) }

// Measure trains a copy for each task.
func (p FineTuneShort) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	details := fmt.Sprintf("%s/b%d/s%d", optimizer.NameOf(p.Optimizer.Rule), p.Batch, p.Steps)
	return eachTask(in, func(t Task) (Outcome, error) {
		train := pretrain.Labeled{Images: in.TrainImages, Labels: t.Labels, Classes: t.Classes}
		predicted, err := pretrain.FineTune(ctx, in.Backend, in.Model.Network, train, in.TestImages, p.FineTuning)
		return Outcome{Protocol: record.Protocol{Family: "fine-tune", Details: details},
			Predicted: [][]int32{predicted}}, err
	})
}
