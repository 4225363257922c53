package probe

import "testing"

// BenchmarkKNN10000x50000 searches 50,000 train images for each of 10,000 test images in 512 dimensions, the size of
// CIFAR-10 with a ResNet-18; -short takes a tenth of both.
func BenchmarkKNN10000x50000(b *testing.B) {
	n, m := benchmarkSize()
	train, labels := encoderLike(n, 512, 10, 1)
	test, _ := encoderLike(m, 512, 10, 2)
	for b.Loop() {
		if _, err := KNN(backend, train, labels, test, 10, KNNOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLinearProbe50000 runs the whole protocol on 45,000 train, 5,000 validation and 10,000 test images in 512
// dimensions with ten classes; -short takes a tenth.
func BenchmarkLinearProbe50000(b *testing.B) {
	n, m := benchmarkSize()
	all, labels := encoderLike(n, 512, 10, 1)
	test, testLabels := encoderLike(m, 512, 10, 2)
	train, trainLabels, val, valLabels := split(all, labels, n*9/10)
	for b.Loop() {
		result, err := LinearProbe(backend, train, trainLabels, val, valLabels, test, 10, LinearOptions{})
		if err != nil {
			b.Fatal(err)
		}
		evaluations := result.Final.Evaluations
		for _, fit := range result.Path {
			evaluations += fit.Evaluations
		}
		b.ReportMetric(float64(evaluations), "evaluations")
		b.ReportMetric(mustAccuracy(b, result.Predicted, testLabels, 10), "accuracy")
	}
}

func benchmarkSize() (train, test int) {
	if testing.Short() {
		return 5000, 1000
	}
	return 50000, 10000
}

func split(f Features, labels []int32, at int) (Features, []int32, Features, []int32) {
	head := Features{N: at, D: f.D, X: f.X[:at*f.D]}
	tail := Features{N: f.N - at, D: f.D, X: f.X[at*f.D:]}
	return head, labels[:at], tail, labels[at:]
}
