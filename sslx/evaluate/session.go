package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// session measures models on one group of images after another.
type session struct {
	opt       Options
	handle    *backend.Handle
	programs  *probe.Programs
	protocols []named
	models    []*model    // baselines first, the run that is evaluated last
	run       *record.Run // keeps the results; nil in tests
	changed   bool        // the run's data are not what it was trained on

	results []record.Result // that the run folder has
	pending []record.Result // of the model that is being measured
	curves  []record.Curve  // likewise
}

// start opens the programs that protocols share.
func (s *session) start(handle *backend.Handle) (err error) {
	s.handle = handle
	s.programs, err = probe.NewPrograms(handle.Backend)
	return err
}

// unlabeled reports whether one of the protocols needs no labels.
func (s *session) unlabeled() bool { return slices.ContainsFunc(s.protocols, named.unlabeled) }

// close releases programs and networks.
func (s *session) close() {
	if s.programs != nil {
		s.programs.Close()
	}
	s.closeModels()
}

// measure measures every model on a group, by every protocol. The results of a model are kept as soon as it is done, or
// cannot be done: an interruption loses nothing that was measured.
func (s *session) measure(ctx context.Context, g group) error {
	others := map[string][]Other{} // by layer
	views := &viewMaker{session: s, group: g}
	for _, m := range s.models {
		err := s.measureModel(ctx, m, g, views, others)
		if err := errors.Join(err, s.keep(m)); err != nil {
			return err
		}
	}
	return nil
}

// measureModel measures each layer of a model by each protocol, and adds the model to the others.
func (s *session) measureModel(ctx context.Context, m *model, g group, views *viewMaker,
	others map[string][]Other) error {
	layers, err := s.features(ctx, m, g)
	if err != nil {
		return err
	}

	// Layers outside, protocols inside: the features of one layer at a time are on the device.
	for _, l := range layers {
		in := Input{
			Model: m.Model, Train: l.train, Test: l.test, TrainImages: g.train.Images, TestImages: g.test.Images,
			Tasks: g.tasks, Fit: g.fit, Held: g.held, Others: others[l.train.Layer],
			Backend: s.handle.Backend, Programs: s.programs, Warnf: s.opt.Warnf,
			views: func(ctx context.Context) ([]probe.Features, error) { return views.features(ctx, m, l.train.Layer) },
		}
		for _, p := range s.protocols {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !p.measures(m.Model, in.Layer()) || !g.suits(p) {
				continue
			}

			s.opt.Report(fmt.Sprintf("%s of %s on %s", p.name, m.Name, g.name), 0, 0, "")
			// What was measured before an error is kept.
			outcomes, err := s.ask(ctx, p, in, g)
			if err := errors.Join(err, s.add(p, in, g, outcomes)); err != nil {
				return fmt.Errorf("%s of %s on %s: %w", p.name, m.Name, g.name, err)
			}
		}
	}

	// The next models can be compared with this one.
	if m.Network != nil {
		for _, l := range layers {
			others[l.test.Layer] = append(others[l.test.Layer], Other{m.Model, l.test.Head(comparedImages)})
		}
	}
	return nil
}

// ask measures one layer by one protocol. A panic is an error that names the protocol, which may be of another module,
// and a protocol that gives no number without a word is noted.
func (s *session) ask(ctx context.Context, p named, in Input, g group) (outcomes []Outcome, err error) {
	warned := false
	in.Warnf = func(format string, args ...any) {
		warned = true
		s.opt.Warnf(format, args...)
	}
	err = blame.Call("protocol "+p.name, func() (err error) {
		outcomes, err = p.Measure(ctx, in)
		return err
	})
	if err == nil && len(outcomes) == 0 && !warned {
		s.opt.Warnf("protocol %s gave no number for %s of %s on %s", p.name, in.Layer(), in.Model.Name, g.name)
	}
	return outcomes, err
}

// add turns the outcomes of a protocol into results and curves.
func (s *session) add(p named, in Input, g group, outcomes []Outcome) error {
	for _, o := range outcomes {
		r := record.Result{
			Model:    in.Model.Name,
			Task:     g.name,
			Protocol: p.pinned(o, in.Layer(), g.cutName(o)),
			Layer:    in.Layer(),
			Split:    g.test.name,
			Metric:   o.Metric,
			Value:    o.Value,
			N:        o.N,
			Seed:     in.Model.Seed,
			Run:      in.Model.Run,
			Data:     g.data,
			Weights:  in.Model.Weights,
			Chosen:   o.Chosen,
		}

		// Without a task it is a measure without labels, which brings its own value.
		if o.Task != "" {
			if err := s.score(&r, in, g, o); err != nil {
				return err
			}
		}
		if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
			return fmt.Errorf("%s is %v", r.Metric, r.Value)
		}
		s.pending = append(s.pending, r)
	}
	return nil
}

// score compares the predictions of an outcome with the labels of the test images.
func (s *session) score(r *record.Result, in Input, g group, o Outcome) error {
	t, err := g.task(o.Task)
	if err != nil {
		return err
	}
	r.Task, r.Metric, r.N = t.Name, record.MetricAccuracy, g.test.N

	// A probe that was trained epoch by epoch counts by its last one; the others are for the curve.
	repetitions := o.Predicted
	if o.Curve != nil {
		repetitions = [][]int32{o.Curve.Predicted}
		c := record.Curve{
			Model:    r.Model,
			Task:     r.Task,
			Protocol: r.Protocol,
			Layer:    r.Layer,
			Seed:     r.Seed,
			Run:      r.Run,
			Train:    o.Curve.TrainAccuracy,
		}
		for _, predicted := range o.Curve.PredictedAt {
			accuracy, err := probe.Accuracy(predicted, t.test, t.Classes)
			if err != nil {
				return err
			}
			c.Test = append(c.Test, accuracy)
		}
		s.curves = append(s.curves, c)
	}

	if len(repetitions) == 0 {
		return fmt.Errorf("there are no predictions for task %s", t.Name)
	}

	// The mean over repetitions; most protocols have one.
	r.Value = 0
	for _, predicted := range repetitions {
		accuracy, err := probe.Accuracy(predicted, t.test, t.Classes)
		if err != nil {
			return fmt.Errorf("task %s: %w", t.Name, err)
		}
		r.Value += accuracy / float64(len(repetitions))
	}
	return nil
}

// viewMaker makes views of the test images of a group when a protocol asks for them, once for all models and layers.
type viewMaker struct {
	session *session
	group   group
	views   []dataset.Images
}

// features returns the features of a layer for each view, made by the pipelines of the run that is evaluated.
func (v *viewMaker) features(ctx context.Context, m *model, layer string) (all []probe.Features, err error) {
	if m.Network == nil {
		return nil, fmt.Errorf("%s has no views", m.Name)
	}

	// All models see the same views, made by the pipelines of the run that is evaluated.
	images := v.group.test.Images
	images = images.Slice(0, min(viewedImages, images.N))
	if v.views == nil {
		c := v.session.models[len(v.session.models)-1].config
		if v.views, err = c.Views.Show(v.session.handle.Backend, images, c.Seed, viewedEpochs); err != nil {
			return nil, err
		}
	}

	n := m.networkOf(layer)
	for _, view := range v.views {
		layers, err := encode(ctx, n.Network, view, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, layers[slices.Index(n.Layers(), layer)])
	}
	return all, nil
}
