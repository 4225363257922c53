package report

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx/record"
)

// confidence of all intervals.
const confidence = 0.95

// estimate is what is known of one number: its value for one seed or several.
type estimate struct {
	values []float64
	n      []int // distinct numbers of images
}

func (e *estimate) add(value float64, n int) {
	e.values = append(e.values, value)
	if !slices.Contains(e.n, n) {
		e.n = append(e.n, n)
	}
}

func (e *estimate) mean() float64 { return stat.Mean(e.values, nil) }

// half returns half the width of the t interval of the mean over seeds; NaN with a single seed.
func (e *estimate) half() float64 {
	i, err := statistics.Paired(e.values, confidence)
	if err != nil {
		return math.NaN()
	}
	return (i.High - i.Low) / 2
}

// interval returns the interval of an accuracy: over seeds when there are several, else over the images drawn.
func (e *estimate) interval() (low, high float64) {
	if len(e.values) > 1 {
		// An accuracy is in [0, 1], which a t interval does not know.
		m, h := e.mean(), e.half()
		return max(0, m-h), min(1, m+h)
	}
	return statistics.Wilson(e.values[0], e.n[0], confidence)
}

// tenths returns a mean accuracy in tenths of a point, the finest step that is shown.
func (e *estimate) tenths() float64 { return math.Round(1000 * e.mean()) }

// format writes an estimate as the tables show it: accuracies in percent with one decimal, others with four digits.
func (e *estimate) format(metric string) string {
	h := e.half()

	if !record.IsAccuracy(metric) {
		if math.IsNaN(h) {
			return fmt.Sprintf("%.4g", e.mean())
		}
		return fmt.Sprintf("%.4g ± %.2g", e.mean(), h)
	}

	if math.IsNaN(h) {
		return fmt.Sprintf("%.1f %%", e.tenths()/10)
	}
	return fmt.Sprintf("%.1f ± %.1f %%", e.tenths()/10, 100*h)
}
