package evaluate

import (
	"context"
	"errors"
	"strings"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// Options says what to measure. The zero value measures every task of the run's data by kNN and the linear probe,
// without baselines.
type Options struct {
	// Tasks are labels of the run's data, tasks made from it (MadeTasks), sets (TaskSets), SET/LABEL, paths of image
	// folders or archives, or AllTasks. When empty, they are all labels of the run's data; for data without labels,
	// they are those made from it. Protocols that need no labels measure each data set once, as it is, and no task made
	// from it.
	Tasks []string

	// Protocols are names of Names, or AllProtocols; kNN and the linear probe when empty, and LabelFree where the run's
	// data have no labels.
	Protocols []string

	// Layers are the layers that are measured, of pretrain.Layers; the encoder's output when empty.
	Layers []string

	// Validation measures on the images that are held out of train, and leaves test alone: for choosing between runs.
	Validation bool

	// Unfinished measures the last checkpoint of a run that may have a part of its training before it, for choosing
	// which of several runs are trained further. It needs Validation, and nothing is kept in the run folder.
	Unfinished bool

	// Baselines also measures raw pixels and the untrained encoder.
	Baselines bool

	// Compare are the folders of other finished runs, and files of weights, whose encoders are measured too, such as a
	// supervised one. They must take images of the same size.
	Compare []string

	// Data is the data set that Weights measures on. Its labels are the tasks, as the labels of a run's data are.
	// Run takes the data that its run was trained on.
	Data string

	// Weights says what files of weights do not, in Weights and in Compare.
	Weights weights.Options

	progress.Options
}

// Run measures the last checkpoint of the finished run in dir, and keeps the results in the run folder, with those of
// other tasks and protocols; they replace earlier results of the same kind. Results are written model by model and set
// by set: when ctx ends or something fails, what was measured is kept, and returned with the error.
//
// The encoder is frozen: a variable that changes meanwhile, running statistics included, is an error. Hyper-parameters
// are chosen on a tenth of train, cut out by the set's main task, seeded and stratified; test is read once. A set of
// AllTasks that is not installed is left out with a warning.
//
// It is a usage error when the run's configuration is not the one that it was trained with, or when the tasks of its
// data are asked for and the data have changed since.
func Run(ctx context.Context, dir string, opt Options) (results []record.Result, err error) {
	s := session{opt: opt}
	if s.protocols, err = protocolsNamed(opt.Protocols); err != nil {
		return nil, err
	}

	// What can be refused is refused before the backend is opened.
	read := pretrain.ReadFinishedRun
	if opt.Unfinished {
		read = pretrain.ReadPausedRun
	}
	if opt.Unfinished && !opt.Validation {
		return nil, usage.Errorf("an unfinished run is measured on validation images only: set Validation")
	}
	trained, err := read(dir)
	if err != nil {
		return nil, err
	}
	set, err := open.RunData(ctx, trained.Config.Data, trained.Config.Size, trained.Fingerprint, trained.Data,
		opt.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	s.changed = set.Fingerprint() != trained.Fingerprint
	plan, err := planner{set: set, other: s.changed}.plan(opt.Tasks)
	if err != nil {
		return nil, err
	}
	if err := plan.check(ctx, set); err != nil {
		return nil, err
	}
	if plan.bare {
		if err := s.withoutLabels(&plan, set); err != nil {
			return nil, err
		}
	}
	plan.fit(s.labeled(), s.unlabeled())

	// The lock of the run comes before the minutes of measuring.
	if s.run, err = record.Open(dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.run.Close()) }()
	taken, err := takenNames(dir, trained)
	if err != nil {
		return nil, err
	}

	handle, err := open.Backend(ctx, opt.Options)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	defer s.close()
	if err := s.start(handle); err != nil {
		return nil, err
	}
	open := func() (*model, error) { return s.openTrained(trained, set.Height(), set.Width()) }
	if err := s.load(ctx, open, set); err != nil {
		return nil, err
	}

	// Validation is the same measurement on other images.
	measure := s.measure
	if opt.Validation {
		if c := trained.Config; pretrain.LearnsFromLabels(c) && !c.HoldOut {
			opt.Warnf("run %s has learned from the labels of all training images, those held out for validation "+
				"among them: its validation numbers are too good; train with holdout to choose between such runs",
				s.run.Name())
		}
		measure = func(ctx context.Context, g group) error { return s.measure(ctx, g.validation()) }
	}
	o := opener{opt: opt.Options, run: set, taken: taken, validation: opt.Validation, unlabeled: s.unlabeled()}
	if err = o.each(ctx, plan, measure); err == nil {
		s.warnUnasked()
	}
	return s.results, err
}

// withoutLabels fits a plan and the protocols to data without labels.
func (s *session) withoutLabels(p *plan, set *dataset.Set) (err error) {
	// Without a choice of protocols, those without labels are added to the usual ones.
	if len(s.opt.Protocols) == 0 {
		s.protocols, err = protocolsNamed([]string{ProtocolKNN, ProtocolLinear, ProtocolLabelFree})
		if err != nil {
			return err
		}
	}
	p.bare = s.unlabeled()
	switch others := len(p.made) + len(p.sets); {
	case others == 0 && !p.bare:
		return noLabels(set, madeTasksOf(set), set.Height())
	case len(s.opt.Tasks) > 0 || !s.labeled():
		return nil
	}

	more := ""
	if sets := labeledSets(set.Name(), set.Height()); len(sets) > 0 {
		more = "; labeled sets that are here can be named as tasks: " + strings.Join(sets, ", ")
	}
	s.opt.Warnf("%s has no labels: what is measured are tasks made from its images, and measures without labels%s",
		set.Name(), more)
	return nil
}

// takenNames returns the fingerprints of the data that names of sets stand for in a run folder: that of its training,
// and those of its results.
func takenNames(dir string, trained pretrain.FinishedRun) (map[string]string, error) {
	results, err := record.ReadResults(dir)
	if err != nil {
		return nil, err
	}
	environment, err := record.ReadEnvironment(dir)
	if err != nil {
		return nil, err
	}

	// Results of earlier versions do not say what they were measured on, and take no name.
	taken := map[string]string{}
	for _, r := range results {
		if name, _, _ := strings.Cut(r.Task, "/"); r.Data != "" && taken[name] == "" {
			taken[name] = r.Data
		}
	}
	taken[environment.Data] = trained.Fingerprint
	return taken, nil
}
