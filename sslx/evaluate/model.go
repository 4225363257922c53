package evaluate

import (
	"context"
	"errors"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// Model is a network whose representations are measured, or raw pixels.
type Model struct {
	// Name is one of record.Baselines, the name of the training method, or the name of a file of weights.
	Name string

	// Run is the name of the model's run folder, and Seed the run's seed. For a file of weights Run is the name of the
	// file, which is the model's too, and Weights its fingerprint.
	Run     string
	Seed    uint64
	Weights string

	// Main marks the run that is evaluated; it is not set for baselines and for runs that it is compared with.
	Main bool

	// Network is nil for raw pixels. Its variables must not change.
	Network *pretrain.Network
}

// model is a Model with what a session needs to know of it.
type model struct {
	Model
	config   pretrain.Config
	layers   []string // that are measured
	networks []network
}

// network is a compiled network whose variables are watched.
type network struct {
	*pretrain.Network
	frozen *probe.FrozenCheck
}

// openNetworks adds the networks that give the model's layers. The encoder's output always comes from a program without
// the projector, and the layers of the projector from one with all of them: compilers round a layer differently
// in programs with different outputs, and a number must not depend on the other layers that are measured.
func (m *model) openNetworks(layers []string, open func(layers ...string) (*pretrain.Network, error)) error {
	m.layers = layers
	if len(layers) == 0 {
		m.layers = []string{record.LayerEncoder}
	}

	known := pretrain.Layers(m.config)
	for _, layer := range m.layers {
		if !slices.Contains(known, layer) {
			return usage.Unknown("layer", layer, known)
		}
	}

	var programs [][]string
	if slices.Contains(m.layers, record.LayerEncoder) {
		programs = append(programs, []string{record.LayerEncoder})
	}
	if slices.ContainsFunc(m.layers, func(layer string) bool { return layer != record.LayerEncoder }) {
		programs = append(programs, known)
	}

	for _, outputs := range programs {
		opened, err := open(outputs...)
		if opened != nil {
			m.networks = append(m.networks, network{Network: opened}) // whatever happens, close releases it
		}
		if err != nil {
			return err
		}

		variables, err := opened.Variables()
		if err != nil {
			return err
		}
		if m.networks[len(m.networks)-1].frozen, err = probe.NewFrozenCheck(variables); err != nil {
			return err
		}
	}
	m.Network = m.networks[0].Network
	return nil
}

// networkOf returns the network that a layer's features are taken from.
func (m *model) networkOf(layer string) network {
	if layer == record.LayerEncoder {
		return m.networks[0]
	}
	return m.networks[len(m.networks)-1]
}

// verify returns an error when a variable of the model is no longer what it was.
func (m *model) verify() error {
	for _, n := range m.networks {
		variables, err := n.Variables()
		if err != nil {
			return err
		}
		if err := n.frozen.Verify(variables); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) close() {
	for _, n := range m.networks {
		n.Close()
	}
}

// load opens the models for images of the size of a set: baselines, what to compare with, and the model itself, which
// open opens. The set is what the model was trained on, or, for a file of weights, is measured on.
func (s *session) load(ctx context.Context, open func() (*model, error), set *dataset.Set) error {
	height, width := set.Height(), set.Width()
	own, err := open()
	// open returns a model even with an error: its networks are closed like the others.
	own.Main = true
	defer func() { s.models = append(s.models, own) }() // last; the session closes it whatever happens
	if err != nil {
		return err
	}

	baseline := func(name string) *model {
		m := &model{Model: Model{Name: name, Run: own.Run, Seed: own.Seed}, config: own.config}
		s.models = append(s.models, m)
		return m
	}
	if s.opt.Baselines {
		baseline(record.ModelPixels)
	}
	if !own.Network.Trainable() {
		s.opt.Warnf("%s cannot be trained: it is measured without an untrained encoder, and not by fine-tuning",
			own.Name)
	}

	if s.opt.Baselines && own.Network.Trainable() {
		// The untrained encoder sees images normalized as in training.
		mean, std := own.Network.Stats()
		untrained := func(layers ...string) (*pretrain.Network, error) {
			return pretrain.Untrained(s.handle.Backend, own.config, mean, std, height, width, layers...)
		}
		if err := baseline(record.ModelUntrained).openNetworks(s.opt.Layers, untrained); err != nil {
			return err
		}
		if err := set.Guard(func() error { return s.loadAdapted(ctx, untrained, baseline, set) }); err != nil {
			return err
		}
	}

	for _, path := range s.opt.Compare {
		other, err := s.openCompared(path, height, width)
		if other != nil {
			s.models = append(s.models, other)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadAdapted opens the untrained encoder whose batch normalization has the running statistics of the training images,
// where there is batch normalization.
func (s *session) loadAdapted(ctx context.Context, untrained func(layers ...string) (*pretrain.Network, error),
	baseline func(name string) *model, set *dataset.Set) error {
	if s.changed {
		return nil // the statistics would come from other data
	}
	train, err := set.Split(record.SplitTrain)
	if err != nil {
		return err
	}

	m := baseline(record.ModelUntrainedBN)
	differs := false
	err = m.openNetworks(s.opt.Layers, func(layers ...string) (*pretrain.Network, error) {
		n, err := untrained(layers...)
		if err != nil {
			return nil, err
		}
		adapted, err := n.AdaptNorm(ctx, s.handle.Backend, train.Images)
		differs = differs || adapted
		return n, err
	})
	if err == nil && !differs {
		s.models = s.models[:len(s.models)-1] // the same as without statistics
		m.close()
	}
	return err
}

// openCompared opens the networks of another run, or of a file of weights.
func (s *session) openCompared(path string, height, width int) (*model, error) {
	if IsWeights(path) {
		w, err := readWeights(path, "", s.opt.Weights)
		if err != nil {
			return nil, err
		}
		return s.openWeights(w, height, width)
	}
	run, err := pretrain.ReadFinishedRun(path)
	if err != nil {
		return nil, err
	}
	return s.openTrained(run, height, width)
}

// openTrained opens the networks of a run.
func (s *session) openTrained(run pretrain.FinishedRun, height, width int) (*model, error) {
	c := run.Config
	m := &model{config: c, Model: Model{Name: objective.NameOf(c.Objective), Run: record.Name(run.Dir), Seed: c.Seed}}
	return m, m.openNetworks(s.opt.Layers, func(layers ...string) (*pretrain.Network, error) {
		return pretrain.Load(s.handle.Backend, c, record.CheckpointPath(run.Dir), height, width, layers...)
	})
}

// closeModels releases the networks of all models.
func (s *session) closeModels() {
	for _, m := range s.models {
		m.close()
	}
}

// keep writes the results of a model to the run folder, unless the model has changed while it was measured.
func (s *session) keep(m *model) error {
	if err := m.verify(); err != nil {
		return err
	}

	results, curves, confusions := s.pending, s.curves, s.confusions
	s.pending, s.curves, s.confusions = nil, nil, nil
	s.results = append(s.results, results...)
	if s.run == nil || s.opt.Unfinished {
		return nil
	}
	return errors.Join(s.run.AddResults(results), s.run.AddCurves(curves), s.run.AddConfusions(confusions))
}
