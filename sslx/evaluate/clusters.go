package evaluate

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

const (
	clusteredImages = 10000
	retrievalImages = 2000 // queries; each ranks all test images
)

// Clusters puts the test images into as many clusters as a task has classes, without labels, and compares clusters with
// labels; see [probe.Cluster], [probe.MutualInformation] and [probe.RandIndex].
type Clusters struct{ probe.ClusterOptions }

// Measures leaves out raw pixels.
func (Clusters) Measures(m Model, _ string) bool { return m.Network != nil }

// Measure clusters once for each number of classes.
func (p Clusters) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	// Images may be sorted by class: those that are taken are spread over all.
	rows := make([]int, min(in.Test.N, clusteredImages))
	for i := range rows {
		rows[i] = spread(i, len(rows), in.Test.N)
	}
	features, known := in.Test.Pick(rows), map[int]probe.Clusters{}
	return eachTask(in, func(t Task) (Outcome, error) {
		if err := ctx.Err(); err != nil {
			return Outcome{}, err
		}
		found, ok := known[t.Classes]
		if !ok {
			var err error
			if found, err = probe.Cluster(features, min(t.Classes, features.N), p.ClusterOptions); err != nil {
				return Outcome{}, err
			}
			known[t.Classes] = found
		}
		return Outcome{Protocol: pin(p.ClusterOptions), score: func(test []int32) ([]scored, error) {
			labels := probe.PickLabels(test, rows)
			information, err := probe.MutualInformation(found.Of, labels)
			if err != nil {
				return nil, err
			}
			index, err := probe.RandIndex(found.Of, labels)
			return []scored{{metric: record.MetricNMI, value: information, n: len(rows)},
				{metric: record.MetricARI, value: index, n: len(rows)}}, err
		}}, nil
	})
}

// Retrieval ranks the test images by their similarity to each of some of them; see [probe.AveragePrecision].
type Retrieval struct{}

// Measures leaves out raw pixels.
func (Retrieval) Measures(m Model, _ string) bool { return m.Network != nil }

// Measure has nothing to choose: the labels of the test images are compared with the ranking.
func (Retrieval) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	protocol := record.Protocol{Family: ProtocolRetrieval, Details: fmt.Sprintf("cosine/q%d", retrievalImages)}
	return eachTask(in, func(t Task) (Outcome, error) {
		return Outcome{Protocol: protocol, score: func(test []int32) ([]scored, error) {
			value, n, err := probe.AveragePrecision(in.Test, test, retrievalImages)
			if usage.Is(err) {
				in.Warnf("%s is left out for %s: %v", ProtocolRetrieval, t.Name, err)
				return nil, nil
			}
			return []scored{{metric: record.MetricRetrieval, value: value, n: n}}, err
		}}, ctx.Err()
	})
}
