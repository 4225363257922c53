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
	asked     []string    // names of the protocols that measured something, or tried

	results []record.Result // that the run folder has
	pending []record.Result // of the model that is being measured
	curves  []record.Curve  // likewise

	confusions []record.Confusion // likewise
}

// start opens the programs that protocols share.
func (s *session) start(handle *backend.Handle) (err error) {
	s.handle = handle
	s.programs, err = probe.NewPrograms(handle.Backend)
	return err
}

// unlabeled reports whether one of the protocols needs no labels.
func (s *session) unlabeled() bool { return slices.ContainsFunc(s.protocols, named.unlabeled) }

// labeled reports whether one of the protocols needs labels.
func (s *session) labeled() bool {
	return slices.ContainsFunc(s.protocols, func(p named) bool { return !p.unlabeled() })
}

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
		s.addEncoding(&in, m, g)
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

// addEncoding gives an input the functions that make features of other images.
func (s *session) addEncoding(in *Input, m *model, g group) {
	layer := in.Layer()
	in.encode = func(ctx context.Context, images dataset.Images) (probe.Features, error) {
		if m.Network == nil {
			return probe.Features{}, fmt.Errorf("%s encode no images", m.Name)
		}
		n := m.networkOf(layer)
		layers, err := encode(ctx, n.Network, images, nil)
		if err != nil {
			return probe.Features{}, err
		}
		return layers[slices.Index(n.Layers(), layer)], nil
	}

	// Features that take minutes are kept under a name that says how they were made.
	in.derived = func(_ context.Context, name string, make func() (probe.Features, error)) (probe.Features, error) {
		cache := featureCache()
		key := s.cacheKey(m, m.networkOf(layer), part{name, g.test.Images}, g, layer)
		if f, ok := cache.Get(key); ok {
			f.Layer = layer
			return f, nil
		}
		f, err := make()
		if err == nil {
			if err := cache.Put(key, f); err != nil {
				s.opt.Warnf("features are not kept for the next time: %v", err)
			}
		}
		return f, err
	}
}

// ask measures one layer by one protocol. A panic is an error that names the protocol, which may be of another module,
// and a protocol that returns nothing without a word is noted.
func (s *session) ask(ctx context.Context, p named, in Input, g group) (outcomes []Outcome, err error) {
	if !slices.Contains(s.asked, p.name) {
		s.asked = append(s.asked, p.name)
	}
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
		s.opt.Warnf("protocol %s returned no result for layer %s of %s on %s", p.name, in.Layer(), in.Model.Name,
			g.name)
	}
	return outcomes, err
}

// warnUnasked names each protocol that the caller chose and that measures none of the layers and data that there were.
func (s *session) warnUnasked() {
	for _, name := range s.opt.Protocols {
		if name != AllProtocols && !slices.Contains(s.asked, name) {
			s.opt.Warnf("protocol %s measured nothing: it measures none of the layers and tasks that were asked for",
				name)
		}
	}
}

// add turns the outcomes of a protocol into results, curves and counts of predictions.
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
		results := []record.Result{r}
		if o.Task != "" {
			var err error
			if results, err = s.score(r, p, in, g, o); err != nil {
				return fmt.Errorf("task %s: %w", o.Task, err)
			}
		}
		for _, r := range results {
			if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
				return fmt.Errorf("%s is %v", r.Metric, r.Value)
			}
			s.pending = append(s.pending, r)
		}
	}
	return nil
}

