package probe

import (
	"slices"

	"github.com/sslx-go/lab/internal/usage"
)

// Report compares predictions with labels.
type Report struct {
	N        int
	Correct  int
	Accuracy float64 // Correct / N, in [0, 1]
	Balanced float64 // mean over the classes that have images of the share that is right, in [0, 1]
	Classes  []ClassCount

	// Confusion counts the images of each class, by row, that were predicted to be of each, by column.
	Confusion [][]int
}

// ClassCount counts the images of one class.
type ClassCount struct {
	Images    int // with this label
	Correct   int // with this label, and predicted so
	Predicted int // predicted so, rightly or not
}

// Score compares predictions with labels, both in 0..classes-1. It is a usage error when their lengths differ, when
// there are none, or when one is out of range.
func Score(predicted, labels []int32, classes int) (Report, error) {
	if len(labels) == 0 {
		return Report{}, usage.Errorf("there are no test labels: a score needs at least one image")
	}
	if err := checkLabels(labels, len(predicted), classes, "test"); err != nil {
		return Report{}, err
	}
	if err := checkLabels(predicted, len(labels), classes, "predicted"); err != nil {
		return Report{}, err
	}

	// Both are in range: each label and each prediction has a place.
	report := Report{N: len(labels), Classes: make([]ClassCount, classes), Confusion: make([][]int, classes)}
	for class := range report.Confusion {
		report.Confusion[class] = make([]int, classes)
	}
	for i, label := range labels {
		report.Classes[label].Images++
		report.Classes[predicted[i]].Predicted++
		report.Confusion[label][predicted[i]]++
		if predicted[i] == label {
			report.Classes[label].Correct++
			report.Correct++
		}
	}
	report.Accuracy = float64(report.Correct) / float64(report.N)

	present := 0.0
	for _, c := range report.Classes {
		if c.Images > 0 {
			report.Balanced += float64(c.Correct) / float64(c.Images)
			present++
		}
	}
	report.Balanced /= present
	return report, nil
}

// Imbalanced reports whether the largest class has twice as many images as the smallest that has some, or more:
// Balanced then tells something else than Accuracy.
func (r Report) Imbalanced() bool {
	least, most := r.N, 0
	for _, c := range r.Classes {
		if c.Images > 0 {
			least, most = min(least, c.Images), max(most, c.Images)
		}
	}
	return most >= 2*least
}

// Ranking holds, for each image, the K most likely classes, the most likely first: those of image i are
// Classes[i*K : (i+1)*K].
type Ranking struct {
	K       int
	Classes []int32
}

// First returns the most likely class of each image.
func (r Ranking) First() []int32 {
	first := make([]int32, 0, len(r.Classes)/max(1, r.K))
	for i := 0; i < len(r.Classes); i += r.K {
		first = append(first, r.Classes[i])
	}
	return first
}

// TopK returns the share of images whose label is among their K most likely classes, in [0, 1]. It is a usage error
// when labels and ranking are of different images, or there are none.
func (r Ranking) TopK(labels []int32) (float64, error) {
	if len(labels) == 0 || r.K < 1 || len(r.Classes) != r.K*len(labels) {
		return 0, usage.Errorf("there are %d labels for %d ranks of %d classes", len(labels), len(r.Classes), r.K)
	}
	found := 0
	for i, label := range labels {
		if slices.Contains(r.Classes[i*r.K:(i+1)*r.K], label) {
			found++
		}
	}
	return float64(found) / float64(len(labels)), nil
}

// appendRanked appends the indices of the k largest values, the largest first, the lower index of equal ones.
func appendRanked[T float32 | float64](ranked []int32, values []T, k int) []int32 {
	start := len(ranked)
	for i, v := range values {
		at := len(ranked)
		for at > start && values[ranked[at-1]] < v {
			at--
		}
		if at-start < k {
			ranked = slices.Insert(ranked, at, int32(i))
			ranked = ranked[:min(len(ranked), start+k)]
		}
	}
	return ranked
}

// Accuracy returns the share of predictions that equal their label, in [0, 1], or an error as [Score] does.
func Accuracy(predicted, labels []int32, classes int) (float64, error) {
	report, err := Score(predicted, labels, classes)
	return report.Accuracy, err
}
