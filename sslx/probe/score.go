package probe

import "github.com/sslx-go/lab/internal/usage"

// Report compares predictions with labels.
type Report struct {
	N        int
	Correct  int
	Accuracy float64 // Correct / N, in [0, 1]
	Classes  []ClassCount
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
	report := Report{N: len(labels), Classes: make([]ClassCount, classes)}
	for i, label := range labels {
		report.Classes[label].Images++
		report.Classes[predicted[i]].Predicted++
		if predicted[i] == label {
			report.Classes[label].Correct++
			report.Correct++
		}
	}
	report.Accuracy = float64(report.Correct) / float64(report.N)
	return report, nil
}

// Accuracy returns the share of predictions that equal their label, in [0, 1], or an error as [Score] does.
func Accuracy(predicted, labels []int32, classes int) (float64, error) {
	report, err := Score(predicted, labels, classes)
	return report.Accuracy, err
}
