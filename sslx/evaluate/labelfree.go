package evaluate

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// Numbers of images that measures without labels are taken on: a few thousand make them stable to the second digit.
const (
	uniformityImages = 2000 // pairs are counted on the host
	viewedImages     = 1000 // n of LiDAR (Thilak et al. 2023, section 5)
	viewedEpochs     = 5    // each gives one view a pipeline: ten views of the usual two
	comparedImages   = 5000
)

// LabelFree takes measures of the test features that no label enters: RankMe, alpha-ReQ, uniformity, the mean standard
// deviation of a dimension, and, of views made as in training, alignment and LiDAR. See [probe.RankMe],
// [probe.AlphaReQ], [probe.Uniformity], [probe.StdPerDimension], [probe.Alignment] and [probe.LiDAR].
type LabelFree struct{}

// Measures leaves out raw pixels.
func (LabelFree) Measures(m Model, _ string) bool { return m.Network != nil }

// Unlabeled returns true.
func (LabelFree) Unlabeled() bool { return true }

// Measure takes all measures of one layer.
func (LabelFree) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	// Measures of the images as they are.
	rank, err := probe.RankMe(in.Test)
	if err != nil {
		return nil, err
	}
	alpha, decays, err := probe.AlphaReQ(in.Test)
	if err != nil {
		return nil, err
	}
	some := in.Test.Head(uniformityImages)
	uniformity, err := probe.Uniformity(some)
	if err != nil {
		return nil, err
	}
	deviations, err := probe.StdPerDimension(in.Test.Normalized())
	if err != nil {
		return nil, err
	}

	// Measures of their views.
	views, err := in.Views(ctx)
	if err != nil {
		return nil, err
	}
	alignment, err := probe.Alignment(views[0], views[1])
	if err != nil {
		return nil, err
	}
	lidar, err := probe.LiDAR(views)
	if err != nil {
		return nil, err
	}

	// Each measure is a family of its own.
	outcome := func(metric, details string, value float64, n int) Outcome {
		return Outcome{Metric: metric, Protocol: record.Protocol{Family: metric, Details: details}, Value: value, N: n}
	}
	all := []Outcome{
		outcome(record.MetricRankMe, "", rank, in.Test.N),
		outcome(record.MetricLiDAR, fmt.Sprintf("q%d", len(views)), lidar, views[0].N),
		outcome(record.MetricAlignment, "", alignment, views[0].N),
		outcome(record.MetricUniformity, "", uniformity, some.N),
		outcome(record.MetricStd, "", stat.Mean(deviations, nil), in.Test.N),
	}
	if decays {
		all = append(all, outcome(record.MetricAlphaReQ, "", alpha, in.Test.N))
	} else {
		in.Warnf("alpha-ReQ of %s is left out: its features have fewer than five directions", in.Model.Name)
	}
	return all, nil
}

// CKA is the similarity of the encoder's output of the run to that of each other network, untrained or of a run that it
// is compared with; see [probe.CKA].
type CKA struct{}

// Measures keeps the encoder's output of the run that is evaluated.
func (CKA) Measures(m Model, layer string) bool { return m.Main && layer == record.LayerEncoder }

// Unlabeled returns true.
func (CKA) Unlabeled() bool { return true }

// Measure compares the run with each other network.
func (CKA) Measure(_ context.Context, in Input) (all []Outcome, err error) {
	own := in.Test.Head(comparedImages)
	if len(in.Others) == 0 {
		in.Warnf("cka has no other network to compare run %s with: measure the baselines too, or compare with a run",
			in.Model.Run)
	}
	for _, other := range in.Others {
		value, err := probe.CKA(own, other.Test)
		if err != nil {
			return all, err
		}

		// Untrained networks belong to the run; a trained one is named by its own.
		name := other.Model.Name
		if other.Model.Run != in.Model.Run {
			name = other.Model.Run
		}
		all = append(all, Outcome{Metric: record.MetricCKA, Value: value, N: own.N,
			Protocol: record.Protocol{Family: record.MetricCKA, Details: "linear/" + name}})
	}
	return all, nil
}
