package evaluate

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// Numbers of images that measures without labels are taken on: a few thousand make them stable to the second digit.
const (
	uniformityImages = 2000 // pairs are counted on the host
	viewedImages     = 1000 // n of LiDAR (Thilak et al. 2023, section 5)
	viewedEpochs     = 5    // each gives one view a pipeline: ten views of the usual two
	compareImages    = 5000
)

// labelFree adds measures of the test features that no label enters: RankMe, uniformity, the mean standard deviation of
// a dimension, and of views made as in training alignment and LiDAR.
func (e *evaluation) labelFree(m measured, g group, f features) error {
	rank, err := probe.RankMe(f.test)
	if err != nil {
		return err
	}
	some := head(f.test, uniformityImages)
	uniformity, err := probe.Uniformity(some)
	if err != nil {
		return err
	}
	deviations, err := probe.StdPerDimension(f.test.Normalized())
	if err != nil {
		return err
	}
	views, err := e.views(m, g, f.layer)
	if err != nil {
		return err
	}
	alignment, err := probe.Alignment(views[0], views[1])
	if err != nil {
		return err
	}
	lidar, err := probe.LiDAR(views)
	if err != nil {
		return err
	}
	for _, r := range []record.Result{
		{Metric: record.MetricRankMe, Value: rank, N: f.test.N},
		{Metric: record.MetricLiDAR, Protocol: record.Protocol{Details: fmt.Sprintf("q%d", len(views))}, Value: lidar, N: views[0].N},
		{Metric: record.MetricAlignment, Value: alignment, N: views[0].N},
		{Metric: record.MetricUniformity, Value: uniformity, N: some.N},
		{Metric: record.MetricStd, Value: stat.Mean(deviations, nil), N: f.test.N},
	} {
		r.Task, r.Layer, r.Split = g.name, f.layer, g.test.split
		r.Protocol.Family, r.Protocol.Layer = r.Metric, f.layer
		if err := e.add(m, r); err != nil {
			return err
		}
	}
	return nil
}

// views returns the features of a layer for views of test images, made by the pipelines of the run that is measured.
func (e *evaluation) views(m measured, g group, layer string) (all []probe.Features, err error) {
	n := min(viewedImages, g.test.n)
	if e.viewed.group != g.id {
		c := e.models[len(e.models)-1].config
		views, err := c.Views.Show(e.backend, e.images(g.test).Slice(0, n), c.Seed, viewedEpochs)
		if err != nil {
			return nil, err
		}
		e.viewed = viewed{g.id, views}
	}
	at := slices.Index(m.network.Layers(), layer)
	for _, images := range e.viewed.views {
		x, err := m.network.Features(e.ctx, images, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, probe.Features{N: n, D: m.network.Width(layer), X: x[at]})
	}
	return all, nil
}

// viewed is views of the images of a group.
type viewed struct {
	group string // its id
	views []dataset.Images
}

// compare adds the similarity of the representations of the run's model, which is the last, to those of each other
// network.
func (e *evaluation) compare(g group, representations []probe.Features) error {
	if !e.wants(ProtocolCKA) {
		return nil
	}
	last := len(representations) - 1
	run := e.models[len(e.models)-1]
	others := e.models[len(e.models)-1-last:]
	for i, f := range representations[:last] {
		value, err := probe.CKA(representations[last], f)
		if err != nil {
			return err
		}
		name := others[i].name
		if others[i].run != run.run {
			name = others[i].run
		}
		if err := e.add(run, record.Result{Task: g.name,
			Protocol: record.Protocol{Family: ProtocolCKA, Details: "linear/" + name, Layer: pretrain.LayerEncoder},
			Layer:    pretrain.LayerEncoder, Split: g.test.split, Metric: record.MetricCKA, Value: value, N: f.N}); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) wants(name string) bool {
	return slices.ContainsFunc(e.protocols, func(p protocol) bool { return p.name == name })
}
