package sslx

import (
	"context"
	"errors"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// EvaluateOptions says what to measure. The zero value measures every task by every protocol, without floors.
type EvaluateOptions struct {
	// Tasks are the labels to predict, all of the data when empty.
	Tasks []string

	// Protocols are "knn" and "linear", both when empty.
	Protocols []string

	// Floors also measures raw pixels and the untrained encoder.
	Floors bool

	Options
}

// The names of the protocols, and of the floors among the models of a result.
const (
	ProtocolKNN    = "knn"
	ProtocolLinear = "linear"
	ModelPixels    = "pixels"
	ModelUntrained = "untrained"
)

// Protocols returns the names of the protocols.
func Protocols() []string { return []string{ProtocolKNN, ProtocolLinear} }

// Evaluate measures the last checkpoint of the run in dir on the test split of the data that it was trained on, and
// leaves the results in the run folder, in place of former ones. The encoder is frozen: a variable that changes
// meanwhile, running statistics included, is an error. Hyper-parameters are chosen on a tenth of train, cut out
// seeded and stratified; test is read once.
func Evaluate(ctx context.Context, dir string, opt EvaluateOptions) (results []record.Result, err error) {
	for _, name := range opt.Protocols {
		if !slices.Contains(Protocols(), name) {
			return nil, usage.Unknown("protocol", name, Protocols())
		}
	}
	c, err := trainedConfig(dir)
	if err != nil {
		return nil, err
	}
	set, err := opt.data(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	tasks, err := tasksOf(set, opt.Tasks)
	if err != nil {
		return nil, err
	}
	run, err := record.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	handle, err := opt.open(ctx)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	e := evaluation{backend: handle.Backend, set: set, tasks: tasks, opt: opt,
		shared: record.Result{Seed: c.Seed, Run: run.Name(), Metric: "accuracy"}}
	if err := e.all(ctx, c, dir); err != nil {
		return nil, err
	}
	return e.results, run.SetResults(e.results)
}

// all measures the floors, when they are wanted, and the trained network.
func (e *evaluation) all(ctx context.Context, c Config, dir string) error {
	if err := e.cut(); err != nil {
		return err
	}
	trained, err := pretrain.Load(e.backend, c, record.Checkpoint(dir), e.set.Height(), e.set.Width())
	if err != nil {
		return err
	}
	defer trained.Close()
	if e.opt.Floors {
		if err := e.floors(ctx, c); err != nil {
			return err
		}
	}
	return e.network(ctx, c.Objective.Name, trained)
}

// floors measures what a trained network has to beat.
func (e *evaluation) floors(ctx context.Context, c Config) error {
	if err := e.pixels(ctx); err != nil {
		return err
	}
	mean, std := e.set.Stats()
	untrained, err := pretrain.Untrained(e.backend, c, mean, std, e.set.Height(), e.set.Width())
	if err != nil {
		return err
	}
	defer untrained.Close()
	return e.network(ctx, ModelUntrained, untrained)
}

// tasksOf returns the tasks of the given names, all when there are none.
func tasksOf(set *dataset.Set, names []string) ([]dataset.Task, error) {
	if len(names) == 0 {
		return set.Tasks(), nil
	}
	tasks := make([]dataset.Task, len(names))
	for i, name := range names {
		var err error
		if tasks[i], err = set.Task(name); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}
