package probe

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/testbackend"
)

// parity is testdata/parity.json, written by testdata/parity.py: scikit-learn 1.9.1, lightly 1.6.0 (float32), PyTorch
// 2.15.0, stable-pretraining 0.1.8 and NumPy 2.4.6, in float64 where nothing is said.
type parity struct {
	KNNPredicted       []int32   `json:"knn_predicted"`
	KNNLightly         []int32   `json:"knn_lightly"`
	ValidationAccuracy []float64 `json:"validation_accuracy"`
	L2                 float64   `json:"l2"`
	Coefficients       []float64 `json:"coefficients"`
	Intercept          []float64 `json:"intercept"`
	LinearPredicted    []int32   `json:"linear_predicted"`
	FewPredicted       []int32   `json:"few_predicted"`
	FewCoefficients    []float64 `json:"few_coefficients"`
	SGDLoss            []float64 `json:"sgd_loss"`
	SGDAccuracy        []float64 `json:"sgd_accuracy"`
	SGDPredicted       []int32   `json:"sgd_predicted"`
	RankMe             float64   `json:"rankme"`
	TheirRankMe        float64   `json:"rankme_stable_pretraining"`
	TheirLiDAR         []float64 `json:"lidar_stable_pretraining"`
	CKA                []float64 `json:"cka"`
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

func TestKNN_AgreesWithScikitLearnAndLightly(t *testing.T) {
	want := readParity(t)
	train, labels := paritySplit(0, 240)
	test, _ := paritySplit(330, 420)
	got, err := KNN(backend, train, labels, test, 3, KNNOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want.KNNPredicted) {
		t.Errorf("predicted %v, scikit-learn %v", got, want.KNNPredicted)
	}
	if !slices.Equal(got, want.KNNLightly) {
		t.Errorf("predicted %v, lightly %v", got, want.KNNLightly)
	}
}

func TestLinearProbe_AgreesWithScikitLearn(t *testing.T) {
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
	mustBeWithin(t, "weight", got.Weights, want.Coefficients, 1e-3, err)
	mustBeWithin(t, "bias", got.Bias, want.Intercept, 1e-3, err)
}

func TestRankMe_AgreesWithASingularValueDecomposition(t *testing.T) {
	train, _ := paritySplit(0, 240)
	got, err := RankMe(train)
	if want := readParity(t).RankMe; err != nil || math.Abs(got-want) > 1e-6 {
		t.Errorf("RankMe = %v, %v; want %v", got, err, want)
	}
}

func TestFewShot_AgreesWithScikitLearnAtItsDefaultC(t *testing.T) {
	want := readParity(t)
	// The 30 images are all of the ten per class that are asked for, so that a draw has no choice.
	train, labels := paritySplit(0, 30)
	test, _ := paritySplit(330, 420)
	got, err := FewShot(programs, train, labels, test, 3, FewShotOptions{PerClass: 10, Draws: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0], want.FewPredicted) {
		t.Errorf("predicted %v, want %v", got[0], want.FewPredicted)
	}
	probe, err := LinearProbe(backend, train, labels, Features{}, nil, test, 3, LinearOptions{L2: []float64{1. / 30}})
	mustBeWithin(t, "few-shot weight", probe.Weights, want.FewCoefficients, 1e-3, err)
}

func TestLinearSGD_AgreesWithPyTorch(t *testing.T) { linearSGDAgreesWithPyTorch(t, backend) }

func TestLinearSGD_AgreesWithPyTorchInPureGo(t *testing.T) {
	linearSGDAgreesWithPyTorch(t, testbackend.PureGo(t))
}

func linearSGDAgreesWithPyTorch(t *testing.T, b compute.Backend) {
	want := readParity(t)
	train, labels := paritySplit(0, 240)
	test, _ := paritySplit(330, 420)
	got, err := LinearSGD(b, train, labels, test, 3, SGDOptions{Epochs: 20})
	mustBeWithin(t, "loss", got.TrainLoss, want.SGDLoss, 1e-5, err)
	mustBeWithin(t, "accuracy", got.TrainAccuracy, want.SGDAccuracy, 1e-6, err)
	if !slices.Equal(got.Predicted, want.SGDPredicted) {
		t.Errorf("predicted %v, want %v", got.Predicted, want.SGDPredicted)
	}
}

// stable-pretraining adds 1e-5 to normalized singular values, where the paper and RankMe add 1e-7. The forms are
// compared at its epsilon.
func TestRankMe_AgreesWithStablePretrainingAtItsEpsilon(t *testing.T) {
	train, _ := paritySplit(0, 240)
	squares, err := gramEigenvalues(dense(train))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range squares {
		squares[i] = math.Sqrt(v)
	}
	near(t, "RankMe at 1e-5", effectiveRank(squares, 1e-5), readParity(t).TheirRankMe, 1e-6, nil)
}

// stable-pretraining adds 1e-8 to eigenvalues before it normalizes them, LiDAR 1e-7 after: up to 7e-6 of the value
// here, where all other settings are equal.
func TestLiDAR_AgreesWithStablePretraining(t *testing.T) {
	for i, images := range []int{60, 5} { // five images in eight dimensions: fewer eigenvalues than dimensions
		views := make([]Features, 4)
		for image := range images {
			for v := range views {
				row, _ := paritySplit(4*image+v, 4*image+v+1)
				views[v].N, views[v].D, views[v].X = image+1, row.D, append(views[v].X, row.X...)
			}
		}
		got, err := LiDAR(views)
		near(t, "LiDAR", got, readParity(t).TheirLiDAR[i], 1e-4, err)
	}
}

func TestCKA_AgreesWithCenteredGramMatrices(t *testing.T) {
	for i, n := range []int{240, 6} {
		a, _ := paritySplit(0, n)
		b := Features{N: n, D: 5}
		for row := range n {
			for _, v := range a.Row(row)[:5] {
				b.X = append(b.X, v*v)
			}
		}
		got, err := CKA(a, b)
		near(t, "CKA", got, readParity(t).CKA[i], 1e-10, err)
	}
}

func mustBeWithin(t *testing.T, name string, got, want []float64, tolerance float64, err error) {
	t.Helper()
	if err != nil || len(got) != len(want) {
		t.Fatalf("%s: %d values, %v; want %d", name, len(got), err, len(want))
	}
	worst := 0.
	for i := range want {
		worst = max(worst, math.Abs(got[i]-want[i]))
	}
	t.Logf("%s: largest difference %.1e", name, worst)
	if !(worst <= tolerance) {
		t.Errorf("%s is %v, want %v within %g", name, got, want, tolerance)
	}
}
