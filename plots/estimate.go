package plots

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

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
	count := float64(len(e.values))
	if count < 2 {
		return math.NaN()
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: count - 1}.Quantile((1 + confidence) / 2)
	return t * stat.StdDev(e.values, nil) / math.Sqrt(count)
}

// interval returns the interval of an accuracy: over seeds when there are several, else over the images drawn.
func (e *estimate) interval() (low, high float64) {
	if len(e.values) > 1 {
		m, h := e.mean(), e.half()
		return max(0, m-h), min(1, m+h)
	}
	return wilson(e.values[0], e.n[0])
}

// wilson returns the score interval of a share p of n draws (E. B. Wilson, JASA 22, 1927).
func wilson(p float64, n int) (low, high float64) {
	if n <= 0 {
		return p, p
	}
	p = min(1, max(0, p))
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	count := float64(n)
	centre := p + z*z/(2*count)
	half := z * math.Sqrt(p*(1-p)/count+z*z/(4*count*count))
	scale := 1 + z*z/count
	return max(0, (centre-half)/scale), min(1, (centre+half)/scale)
}

// tenths returns a mean accuracy in tenths of a point, the finest step that is shown.
func (e *estimate) tenths() float64 { return math.Round(1000 * e.mean()) }

// percent writes the mean accuracy in percent, without the sign.
func (e *estimate) percent() string { return fmt.Sprintf("%.1f", e.tenths()/10) }

// format writes an estimate as the tables show it: accuracies in percent with one decimal, others with four digits.
func (e *estimate) format(metric string) string {
	h := e.half()
	if metric != record.MetricAccuracy {
		if math.IsNaN(h) {
			return fmt.Sprintf("%.4g", e.mean())
		}
		return fmt.Sprintf("%.4g ± %.2g", e.mean(), h)
	}
	if math.IsNaN(h) {
		return e.percent() + " %"
	}
	return fmt.Sprintf("%s ± %.1f %%", e.percent(), 100*h)
}
