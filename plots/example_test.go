package plots_test

import (
	"fmt"
	"math"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

// tell prints what a figure shows in words; Save writes it as PNG or SVG.
func tell(f *plots.Figure, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Alt)
}

func ExampleHeatMap() {
	tell(plots.HeatMap{
		Rows: []string{"kNN", "linear"}, Columns: []string{"kNN", "linear"}, Unit: "Kendall's τ", Diverging: true,
		Values: [][]float64{{1, 0.6}, {0.6, math.NaN()}},
	}.Figure())
	// Output: Heat map of Kendall's τ: 2 rows by 2 columns. kNN: kNN 1.00, linear 0.60. linear: kNN 0.60, linear –.
}

func ExampleTaskProtocolMap() {
	m, err := plots.TaskProtocolMap([]record.Result{{Model: "simclr", Task: "factors/shape", Split: "test",
		Protocol: record.ParseProtocol("linear/lbfgs/l2-val@encoder"), Metric: "accuracy", Value: 0.75, N: 1000}}, "simclr")
	fmt.Println(m.Rows, m.Columns, m.Values, m.Unit, err)
	// Output: [factors/shape] [linear/lbfgs/l2-val] [[75]] test accuracy (%) <nil>
}

func ExampleForest() {
	tell(plots.Forest{
		Title: "Batch 1024 against 64", Margin: 2,
		Differences: []plots.Difference{{Label: "shape", Mean: 0.3, Low: -0.8, High: 1.4, Verdict: "debunked"}},
	}.Figure())
	// Output: Forest plot of the difference in points of accuracy; the margin is ±2. shape: +0.3 [−0.8, +1.4], debunked.
}

func ExampleSeriesPlot() {
	tell(plots.SeriesPlot{
		X: "images in a batch", Y: "test accuracy (%)", Log2: true,
		Series: []plots.Series{{Name: "tuned", Points: []plots.Point{
			{X: 64, Mean: 61, Low: 60, High: 62}, {X: 1024, Mean: 61.5, Low: 60.5, High: 62.5}}}},
		Floors: []plots.Floor{{Name: record.ModelPixels, Value: 40}},
	}.Figure())
	// Output: Plot of test accuracy (%) against images in a batch. tuned: 61 at 64, 61.5 at 1024. The floor pixels is 40.
}

func ExampleProbeCurves() {
	tell(plots.ProbeCurves([]record.Curve{{Model: "simclr", Task: "shape", Protocol: record.ParseProtocol("linear/sgd/b64/e2"),
		Train: []float64{0.5, 0.75}, Test: []float64{0.5, 0.625}}}))
	// Output: Accuracy of probes by epoch, after the last one. shape, linear/sgd/b64/e2, simclr, seed 0: 75.0 % on train and 62.5 % on test.
}