// score compares an outcome with the labels of the test images. The results begin as r.
func (s *session) score(r record.Result, p named, in Input, g group, o Outcome) (all []record.Result, err error) {
	t, err := g.task(o.Task)
	if err != nil {
		return nil, err
	}
	r.Task = t.Name
	guessing := 1 / float64(t.Classes)
	if o.score != nil {
		measures, err := o.score(t.test)
		for _, m := range measures {
			r := r
			if m.protocol != (record.Protocol{}) {
				r.Protocol = p.pinned(Outcome{Protocol: m.protocol}, in.Layer(), g.cutName(o))
			}
			r.Metric, r.Value, r.N, r.Parts = m.metric, m.value, m.n, m.parts
			if record.IsAccuracy(m.metric) {
				r.Chance = guessing
			}
			all = append(all, r)
		}
		return all, err
	}

	// A probe that was trained epoch by epoch counts by its last one; the others are for the curve.
	repetitions := o.Predicted
	if o.Curve != nil {
		repetitions = [][]int32{o.Curve.Predicted}
		if err := s.addCurve(r, t, o.Curve); err != nil {
			return nil, err
		}
	}
	if len(repetitions) == 0 {
		return nil, errors.New("there are no predictions")
	}

	// The mean over repetitions; most protocols have one.
	r.Chance = guessing
	accuracy, balanced := r, r
	accuracy.Metric, accuracy.N = record.MetricAccuracy, g.test.N
	balanced.Metric, balanced.N = record.MetricBalanced, g.test.N
	accuracy.Value, balanced.Value = 0, 0
	imbalanced := false
	for _, predicted := range repetitions {
		score, err := probe.Score(predicted, t.test, t.Classes)
		if err != nil {
			return nil, err
		}
		accuracy.Value += score.Accuracy / float64(len(repetitions))
		balanced.Value += score.Balanced / float64(len(repetitions))
		imbalanced = score.Imbalanced()
		if len(repetitions) == 1 {
			s.addConfusion(r, t, score)
		}
	}

	// Classes of about one size have one accuracy, a few images no mean over classes, and few classes no five best.
	all = append(all, accuracy)
	if imbalanced && g.test.N >= balancedImages {
		all = append(all, balanced)
	}
	if o.Ranking.K == ranks && t.Classes > 2*ranks {
		top := accuracy
		top.Metric, top.Chance = record.MetricTop5, ranks*guessing
		if top.Value, err = o.Ranking.TopK(t.test); err != nil {
			return nil, err
		}
		all = append(all, top)
	}
	return all, nil
}

// addCurve adds the course of a probe of a result.
func (s *session) addCurve(r record.Result, t Task, course *probe.CurveResult) error {
	c := record.Curve{Model: r.Model, Task: r.Task, Protocol: r.Protocol, Layer: r.Layer, Seed: r.Seed, Run: r.Run,
		Train: course.TrainAccuracy}
	for _, predicted := range course.PredictedAt {
		accuracy, err := probe.Accuracy(predicted, t.test, t.Classes)
		if err != nil {
			return err
		}
		c.Test = append(c.Test, accuracy)
	}
	s.curves = append(s.curves, c)
	return nil
}

// balancedImages is the fewest test images of which the accuracy by class tells something.
const balancedImages = 100

// confusedClasses is the most classes of which predictions are counted by class: counts grow with their square.
const confusedClasses = 100

// addConfusion adds the counts of the predictions of a result.
func (s *session) addConfusion(r record.Result, t Task, score probe.Report) {
	if t.Classes > confusedClasses {
		return
	}
	names := t.names
	for class := len(names); class < t.Classes; class++ {
		names = append(names, fmt.Sprint(class))
	}
	s.confusions = append(s.confusions, record.Confusion{Model: r.Model, Task: r.Task, Protocol: r.Protocol,
		Layer: r.Layer, Split: r.Split, Seed: r.Seed, Run: r.Run, Data: r.Data, Classes: names,
		Counts: score.Confusion})
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
		if v.views, err = c.LastViews().Sample(v.session.handle.Backend, images, c.Seed, viewedEpochs); err != nil {
			return nil, err
		}
	}

	n := m.networkOf(layer)
	for _, view := range v.views {
		x, err := n.ViewFeatures(ctx, view)
		if err != nil {
			return nil, err
		}
		all = append(all, probe.Features{N: view.N, D: n.Width(layer), X: x[slices.Index(n.Layers(), layer)],
			Layer: layer})
	}
	return all, nil
}
