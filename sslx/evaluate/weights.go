package evaluate

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/onnx"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// IsWeights reports whether a path names a file of weights, by its ending; otherwise it is a run's.
func IsWeights(path string) bool {
	return strings.EqualFold(filepath.Ext(path), weights.Ending) || onnx.IsFile(path)
}

// Weights measures an encoder from a file of weights on the data set opt.Data, as Run measures a run's, by all
// protocols. Results name the file and have its fingerprint; they are returned and kept nowhere. To keep them in the
// folder of a run, compare the run with the weights (see Options.Compare).
//
// An ONNX file is measured by all protocols but fine-tuning, without the untrained encoder: it cannot be trained, and
// has no initial values. Options.Layers may name one value of its graph.
//
// Images are brought to the size of the weights' input. What neither the file nor opt.Weights says of the input is a
// usage error that asks for it.
func Weights(ctx context.Context, path string, opt Options) (results []record.Result, err error) {
	s := session{opt: opt}
	if s.protocols, err = protocolsNamed(opt.Protocols); err != nil {
		return nil, err
	}
	layer, err := oneLayer(opt.Layers)
	if err != nil {
		return nil, err
	}
	w, err := readWeights(path, layer, opt.Weights)
	if err != nil {
		return nil, err
	}
	s.opt.Layers = nil // the network has one, whatever it is called in the file
	if opt.Data == "" {
		return nil, usage.About("data", "%s has no data of its own: name the data set to measure it on", path)
	}

	// What can be refused is refused before the backend is opened.
	set, err := open.Data(ctx, opt.Data, w.Input.Size, "", opt.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	plan, err := planner{set: set}.plan(opt.Tasks)
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

	handle, err := open.Backend(ctx, opt.Options)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	defer s.close()
	if err := s.start(handle); err != nil {
		return nil, err
	}
	load := func() (*model, error) { return s.openWeights(w, set.Height(), set.Width()) }
	if err := s.load(ctx, load, set); err != nil {
		return nil, err
	}

	measure := s.measure
	if opt.Validation {
		measure = func(ctx context.Context, g group) error { return s.measure(ctx, g.validation()) }
	}
	o := opener{opt: opt.Options, run: set, taken: map[string]string{}, validation: opt.Validation,
		unlabeled: s.unlabeled()}
	if err = o.each(ctx, plan, measure); err == nil {
		s.warnUnasked()
	}
	return s.results, err
}

// oneLayer returns the layer of a file of weights that is asked for, "" for its output.
func oneLayer(layers []string) (string, error) {
	switch len(layers) {
	case 0:
		return "", nil
	case 1:
		return layers[0], nil
	}
	return "", usage.About("layers", "%d layers are asked for: a file of weights is measured one layer at a time",
		len(layers))
}

// readWeights reads a file of weights whose input is known.
func readWeights(path, layer string, opt weights.Options) (*weights.Weights, error) {
	w, err := pretrain.ReadWeights(path, layer, opt)
	if err != nil {
		return nil, err
	}
	return w, w.Complete()
}

// openWeights opens the network of a file of weights.
func (s *session) openWeights(w *weights.Weights, height, width int) (*model, error) {
	name := filepath.Base(w.Path)
	m := &model{
		config: pretrain.WeightsConfig(w),
		Model:  Model{Name: name, Run: name, Weights: w.Fingerprint},
	}
	return m, m.openNetworks(nil, func(...string) (*pretrain.Network, error) {
		return pretrain.LoadWeights(s.handle.Backend, w, height, width)
	})
}
