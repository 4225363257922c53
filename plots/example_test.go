package plots_test

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/plots"
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

func ExampleForest() {
	tell(plots.Forest{
		Title: "Batch 1024 against 64", Margin: 2, Verdicts: []string{"debunked", "upheld"},
		Differences: []plots.Difference{{Label: "hue", Mean: 0.3, Low: -0.8, High: 1.4, Verdict: "debunked"}},
	}.Figure())
	// Output: Forest plot of the difference in points of accuracy; the margin is ±2. hue: +0.3 [−0.8, +1.4], debunked.
}

func ExampleSeriesPlot() {
	tell(plots.SeriesPlot{
		X: "batch", Y: "test accuracy (%)", Log2: true,
		Series: []plots.Series{{Name: "tuned", Points: []plots.Point{
			{X: 64, Mean: 61, Low: 60, High: 62}, {X: 1024, Mean: 61.5, Low: 60.5, High: 62.5}}}},
		Floors: []plots.Floor{{Name: "pixels", Value: 40, Kind: plots.Pixels}},
	}.Figure())
	// Output: Plot of test accuracy (%) against batch. tuned: 61 at 64, 61.5 at 1024. The floor pixels is 40.
}

func ExampleBarChart() {
	tell(plots.BarChart{
		X:      "test accuracy (%)",
		Series: []plots.BarSeries{{Name: "pixels", Kind: plots.Pixels}, {Name: "simclr"}},
		Groups: []plots.BarGroup{{Name: "shape", Chance: 16.7, Bars: []plots.Bar{
			{Mean: 25, Low: 22.4, High: 27.8}, {Mean: 61.3, Low: 58.2, High: 64.3}}}},
	}.Figure())
	// Output: Bar chart of test accuracy (%). shape: pixels 25.0, simclr 61.3.
}

func ExampleTraining() {
	tell(plots.Training{
		Loss:   plotter.XYs{{X: 256, Y: 6.2}, {X: 512, Y: 5.5}},
		Chance: math.NaN(), Epochs: 1,
	}.Figure())
	// Output: Training curve over 512 images (1 epoch): the loss goes from 6.2 to 5.5.
}

func ExampleLearningCurves() {
	tell(plots.LearningCurves([]plots.LearningCurve{{Model: "simclr", Task: "shape", Protocol: "sgd",
		Train: []float64{0.5, 0.75}, Test: []float64{0.5, 0.625}}}))
	// Output:
	// Accuracy of probes by epoch, after the last one. shape, sgd, simclr, seed 0: 75.0 % on train and 62.5 % on test.
}
