package evaluate

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// parity is testdata/parity.json, written by testdata/parity.py with scikit-learn 1.7.2 and NumPy 2.3.4 in float64.
type parity struct {
	KNNPredicted       []int32   `json:"knn_predicted"`
	ValidationAccuracy []float64 `json:"validation_accuracy"`
	L2                 float64   `json:"l2"`
	Coefficients       []float64 `json:"coefficients"`
	Intercept          []float64 `json:"intercept"`
	LinearPredicted    []int32   `json:"linear_predicted"`
	RankMe             float64   `json:"rankme"`
}

func readParity(t *testing.T) (want parity) {
	t.Helper()
	data, err := os.ReadFile("testdata/parity.json")
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// paritySplit returns rows from..to-1 of the features in testdata/parity.py.
func paritySplit(from, to int) (Features, []int32) {
	const d = 8
	f, labels := Features{N: to - from, D: d}, []int32{}
	for i := from; i < to; i++ {
		for j := range d {
			noise := (i*i*31 + i*7919 + j*104729 + i*j*613) % 1009
			f.X = append(f.X, float32(float64(noise)/504.5-1+float64((i%3*5+j*3)%7)/7))
		}
		labels = append(labels, int32(i%3))
	}
	return f, labels
}

func TestKNNAgreesWithScikitLearn(t *testing.T) {
	want := readParity(t)
	train, labels := paritySplit(0, 240)
	test, _ := paritySplit(330, 420)
	got, err := KNN(backend, train, labels, test, 3, KNNOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want.KNNPredicted) {
		t.Errorf("predicted %v, want %v", got, want.KNNPredicted)
	}
}

func TestTheLinearProbeAgreesWithScikitLearn(t *testing.T) {
	want := readParity(t)
	train, trainLabels := paritySplit(0, 240)
	val, valLabels := paritySplit(240, 330)
	test, _ := paritySplit(330, 420)
	got, err := LinearProbe(backend, train, trainLabels, val, valLabels, test, 3, LinearOptions{Tolerance: 1e-5})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.L2-want.L2) > 1e-12 || !slices.Equal(got.ValidationAccuracy, want.ValidationAccuracy) {
		t.Errorf("chose L2 %g from %v, want %g from %v", got.L2, got.ValidationAccuracy, want.L2,
			want.ValidationAccuracy)
	}
	if !slices.Equal(got.Predicted, want.LinearPredicted) {
		t.Errorf("predicted %v, want %v", got.Predicted, want.LinearPredicted)
	}
	for name, pair := range map[string][2][]float64{
		"weight": {got.Weights, want.Coefficients}, "bias": {got.Bias, want.Intercept},
	} {
		for i := range pair[1] {
			if math.Abs(pair[0][i]-pair[1][i]) > 1e-3 {
				t.Errorf("%s %d is %g, want %g within 1e-3", name, i, pair[0][i], pair[1][i])
			}
		}
	}
}

func TestRankMeAgreesWithASingularValueDecomposition(t *testing.T) {
	train, _ := paritySplit(0, 240)
	got, err := RankMe(train)
	if want := readParity(t).RankMe; err != nil || math.Abs(got-want) > 1e-6 {
		t.Errorf("RankMe = %v, %v; want %v", got, err, want)
	}
}
