package sslx

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

const (
	validationShare = 0.1 // of train, for the choice of hyper-parameters
	validationSeed  = 0   // the same cut for every run
)

// evaluation measures several models on one data set.
type evaluation struct {
	backend     compute.Backend
	set         *dataset.Set
	train, test *dataset.Split
	keep, held  []int // train images to fit on, and to choose hyper-parameters on
	tasks       []dataset.Task
	opt         EvaluateOptions
	shared      record.Result // what all results have in common
	results     []record.Result
}

// cut opens the splits. The validation images are stratified by the first task.
func (e *evaluation) cut() (err error) {
	if len(e.tasks) == 0 {
		return usage.Errorf("%s has no labels to evaluate on", e.set.Name())
	}
	if e.train, err = e.set.Split("train"); err != nil {
		return err
	}
	if e.test, err = e.set.Split("test"); err != nil {
		return err
	}
	labels, err := e.train.Labels(e.tasks[0].Name)
	if err != nil {
		return err
	}
	e.keep, e.held = dataset.StratifiedHoldOut(labels, validationShare, validationSeed)
	return nil
}

// pooledSide is the height and width to which pixels are averaged for a linear probe: 768 numbers an image, about as
// many as a representation has. On all 3,072 of a 32x32 image a probe takes minutes a task on two cores.
const pooledSide = 16

// pixels measures the raw pixels, scaled to [0, 1]; the linear probe sees them averaged to 16x16.
func (e *evaluation) pixels(ctx context.Context) error {
	e.shared.Model = ModelPixels
	if e.wants(ProtocolKNN) {
		e.shared.Layer = "pixels"
		if err := e.knn(ctx, raw(e.train), raw(e.test)); err != nil {
			return err
		}
	}
	if e.wants(ProtocolLinear) {
		e.shared.Layer = fmt.Sprintf("pixels%dx%d", pooledSide, pooledSide)
		pooled := func(s *dataset.Split) evaluate.Features {
			return pool(raw(s), e.set.Height(), e.set.Width(), pooledSide)
		}
		return e.linear(ctx, pooled(e.train), pooled(e.test))
	}
	return nil
}

// network measures the representation of a network.
func (e *evaluation) network(ctx context.Context, name string, n *pretrain.Network) error {
	variables, err := n.Variables()
	if err != nil {
		return err
	}
	frozen, err := evaluate.NewFrozenCheck(variables)
	if err != nil {
		return err
	}
	encode := func(s *dataset.Split) (evaluate.Features, error) {
		x, err := n.Features(ctx, s.Pixels, func(done int) {
			e.opt.report(s.Name+" features of "+name, int64(done), int64(s.N), "")
		})
		return evaluate.Features{N: s.N, D: n.Dim(), X: x}, err
	}
	train, err := encode(e.train)
	if err != nil {
		return err
	}
	test, err := encode(e.test)
	if err != nil {
		return err
	}
	e.shared.Model, e.shared.Layer = name, "encoder"
	if err := e.measure(ctx, train, test); err != nil {
		return err
	}
	if variables, err = n.Variables(); err != nil {
		return err
	}
	return frozen.Verify(variables)
}

// wants reports whether a protocol was asked for.
func (e *evaluation) wants(protocol string) bool {
	return len(e.opt.Protocols) == 0 || slices.Contains(e.opt.Protocols, protocol)
}

// measure applies every wanted protocol to representations.
func (e *evaluation) measure(ctx context.Context, train, test evaluate.Features) error {
	if e.wants(ProtocolKNN) {
		if err := e.knn(ctx, train, test); err != nil {
			return err
		}
	}
	if e.wants(ProtocolLinear) {
		return e.linear(ctx, train, test)
	}
	return nil
}

// knn votes with all of train; it has nothing to choose.
func (e *evaluation) knn(ctx context.Context, train, test evaluate.Features) error {
	options := evaluate.KNNOptions{K: 20, Temperature: 0.07, Layer: e.shared.Layer}
	e.opt.report("kNN of "+e.shared.Model, 0, 0, "")
	neighbours, err := evaluate.Nearest(e.backend, train, test, options.K)
	if err != nil {
		return err
	}
	return e.each(ctx, options.String(), func(labels []int32, classes int) ([]int32, error) {
		return neighbours.Vote(labels, classes, options.Temperature)
	})
}

// linear fits a logistic probe for each task, its penalty chosen on the images held out of train.
func (e *evaluation) linear(ctx context.Context, train, test evaluate.Features) error {
	options := evaluate.LinearOptions{Layer: e.shared.Layer}
	probe, err := evaluate.NewLinear(e.backend, rows(train, e.keep), rows(train, e.held), test)
	if err != nil {
		return err
	}
	defer probe.Close()
	done := 0
	return e.each(ctx, options.String(), func(labels []int32, classes int) ([]int32, error) {
		e.opt.report("linear probe of "+e.shared.Model, int64(done), int64(len(e.tasks)), "")
		done++
		fit, err := probe.Probe(pick(labels, e.keep), pick(labels, e.held), classes, options)
		return fit.Predicted, err
	})
}

// each predicts the test labels of every task from its train labels, and adds the accuracies to the results.
func (e *evaluation) each(ctx context.Context, protocol string,
	predict func(labels []int32, classes int) ([]int32, error)) error {
	for _, task := range e.tasks {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := e.accuracy(task, predict)
		if err != nil {
			return fmt.Errorf("%s on task %s: %w", protocol, task.Name, err)
		}
		r := e.shared
		r.Task, r.Protocol, r.Split, r.Value, r.N = e.set.Name()+"/"+task.Name, protocol, e.test.Name, value, e.test.N
		e.results = append(e.results, r)
	}
	return nil
}

func (e *evaluation) accuracy(task dataset.Task, predict func([]int32, int) ([]int32, error)) (float64, error) {
	labels, err := e.train.Labels(task.Name)
	if err != nil {
		return 0, err
	}
	truth, err := e.test.Labels(task.Name)
	if err != nil {
		return 0, err
	}
	predicted, err := predict(labels, len(task.Classes))
	if err != nil {
		return 0, err
	}
	return evaluate.Accuracy(predicted, truth, len(task.Classes))
}

// rows returns the features of the given images.
func rows(f evaluate.Features, indices []int) evaluate.Features {
	x := make([]float32, 0, len(indices)*f.D)
	for _, i := range indices {
		x = append(x, f.Row(i)...)
	}
	return evaluate.Features{N: len(indices), D: f.D, X: x}
}

func pick(labels []int32, indices []int) []int32 {
	picked := make([]int32, len(indices))
	for i, index := range indices {
		picked[i] = labels[index]
	}
	return picked
}
