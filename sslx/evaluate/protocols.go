package evaluate

import (
	"fmt"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// The names of the protocols; docs/protocol.md says what each does.
const (
	ProtocolKNN       = "knn"
	ProtocolLinear    = "linear"
	ProtocolLinearSGD = "linear-sgd"
	ProtocolMLP       = "mlp"
	ProtocolFewShot   = "few-shot"
	ProtocolFineTune  = "fine-tune"
	ProtocolLabelFree = "label-free"
	ProtocolCKA       = "cka"
)

// AllProtocols is the name that stands for every protocol.
const AllProtocols = "all"

// protocol is one way to measure a layer of a model on a group of tasks.
type protocol struct {
	name string

	// pixels is the layer of raw pixels that is measured, "" for none; networks are measured on every layer unless
	// only is a layer.
	pixels, only string

	measure func(e *evaluation, m measured, g group, f features) error // nil for what compares models
}

// protocols are all there are, in the order of their columns.
var protocols = []protocol{
	{ProtocolKNN, layerPixels, "", (*evaluation).knn},
	{ProtocolLinear, layerPooled, "", (*evaluation).linear},
	{ProtocolLinearSGD, layerPooled, "", (*evaluation).linearSGD},
	{ProtocolMLP, layerPooled, "", (*evaluation).mlp},
	{ProtocolFewShot, layerPooled, "", (*evaluation).fewShot},
	{ProtocolFineTune, "", pretrain.LayerEncoder, (*evaluation).fineTune},
	{ProtocolLabelFree, "", "", (*evaluation).labelFree},
	{name: ProtocolCKA},
}

// Protocols returns the names of the protocols.
func Protocols() (names []string) {
	for _, p := range protocols {
		names = append(names, p.name)
	}
	return names
}

// protocolsNamed returns the protocols of the given names; none means kNN and the linear probe.
func protocolsNamed(names []string) (found []protocol, err error) {
	if len(names) == 0 {
		names = []string{ProtocolKNN, ProtocolLinear}
	}
	for _, name := range names {
		if name != AllProtocols && !slices.Contains(Protocols(), name) {
			return nil, usage.Unknown("protocol", name, append(Protocols(), AllProtocols))
		}
	}
	for _, p := range protocols {
		if slices.Contains(names, p.name) || slices.Contains(names, AllProtocols) {
			found = append(found, p)
		}
	}
	return found, nil
}

// sees reports whether the protocol measures a layer of a model.
func (p protocol) sees(m measured, layer string) bool {
	if m.network == nil {
		return layer == p.pixels
	}
	return p.only == "" || layer == p.only
}

// knn votes with all of train; it has nothing to choose.
func (e *evaluation) knn(m measured, g group, f features) error {
	options := probe.KNNOptions{K: 20, Temperature: 0.07, Layer: f.layer}
	neighbours, err := probe.Nearest(e.programs, f.train, f.test, options.K)
	if err != nil {
		return err
	}
	for _, t := range g.tasks {
		predicted, err := neighbours.Vote(t.train, t.classes, options.Temperature)
		if err != nil {
			return fmt.Errorf("task %s: %w", t.name, err)
		}
		if err := e.score(m, g, t, f.layer, options.String(), predicted, nil); err != nil {
			return err
		}
	}
	return nil
}

// linear fits a logistic probe for each task, its penalty chosen on the images held out of train.
func (e *evaluation) linear(m measured, g group, f features) error {
	options := probe.LinearOptions{Layer: f.layer}
	fitted, err := probe.NewLinear(e.programs, rows(f.train, g.keep), rows(f.train, g.held), f.test)
	if err != nil {
		return err
	}
	defer fitted.Close()
	for _, t := range g.tasks {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		fit, err := fitted.Probe(pick(t.train, g.keep), pick(t.train, g.held), t.classes, options)
		if err != nil {
			return fmt.Errorf("task %s: %w", t.name, err)
		}
		if err := e.score(m, g, t, f.layer, options.String(), fit.Predicted, map[string]float64{"l2": fit.L2}); err != nil {
			return err
		}
	}
	return nil
}

// linearSGD trains a linear classifier for each task as SimCLR does.
func (e *evaluation) linearSGD(m measured, g group, f features) error {
	options := probe.SGDOptions{Layer: f.layer}
	return e.curve(m, g, f, options.String(), func(t task) (probe.CurveResult, error) {
		return probe.LinearSGD(e.backend, f.train, t.train, f.test, t.classes, options)
	})
}

// mlp trains a classifier with a hidden layer for each task.
func (e *evaluation) mlp(m measured, g group, f features) error {
	options := probe.MLPOptions{Layer: f.layer}
	return e.curve(m, g, f, options.String(), func(t task) (probe.CurveResult, error) {
		return probe.MLPProbe(e.backend, f.train, t.train, f.test, t.classes, options)
	})
}

// curve adds the accuracy of the last epoch of a probe to the results, and all of them to the curves.
func (e *evaluation) curve(m measured, g group, f features, protocol string,
	fit func(t task) (probe.CurveResult, error)) error {
	for _, t := range g.tasks {
		if err := e.ctx.Err(); err != nil {
			return err
		}
		result, err := fit(t)
		if err != nil {
			return fmt.Errorf("task %s: %w", t.name, err)
		}
		if err := e.score(m, g, t, f.layer, protocol, result.Predicted, nil); err != nil {
			return err
		}
		c := record.Curve{Model: m.name, Task: t.name, Protocol: record.ParseProtocol(protocol), Layer: f.layer,
			Seed: m.seed, Run: m.run, Train: result.TrainAccuracy}
		for _, predicted := range result.PredictedAt {
			accuracy, err := probe.Accuracy(predicted, t.test, t.classes)
			if err != nil {
				return err
			}
			c.Test = append(c.Test, accuracy)
		}
		e.curves = append(e.curves, c)
	}
	return nil
}

// fewShot fits a logistic probe for each task on 10 images a class, 1 % and 10 % of train; the accuracy is the mean over
// draws of those images. A task with fewer than 10 images in a class has the shares alone.
func (e *evaluation) fewShot(m measured, g group, f features) error {
	for _, options := range []probe.FewShotOptions{
		{PerClass: 10, Layer: f.layer}, {Share: 0.01, Layer: f.layer}, {Share: 0.1, Layer: f.layer},
	} {
		for _, t := range g.tasks {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			if smallest(t) < options.PerClass {
				e.opt.Warnf("%s is left out for %s: a class has %d training images", options, t.name, smallest(t))
				continue
			}
			draws, err := probe.FewShot(e.programs, f.train, t.train, f.test, t.classes, options)
			if err != nil {
				return fmt.Errorf("task %s: %w", t.name, err)
			}
			mean := 0.0
			for _, predicted := range draws {
				accuracy, err := probe.Accuracy(predicted, t.test, t.classes)
				if err != nil {
					return err
				}
				mean += accuracy / float64(len(draws))
			}
			if err := e.add(m, record.Result{Task: t.name, Protocol: record.ParseProtocol(options.String()),
				Layer: f.layer, Split: g.test.split, Metric: record.MetricAccuracy, Value: mean, N: g.test.n}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fineTuning is short enough for a laptop, the same for every task, and not tuned. Crops keep half of the image at least;
// there is no flip, since tasks such as digits do not allow it.
var fineTuning = pretrain.FineTuning{
	Steps:     400,
	Batch:     32,
	Views:     augment.Views{{CropScale: 0.5}, {CropScale: 0.5}},
	Optimizer: optimizer.Config{Rule: optimizer.AdamW{}, LR: 1e-3, Scale: "none", WeightDecay: 5e-4},
}

// fineTune trains a copy of the encoder with a classifier for each task.
func (e *evaluation) fineTune(m measured, g group, f features) error {
	for _, t := range g.tasks {
		train := pretrain.Labeled{Images: e.images(g.train), Labels: t.train, Classes: t.classes}
		predicted, err := pretrain.FineTune(e.ctx, e.backend, m.network, train, e.images(g.test), fineTuning)
		if err != nil {
			return fmt.Errorf("task %s: %w", t.name, err)
		}
		protocol := fmt.Sprintf("fine-tune/adamw/b%d/s%d@encoder", fineTuning.Batch, fineTuning.Steps)
		if err := e.score(m, g, t, f.layer, protocol, predicted, nil); err != nil {
			return err
		}
	}
	return nil
}

// smallest returns the number of training images of the smallest class.
func smallest(t task) int {
	counts := make([]int, t.classes)
	for _, label := range t.train {
		counts[label]++
	}
	return slices.Min(counts)
}

// rows returns the features of the given images.
func rows(f probe.Features, indices []int) probe.Features {
	x := make([]float32, 0, len(indices)*f.D)
	for _, i := range indices {
		x = append(x, f.Row(i)...)
	}
	return probe.Features{N: len(indices), D: f.D, X: x}
}

func pick(labels []int32, indices []int) []int32 {
	picked := make([]int32, len(indices))
	for i, index := range indices {
		picked[i] = labels[index]
	}
	return picked
}
