package evaluate

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/sslx/dataset/corrupt"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// corruptedImages is the most test images that are corrupted, each in 65 ways.
const corruptedImages = 2000

// corruptionsVersion is part of the name of cached features: it changes when the corruptions do.
const corruptionsVersion = "1"

// Corruptions measures what noise, blur, weather and digital processing of the test images cost a linear probe that was
// fitted on clean training images: the accuracy by corruption and severity, in the manner of CIFAR-10-C. See package
// corrupt. Nothing is chosen on corrupted images.
type Corruptions struct{ probe.LinearOptions }

// Measures leaves out raw pixels.
func (Corruptions) Measures(m Model, _ string) bool { return m.Network != nil }

// Measure fits the probe once for each task, and predicts all corrupted images.
func (p Corruptions) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	if in.TestImages.Depth() != 3 {
		in.Warnf("corruptions are left out: they are of images in color")
		return nil, nil
	}
	rows := make([]int, min(in.TestImages.N, corruptedImages))
	for i := range rows {
		rows[i] = spread(i, len(rows), in.TestImages.N)
	}
	images := in.TestImages.Pick(rows)

	// [corruptions * severities * images, dim], in this order
	all := probe.Features{D: in.Test.D, Layer: in.Layer()}
	for _, name := range corrupt.Names() {
		for severity := 1; severity <= corrupt.Severities; severity++ {
			key := fmt.Sprintf("%s %d %s %d", name, severity, corruptionsVersion, len(rows))
			f, err := in.derived(ctx, key, func() (probe.Features, error) {
				changed, err := corrupt.Images(ctx, name, severity, images, 0)
				if err != nil {
					return probe.Features{}, err
				}
				return in.Encode(ctx, changed)
			})
			if err != nil {
				return nil, err
			}
			all.N, all.X = all.N+f.N, append(all.X, f.X...)
		}
	}

	return Linear(p).fit(ctx, in, all, func(t Task, fit probe.LinearResult) Outcome {
		return Outcome{Protocol: p.pinned("mean"), score: func(test []int32) ([]scored, error) {
			return p.score(fit.Predicted, probe.PickLabels(test, rows), t.Classes)
		}}
	})
}

// pinned is the protocol of the accuracy under one corruption, or of the mean over all.
func (p Corruptions) pinned(name string) record.Protocol {
	return record.Protocol{Family: ProtocolCorruptions,
		Details: fmt.Sprintf("%s/n%d/%s", name, corruptedImages, p.LinearOptions)}
}

// score returns the accuracy under each corruption, with its parts by severity, and the mean over all of them.
func (p Corruptions) score(predicted, labels []int32, classes int) (all []scored, err error) {
	mean := scored{protocol: p.pinned("mean"), metric: record.MetricCorrupted, n: len(labels),
		parts: map[string]float64{}}
	names := corrupt.Names()
	for _, name := range names {
		one := scored{protocol: p.pinned(name), metric: record.MetricCorrupted, n: len(labels),
			parts: map[string]float64{}}
		for severity := 1; severity <= corrupt.Severities; severity++ {
			accuracy, err := probe.Accuracy(predicted[:len(labels)], labels, classes)
			if err != nil {
				return nil, err
			}
			predicted = predicted[len(labels):]
			key := fmt.Sprint(severity)
			one.parts[key] = accuracy
			one.value += accuracy / corrupt.Severities
			mean.parts[key] += accuracy / float64(len(names))
		}
		mean.value += one.value / float64(len(names))
		all = append(all, one)
	}
	return append(all, mean), nil
}
