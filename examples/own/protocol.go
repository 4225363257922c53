package own

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/probe"
)

// NearestCentroid gives each test image the class whose mean training feature is nearest.
type NearestCentroid struct{}

func init() { evaluate.Register("centroid", NearestCentroid{}) }

// Measure predicts every task of the input.
func (NearestCentroid) Measure(_ context.Context, in evaluate.Input) (all []evaluate.Outcome, err error) {
	for _, task := range in.Tasks {
		means, predicted := centroids(in.Train, task), make([]int32, in.Test.N)
		for i := range predicted {
			predicted[i] = nearest(in.Test.Row(i), means)
		}
		all = append(all, evaluate.Outcome{Task: task.Name, Predicted: [][]int32{predicted}})
	}
	return all, nil
}

// centroids returns the mean feature of each class, one after the other.
func centroids(f probe.Features, task evaluate.Task) []float64 {
	means, count := make([]float64, task.Classes*f.D), make([]float64, task.Classes)
	for i, label := range task.Labels {
		count[label]++
		mean := means[int(label)*f.D:]
		for j, x := range f.Row(i) {
			mean[j] += (float64(x) - mean[j]) / count[label]
		}
	}
	return means
}

// nearest returns the class whose centroid is nearest to a feature.
func nearest(row []float32, means []float64) int32 {
	distances := make([]float64, len(means)/len(row)) // squared, to each class
	for i, mean := range means {
		distances[i/len(row)] += math.Pow(float64(row[i%len(row)])-mean, 2)
	}
	return int32(floats.MinIdx(distances))
}
