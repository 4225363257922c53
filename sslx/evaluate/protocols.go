package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// KNN is a weighted vote of the nearest training images; see [probe.KNN]. It votes with all of train, and has nothing
// to choose. Raw pixels are measured at their full size.
type KNN struct{ probe.KNNOptions }

// Measures leaves out the averaged pixels.
func (KNN) Measures(m Model, layer string) bool {
	return m.Network != nil || layer == record.LayerPixels
}

// Measure searches the neighbors once, and votes for each task.
func (p KNN) Measure(_ context.Context, in Input) ([]Outcome, error) {
	o := p.Resolved()
	neighbors, err := probe.Nearest(in.Programs, in.Train, in.Test, o.K)
	if err != nil {
		return nil, err
	}
	return eachTask(in, func(t Task) (Outcome, error) {
		ranking, err := neighbors.Rank(t.Labels, t.Classes, o.Temperature, ranks)
		return Outcome{Protocol: pin(o), Predicted: [][]int32{ranking.First()}, Ranking: ranking}, err
	})
}

// ranks is how many classes of an image are ranked; tasks of more than so many classes, twice over, have the share of
// images whose label is among them as a result.
const ranks = 5

// Linear is a logistic probe fitted to its optimum, with its penalty chosen on the held-out images; see
// [probe.Linear.Probe].
type Linear struct{ probe.LinearOptions }

// Measure puts the features on the device once, and fits a probe for each task.
func (p Linear) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	return p.fit(ctx, in, in.Test, func(_ Task, fit probe.LinearResult) Outcome {
		return Outcome{Protocol: pin(p.LinearOptions), Predicted: [][]int32{fit.Predicted}, Ranking: fit.Ranking}
	})
}

// fit fits a probe for each task, predicts the rows of test, and returns what outcome makes of it.
func (p Linear) fit(ctx context.Context, in Input, test probe.Features,
	outcome func(Task, probe.LinearResult) Outcome) ([]Outcome, error) {
	// The rows to choose on are standardized with the statistics of the rows to fit on.
	linear, err := probe.NewLinear(in.Programs, in.Train.Pick(in.Fit), in.Train.Pick(in.Held), test)
	if err != nil {
		return nil, err
	}
	defer linear.Close()

	return eachTask(in, func(t Task) (Outcome, error) {
		if err := ctx.Err(); err != nil {
			return Outcome{}, err
		}
		fit, err := linear.Probe(probe.PickLabels(t.Labels, in.Fit), probe.PickLabels(t.Labels, in.Held), t.Classes,
			p.LinearOptions)
		if err != nil {
			return Outcome{}, err
		}

		o := outcome(t, fit)
		o.Chosen = map[string]float64{"l2": fit.L2}
		return o, nil
	})
}

// LinearSGD is a linear classifier trained as SimCLR does; see [probe.LinearSGD].
type LinearSGD struct{ probe.SGDOptions }

// Measure trains a classifier for each task.
func (p LinearSGD) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	return eachTask(in, func(t Task) (Outcome, error) {
		if err := ctx.Err(); err != nil {
			return Outcome{}, err
		}
		curve, err := probe.LinearSGD(in.Backend, in.Train, t.Labels, in.Test, t.Classes, p.SGDOptions)
		return Outcome{Protocol: pin(p.SGDOptions), Curve: &curve}, err
	})
}

// MLP is a classifier with one hidden layer; see [probe.MLPProbe].
type MLP struct{ probe.MLPOptions }

// Measure trains a classifier for each task.
func (p MLP) Measure(ctx context.Context, in Input) ([]Outcome, error) {
	return eachTask(in, func(t Task) (Outcome, error) {
		if err := ctx.Err(); err != nil {
			return Outcome{}, err
		}
		curve, err := probe.MLPProbe(in.Backend, in.Train, t.Labels, in.Test, t.Classes, p.MLPOptions)
		return Outcome{Protocol: pin(p.MLPOptions), Curve: &curve}, err
	})
}

// FewShot fits a logistic probe on a few labeled images; the accuracy is the mean over several draws of them. See
// [probe.FewShot].
type FewShot struct {
	// Sizes are the numbers of labeled images; nil means 10 a class, 1 % and 10 % of train.
	Sizes []probe.FewShotOptions
}

// Measure fits probes for each size and task. A task with fewer images in a class than a size needs is left out for
// that size, with a warning.
func (p FewShot) Measure(ctx context.Context, in Input) (all []Outcome, err error) {
	// The usual three sizes (Chen et al. 2020 have 1 % and 10 %).
	sizes := p.Sizes
	if sizes == nil {
		sizes = []probe.FewShotOptions{{PerClass: 10}, {Share: 0.01}, {Share: 0.1}}
	}

	for _, size := range sizes {
		// A size needs so many images of each class.
		large := in
		large.Tasks = slices.DeleteFunc(slices.Clone(in.Tasks), func(t Task) bool {
			if smallest := smallestClass(t); smallest < size.PerClass {
				in.Warnf("%s is left out for %s: a class has %d training images", pin(size), t.Name, smallest)
				return true
			}
			return false
		})

		outcomes, err := eachTask(large, func(t Task) (Outcome, error) {
			if err := ctx.Err(); err != nil {
				return Outcome{}, err
			}
			draws, err := probe.FewShot(in.Programs, in.Train, t.Labels, in.Test, t.Classes, size)
			return Outcome{Protocol: pin(size), Predicted: draws}, err
		})
		all = append(all, outcomes...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// eachTask calls measure with each task of the input. An error ends it, with the outcomes that are there.
func eachTask(in Input, measure func(t Task) (Outcome, error)) (all []Outcome, err error) {
	for _, t := range in.Tasks {
		o, err := measure(t)
		if err != nil {
			return all, fmt.Errorf("task %s: %w", t.Name, err)
		}
		o.Task = t.Name
		all = append(all, o)
	}
	return all, nil
}

// pin returns the protocol of options of package probe, whose text is its family and details.
func pin(options fmt.Stringer) record.Protocol { return record.ParseProtocol(options.String()) }

// smallestClass returns the number of training images of the smallest class.
func smallestClass(t Task) int {
	counts := make([]int, t.Classes)
	for _, label := range t.Labels {
		counts[label]++
	}
	return slices.Min(counts)
}
