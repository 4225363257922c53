package statistics_test

import (
	"fmt"

	"github.com/sslx-go/lab/experiments/statistics"
)

// Accuracy with large batches minus accuracy with small ones, in points, one difference a seed.
var differences = []float64{0.4, -0.2, 0.9, 0.1, 0.3}

func ExamplePaired() {
	i, err := statistics.Paired(differences, 0.95)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f [%.2f, %.2f] over %d seeds, p %.2f\n", i.Mean, i.Low, i.High, i.N, i.P())
	// Output: 0.30 [-0.20, 0.80] over 5 seeds, p 0.17
}

func ExampleVerdictOf() {
	i, err := statistics.Paired(differences, 0.95)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, margin := range []float64{2, 0.5} {
		fmt.Printf("margin %g: %s\n", margin, statistics.VerdictOf(i, margin))
	}
	// Output:
	// margin 2: equivalent
	// margin 0.5: not settled
}

func ExampleVerdict_Debunks() {
	i, err := statistics.Paired([]float64{-5.1, -4.2, -4.8}, 0.95)
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict := statistics.VerdictOf(i, 2)
	fmt.Println(verdict, verdict.Debunks())
	// Output: reversed true
}

func ExampleSeedsToSettle() {
	i, err := statistics.Paired(differences, 0.95)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(statistics.SeedsToSettle(i, 2), statistics.SeedsToSettle(i, 0.5))
	// Output: 0 19
}

func ExampleSmallestEffect() {
	for _, seeds := range []int{3, 5, 10} {
		effect, err := statistics.SmallestEffect(0.8, seeds, 0.95, 0.8)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%2d seeds find %.2f points\n", seeds, effect)
	}
	// Output:
	//  3 seeds find 2.61 points
	//  5 seeds find 1.35 points
	// 10 seeds find 0.80 points
}

func ExampleHolm() {
	fmt.Printf("%.3f\n", statistics.Holm([]float64{0.01, 0.04, 0.03, 0.005}))
	// Output: [0.030 0.060 0.060 0.020]
}

func ExampleKendallTau() {
	linear, knn := []float64{70.1, 71.5, 69.2, 73.0, 68.8}, []float64{66.0, 68.3, 65.1, 67.9, 65.1}
	tau, err := statistics.KendallTau(linear, knn)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", tau)
	// Output: 0.74
}

func ExampleKendallInterval() {
	linear := []float64{70.1, 71.5, 69.2, 73.0, 68.8, 72.2, 66.4, 67.0, 74.1, 70.9}
	knn := []float64{66.0, 68.3, 65.1, 67.9, 65.1, 67.2, 64.0, 64.9, 68.8, 67.5}
	low, high, err := statistics.KendallInterval(linear, knn, 0.95, 2000, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("[%.2f, %.2f]\n", low, high)
	// Output: [0.50, 1.00]
}
