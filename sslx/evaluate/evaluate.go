// Package evaluate turns a trained run into results: it plans the tasks, makes or reads the features of the run's encoder
// and of its baselines, measures them by protocols, and keeps the results in the run folder. The algorithms on feature
// matrices are in package probe.
package evaluate

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// Options says what to measure. The zero value measures every task of the run's data by kNN and the linear probe,
// without floors.
type Options struct {
	// Tasks are labels of the run's data, tasks made from it (MadeTasks), sets (TaskSets), SET/LABEL, paths of image
	// folders or archives, or AllTasks; all labels of the run's data when empty.
	Tasks []string

	// Protocols are those of Protocols, or AllProtocols; kNN and the linear probe when empty.
	Protocols []string

	// Layers are the layers that are measured, of those of pretrain.Layers; the encoder's output when empty.
	Layers []string

	// Validation measures on the images that are held out of train, and leaves test alone: for choosing between runs.
	Validation bool

	// Floors also measures raw pixels and the untrained encoder.
	Floors bool

	// Beside are the folders of other runs whose encoders are measured too, such as a supervised one. They must take
	// images of the same size.
	Beside []string

	progress.Options
}

// featureCacheLimit is the largest size of the features that are kept, in bytes.
const featureCacheLimit = 8 << 30

// cache is where features are kept; without a cache folder none are.
func (o Options) cache() probe.Cache {
	dir, err := dataset.CacheDir()
	if err != nil {
		return probe.Cache{Dir: os.DevNull}
	}
	return probe.Cache{Dir: filepath.Join(dir, "features"), Limit: featureCacheLimit}
}

// Run measures the last checkpoint of the finished run in dir, and leaves the results in the run folder beside
// those of other tasks and protocols; a former result of the same kind is replaced. The encoder is frozen: a variable
// that changes meanwhile, running statistics included, is an error. Hyper-parameters are chosen on a tenth of train,
// cut out seeded and stratified; test is read once. A set of AllTasks that is not here is left out with a warning.
func Run(ctx context.Context, dir string, opt Options) (results []record.Result, err error) {
	e := evaluation{ctx: ctx, opt: opt}
	if e.protocols, err = protocolsNamed(opt.Protocols); err != nil {
		return nil, err
	}
	c, err := pretrain.FinishedConfig(dir)
	if err != nil {
		return nil, err
	}
	if e.run, err = open.Data(ctx, c.Data, c.Size, opt.Options); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.run.Close()) }()
	tasks := planTasks(e.run, opt.Tasks)
	if err := tasks.check(e.run); err != nil {
		return nil, err
	}
	run, err := record.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()
	handle, err := open.Backend(ctx, opt.Options)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	defer e.close()
	if err := e.open(handle.Backend); err != nil {
		return nil, err
	}
	if err := e.load(dir, c); err != nil {
		return nil, err
	}
	measure := e.group
	if opt.Validation {
		measure = func(g group) error { return e.group(g.validation(e.run.Height() * e.run.Width() * 3)) }
	}
	if err := tasks.each(ctx, e.run, opt.Options, measure); err != nil {
		return nil, err
	}
	for _, m := range e.models {
		if err := m.verify(); err != nil {
			return nil, err
		}
	}
	return e.results, errors.Join(run.AddResults(e.results), run.AddCurves(e.curves))
}

// open makes the programs of a backend ready.
func (e *evaluation) open(b compute.Backend) (err error) {
	e.backend = b
	e.programs, err = probe.NewPrograms(b)
	return err
}

// load opens the models: floors, the runs beside, and the run itself.
func (e *evaluation) load(dir string, c pretrain.Config) error {
	height, width := e.run.Height(), e.run.Width()
	trained, err := pretrain.Load(e.backend, c, record.CheckpointPath(dir), height, width, e.opt.Layers...)
	if err != nil {
		return err
	}
	own, err := newMeasured(objective.NameOf(c.Objective), record.Name(dir), c, trained)
	if err != nil {
		trained.Close()
		return err
	}
	defer func() { e.models = append(e.models, own) }()
	if e.opt.Floors {
		e.models = append(e.models, measured{name: record.ModelPixels, run: own.run, seed: c.Seed, config: c})
		mean, std := trained.Stats()
		untrained, err := pretrain.Untrained(e.backend, c, mean, std, height, width, e.opt.Layers...)
		if err != nil {
			return err
		}
		if err := e.join(record.ModelUntrained, own.run, c, untrained); err != nil {
			return err
		}
	}
	for _, other := range e.opt.Beside {
		c, err := pretrain.FinishedConfig(other)
		if err != nil {
			return err
		}
		n, err := pretrain.Load(e.backend, c, record.CheckpointPath(other), height, width, e.opt.Layers...)
		if err != nil {
			return err
		}
		if err := e.join(objective.NameOf(c.Objective), record.Name(other), c, n); err != nil {
			return err
		}
	}
	return nil
}

// join appends a network to the models, which own it from then on.
func (e *evaluation) join(name, run string, c pretrain.Config, n *pretrain.Network) error {
	m, err := newMeasured(name, run, c, n)
	e.models = append(e.models, m)
	return err
}

func (e *evaluation) close() {
	if e.programs != nil {
		e.programs.Close()
	}
	for _, m := range e.models {
		if m.network != nil {
			m.network.Close()
		}
	}
}
