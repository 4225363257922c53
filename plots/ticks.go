package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// roundTicks are four to eight ticks at multiples of 1, 2, 2.5 or 5 times a power of ten, with as many digits as their
// step needs.
type roundTicks struct{}

// Ticks implements plot.Ticker.
func (roundTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	span := high - low
	if !(span > 0) || math.IsInf(span, 0) {
		return nil
	}
	power := math.Pow(10, math.Floor(math.Log10(span))-1)
	for _, factor := range []float64{1, 2, 2.5, 5, 10, 20} {
		step := factor * power
		if span/step > 7 {
			continue
		}
		digits := decimals(step)
		for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*span; k++ {
			ticks = append(ticks, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step+0, 'f', digits, 64)})
		}
		return ticks
	}
	return nil
}

// decimals returns the number of digits after the point that writing step takes.
func decimals(step float64) int {
	for d := range 12 {
		scaled := step * math.Pow10(d)
		if nearest := math.Round(scaled); nearest > 0 && math.Abs(scaled-nearest) < 1e-6*nearest {
			return d
		}
	}
	return 12
}
