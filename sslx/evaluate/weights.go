package evaluate

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// IsWeights reports whether a path is that of a file of weights, by its ending; otherwise it is a run's.
func IsWeights(path string) bool { return strings.EqualFold(filepath.Ext(path), weights.Ending) }

// Weights measures an encoder from a file of weights on the data set opt.Data, as Run measures that of a run, by all
// protocols. Results name the file and have its fingerprint; they are returned and kept nowhere. To keep them in the
// folder of a run, compare the run with the weights (see Options.Compare).
//
// Images are brought to the size of the weights' input. What neither the file nor opt.Weights says of the input is a
// usage error that asks for it.
func Weights(ctx context.Context, path string, opt Options) (results []record.Result, err error) {
	s := session{opt: opt}
	if s.protocols, err = protocolsNamed(opt.Protocols); err != nil {
		return nil, err
	}
	w, err := readWeights(path, opt.Weights)
	if err != nil {
		return nil, err
	}
	if opt.Data == "" {
		return nil, usage.About("data", "%s has no data of its own: name the data set to measure it on", path)
	}

	// What can be refused is refused before the back end is opened.
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
	if err := s.load(load, set.Height(), set.Width()); err != nil {
		return nil, err
	}

	measure := s.measure
	if opt.Validation {
		measure = func(ctx context.Context, g group) error { return s.measure(ctx, g.validation()) }
	}
	o := opener{opt: opt.Options, run: set, taken: map[string]string{}, validation: opt.Validation,
		unlabeled: s.unlabeled()}
	err = o.each(ctx, plan, measure)
	return s.results, err
}

// readWeights reads a file of weights whose input is known.
func readWeights(path string, opt weights.Options) (*weights.Weights, error) {
	w, err := weights.Read(path, opt)
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
