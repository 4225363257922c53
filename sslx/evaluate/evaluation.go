package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// evaluation measures several models on groups of tasks.
type evaluation struct {
	ctx       context.Context
	backend   compute.Backend
	programs  *probe.Programs
	opt       Options
	protocols []protocol
	run       *dataset.Set
	models    []measured // floors first, the run's own last
	viewed    viewed
	results   []record.Result
	curves    []record.Curve
}

// measured is a model whose features are measured.
type measured struct {
	name    string // pixels, untrained, or the training method
	run     string
	seed    uint64
	config  pretrain.Config
	network *pretrain.Network // nil for raw pixels
	frozen  *probe.FrozenCheck
}

// newMeasured remembers the variables of a network, to prove in the end that they are the same.
func newMeasured(name, run string, c pretrain.Config, n *pretrain.Network) (m measured, err error) {
	m = measured{name: name, run: run, seed: c.Seed, config: c, network: n}
	variables, err := n.Variables()
	if err == nil {
		m.frozen, err = probe.NewFrozenCheck(variables)
	}
	return m, err
}

// verify returns an error when a variable of the network is no longer what it was.
func (m measured) verify() error {
	if m.network == nil {
		return nil
	}
	variables, err := m.network.Variables()
	if err != nil {
		return err
	}
	return m.frozen.Verify(variables)
}

// features is what a layer of a model makes of the images of a group.
type features struct {
	layer       string
	train, test probe.Features
}

// group measures every model on the tasks of a group by every protocol.
func (e *evaluation) group(g group) error {
	var compared []probe.Features
	for _, m := range e.models {
		layers, err := e.features(m, g)
		if err != nil {
			return err
		}
		for _, f := range layers {
			for _, p := range e.protocols {
				if err := e.ctx.Err(); err != nil {
					return err
				}
				if p.measure == nil || !p.sees(m, f.layer) {
					continue
				}
				e.opt.Report(fmt.Sprintf("%s of %s on %s", p.name, m.name, g.name), 0, 0, "")
				if err := p.measure(e, m, g, f); err != nil {
					return fmt.Errorf("%s of %s on %s: %w", p.name, m.name, g.name, err)
				}
			}
		}
		if m.network != nil {
			compared = append(compared, head(layers[0].test, compareImages))
		}
	}
	return e.compare(g, compared)
}

// features returns the train and test features of each layer of a model, from the cache where it has them.
func (e *evaluation) features(m measured, g group) ([]features, error) {
	if m.network == nil {
		return pixelFeatures(g, e.run.Height(), e.run.Width()), nil
	}
	train, err := e.encode(m, g.train, g)
	if err != nil {
		return nil, err
	}
	test, err := e.encode(m, g.test, g)
	if err != nil {
		return nil, err
	}
	all := make([]features, len(train))
	for i, layer := range m.network.Layers() {
		all[i] = features{layer, train[i], test[i]}
	}
	return all, nil
}

// encode returns the features of the images of a split, one matrix a layer.
func (e *evaluation) encode(m measured, p part, g group) ([]probe.Features, error) {
	layers := m.network.Layers()
	keys, all := make([]string, len(layers)), make([]probe.Features, len(layers))
	missing := false
	mean, std := m.network.Stats()
	for i, layer := range layers {
		var ok bool
		keys[i] = probe.CacheKey(featuresVersion, m.frozen.Hash(), fmt.Sprint(mean, std), encoder.NameOf(m.config.Encoder), fmt.Sprint(m.config.Encoder),
			g.id, p.split, fmt.Sprint(e.run.Height(), e.run.Width()), layer)
		all[i], ok = e.opt.cache().Get(keys[i])
		missing = missing || !ok
	}
	if !missing {
		return all, nil
	}
	x, err := m.network.Features(e.ctx, e.images(p), func(done int) {
		e.opt.Report(fmt.Sprintf("%s features of %s on %s", p.split, m.name, g.name), int64(done), int64(p.n), "")
	})
	if err != nil {
		return nil, err
	}
	for i, layer := range layers {
		all[i] = probe.Features{N: p.n, D: m.network.Width(layer), X: x[i]}
		if err := e.opt.cache().Put(keys[i], all[i]); err != nil {
			e.opt.Warnf("features are not kept for the next time: %v", err)
		}
	}
	return all, nil
}

// images returns the images of a part, in the size of the run's.
func (e *evaluation) images(p part) dataset.Images {
	return dataset.Images{Pixels: p.pixels, N: p.n, Height: e.run.Height(), Width: e.run.Width()}
}

// featuresVersion is part of the key of cached features: it changes when the code that makes them does.
const featuresVersion = "1"

// head returns the first rows of f, at most n.
func head(f probe.Features, n int) probe.Features {
	n = min(n, f.N)
	return probe.Features{N: n, D: f.D, X: f.X[:n*f.D]}
}

// add appends a result of a model to the results.
func (e *evaluation) add(m measured, r record.Result) error {
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return fmt.Errorf("%s is %v", r.Metric, r.Value)
	}
	r.Model, r.Seed, r.Run = m.name, m.seed, m.run
	e.results = append(e.results, r)
	return nil
}

// score adds the accuracy of predictions for a task to the results.
func (e *evaluation) score(m measured, g group, t task, layer, protocol string, predicted []int32,
	chosen map[string]float64) error {
	value, err := probe.Accuracy(predicted, t.test, t.classes)
	if err != nil {
		return err
	}
	return e.add(m, record.Result{Task: t.name, Protocol: record.ParseProtocol(protocol), Layer: layer,
		Split: g.test.split, Metric: record.MetricAccuracy, Value: value, N: g.test.n, Chosen: chosen})
}
