package probe

import (
	"fmt"
	"math"

	"github.com/sslx-go/lab/internal/usage"
)

// Features is a row-major matrix of N representations of D values each: row i is X[i*D : (i+1)*D].
type Features struct {
	N, D int
	X    []float32

	// Layer names where the features come from, such as "encoder"; it may be empty. Features that are used together
	// must have the same.
	Layer string
}

// Row returns row i, sharing memory with f.
func (f Features) Row(i int) []float32 { return f.X[i*f.D : (i+1)*f.D] }

// Check returns an error unless f has at least one row and one column, N*D values, and only finite ones. The name of
// the matrix (for example "train") starts the sentence. Wrong sizes give a usage error, non-finite values an ordinary
// one.
func (f Features) Check(name string) error {
	if f.N <= 0 || f.D <= 0 {
		return usage.Errorf("%s features are empty ([%d, %d]): evaluation needs at least one image", name, f.N, f.D)
	}
	if len(f.X) != f.N*f.D {
		return usage.Errorf("%s features are said to be [%d, %d] but hold %d values", name, f.N, f.D, len(f.X))
	}
	for i, v := range f.X {
		if v64 := float64(v); math.IsNaN(v64) || math.IsInf(v64, 0) {
			return fmt.Errorf("%s features are not finite: image %d, dimension %d is %v; the encoder has diverged",
				name, i/f.D, i%f.D, v)
		}
	}
	return nil
}

// Normalized returns a copy of f with rows of Euclidean length 1. A row of zeros stays zeros.
func (f Features) Normalized() Features {
	out := Features{N: f.N, D: f.D, X: make([]float32, len(f.X)), Layer: f.Layer}
	for i := range f.N {
		normalizeRow(out.Row(i), f.Row(i))
	}
	return out
}

func normalizeRow(dst, src []float32) {
	var sum float64
	for _, v := range src {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}

	scale := 1 / math.Sqrt(sum)
	for j, v := range src {
		dst[j] = float32(float64(v) * scale)
	}
}

// Head returns the first rows of f, at most n. They share memory with f.
func (f Features) Head(n int) Features {
	n = min(n, f.N)
	return Features{N: n, D: f.D, X: f.X[:n*f.D], Layer: f.Layer}
}

// Pick returns a copy of the rows with the given indices, in the order of the indices.
func (f Features) Pick(indices []int) Features {
	out := Features{N: len(indices), D: f.D, X: make([]float32, 0, len(indices)*f.D), Layer: f.Layer}
	for _, i := range indices {
		out.X = append(out.X, f.Row(i)...)
	}
	return out
}

// PickLabels returns the labels with the given indices, in the order of the indices.
func PickLabels(labels []int32, indices []int) []int32 {
	picked := make([]int32, len(indices))
	for i, index := range indices {
		picked[i] = labels[index]
	}
	return picked
}

func checkSameWidth(a Features, aName string, b Features, bName string) error {
	if a.D != b.D {
		return usage.Errorf("%s features have %d dimensions and %s features %d: they must come from the same layer",
			aName, a.D, bName, b.D)
	}
	if a.Layer != b.Layer {
		return usage.Errorf("%s features are of layer %q and %s features of %q: they must come from the same layer",
			aName, a.Layer, bName, b.Layer)
	}
	return nil
}

func checkLabels(labels []int32, n, classes int, name string) error {
	if classes < 2 {
		return usage.Errorf("the task has %d class(es): classification needs at least two", classes)
	}
	if len(labels) != n {
		return usage.Errorf("there are %d %s labels for %d images", len(labels), name, n)
	}
	for i, label := range labels {
		if label < 0 || int(label) >= classes {
			return usage.Errorf("%s label %d of image %d is not in 0..%d", name, label, i, classes-1)
		}
	}
	return nil
}

func checkTwoClasses(labels []int32) error {
	for _, label := range labels {
		if label != labels[0] {
			return nil
		}
	}
	return usage.Errorf("all %d train labels are class %d: classification needs images of at least two classes",
		len(labels), labels[0])
}

// constantShare is the standard deviation, relative to the mean, below which a dimension is rounding noise of float32
// and counts as constant.
const constantShare = 1e-7

// scaler maps features to mean 0 and standard deviation 1 per dimension, with the statistics of the train features. A
// dimension that is constant in train is only centered.
type scaler struct{ mean, scale []float64 }

func newScaler(train Features) scaler {
	mean, std := moments(train)

	// The scale of a dimension that is constant in train stays 1.
	for j, s := range std {
		std[j] = 1
		if s > constantShare*math.Abs(mean[j]) {
			std[j] = 1 / s
		}
	}
	return scaler{mean, std}
}

func (s scaler) apply(dst, src []float32) {
	for j, v := range src {
		dst[j] = float32((float64(v) - s.mean[j]) * s.scale[j])
	}
}

// check returns an error when a feature is so far from the train features that it overflows float32 once scaled.
func (s scaler) check(f Features, name string) error {
	for i := range f.N {
		for j, v := range f.Row(i) {
			if z := (float64(v) - s.mean[j]) * s.scale[j]; math.Abs(z) > math.MaxFloat32 {
				return fmt.Errorf("%s features: image %d, dimension %d is %v, more than float32 holds in units of"+
					" the train standard deviation; the encoder has diverged", name, i, j, v)
			}
		}
	}
	return nil
}
