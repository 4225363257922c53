package probe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestProbes_RefuseBadInputInOneSentence(t *testing.T) {
	good, labels := gaussian(30, 4, 1), randomLabels(30, 3, 1)
	bad := gaussian(30, 4, 1)
	bad.X[4*7+2] = float32(math.NaN())
	small, huge := gaussian(30, 4, 1), gaussian(30, 4, 1)
	for i := range small.X {
		small.X[i] /= 8
	}
	huge.X[5] = math.MaxFloat32
	narrow := gaussian(30, 3, 1)
	one := make([]int32, 30)
	outOfRange := append([]int32{3}, labels[1:]...)
	knn := func(train Features, labels []int32, test Features, o KNNOptions) error {
		_, err := KNN(backend, train, labels, test, 3, o)
		return err
	}
	linear := func(train Features, labels []int32, val Features, test Features, o LinearOptions) error {
		_, err := LinearProbe(backend, train, labels, val, randomLabels(val.N, 3, 2), test, 3, o)
		return err
	}
	for _, c := range []struct {
		name  string
		err   error
		usage bool
		want  string
	}{
		{"knn: one class", knn(good, one, good, KNNOptions{}), true, "all 30 train labels are class 0"},
		{"knn: few images", knn(good, labels, good, KNNOptions{K: 31}), true, "at least 31 train images, there are 30"},
		{"knn: label", knn(good, outOfRange, good, KNNOptions{}), true, "train label 3 of image 0 is not in 0..2"},
		{"knn: label count", knn(good, labels[1:], good, KNNOptions{}), true, "29 train labels for 30 images"},
		{"knn: not finite", knn(good, labels, bad, KNNOptions{}), false, "not finite: image 7, dimension 2"},
		{"knn: widths", knn(good, labels, narrow, KNNOptions{}), true, "have 4 dimensions and test features 3"},
		{"knn: temperature", knn(good, labels, good, KNNOptions{Temperature: -1}), true, "above 0, got -1"},
		{"knn: k", knn(good, labels, good, KNNOptions{K: -1}), true, "k of at least 1, got -1"},
		{"knn: empty", knn(Features{}, nil, good, KNNOptions{}), true, "no train labels"},
		{"knn: size", knn(Features{N: 30, D: 5, X: good.X}, labels, good, KNNOptions{}), true, "hold 120 values"},
		{"linear: one class", linear(good, one, good, good, LinearOptions{}), true, "all 30 train labels are class 0"},
		{"linear: label", linear(good, outOfRange, good, good, LinearOptions{}), true, "train label 3 of image 0"},
		{"linear: not finite", linear(bad, labels, good, good, LinearOptions{}), false, "not finite: image 7"},
		{"linear: overflow", linear(small, labels, good, huge, LinearOptions{}), false, "image 1, dimension 1"},
		{"linear: widths", linear(good, labels, narrow, good, LinearOptions{}), true, "validation features 3"},
		{"linear: no validation", linear(good, labels, Features{}, good, LinearOptions{}), true, "a validation split"},
		{"linear: L2", linear(good, labels, good, good, LinearOptions{L2: []float64{0}}), true, "above 0, got 0"},
		{"linear: no L2", linear(good, labels, good, good, LinearOptions{L2: []float64{}}), true, "no L2 penalty"},
		{"linear: tolerance", linear(good, labels, good, good, LinearOptions{Tolerance: -1}), true, "got -1 and 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) || strings.Contains(c.err.Error(), "\n") {
				t.Errorf("got %v, want a line with %q", c.err, c.want)
			}
			if usage.Is(c.err) != c.usage {
				t.Errorf("usage error: %t, want %t", usage.Is(c.err), c.usage)
			}
		})
	}
}

func TestLinearProbe_IgnoresAConstantDimension(t *testing.T) {
	train, labels := encoderLike(120, 5, 3, 1)
	for i := range train.N {
		train.X[i*5+3] = 0.1
	}
	moved := Features{N: train.N, D: 5, X: slices.Clone(train.X)}
	for i := range moved.N {
		moved.X[i*5+3] = 0.2
	}
	var predicted [2][]int32
	for i, test := range []Features{train, moved} {
		result, err := LinearProbe(backend, train, labels, Features{}, nil, test, 3, LinearOptions{L2: []float64{0.01}})
		if err != nil {
			t.Fatal(err)
		}
		predicted[i] = result.Predicted
	}
	if !slices.Equal(predicted[0], predicted[1]) {
		t.Errorf("a dimension that is constant in train decides test: %v, then %v", predicted[0], predicted[1])
	}
}

func TestScore_CountsEachClass(t *testing.T) {
	got, err := Score([]int32{0, 1, 1, 2, 0}, []int32{0, 1, 2, 2, 2}, 4)
	if err != nil {
		t.Fatal(err)
	}
	want := []ClassCount{{1, 1, 2}, {1, 1, 2}, {3, 1, 1}, {0, 0, 0}}
	if got.N != 5 || got.Correct != 3 || got.Accuracy != 0.6 {
		t.Errorf("got %+v, want 3 of 5", got)
	}
	for class := range want {
		if got.Classes[class] != want[class] {
			t.Errorf("class %d: %+v, want %+v", class, got.Classes[class], want[class])
		}
	}
	for _, bad := range [][2][]int32{{{0}, {0, 1}}, {{}, {}}, {{4}, {0}}, {{0}, {-1}}} {
		if _, err := Score(bad[0], bad[1], 4); !usage.Is(err) {
			t.Errorf("Score(%v, %v) gave %v, want a usage error", bad[0], bad[1], err)
		}
	}
}
