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

	// The smallest round step that makes no more than eight ticks.
	power := math.Pow(10, math.Floor(math.Log10(span))-1)
	for _, factor := range []float64{1, 2, 2.5, 5, 10, 20} {
		step := factor * power
		if span/step > 7 {
			continue
		}

		// Multiples of the step, with room for rounding at both ends; +0 turns -0 into 0.
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

// log2Ticks are powers of two, every second or third one where they are many.
type log2Ticks struct{}

// Ticks implements plot.Ticker.
func (log2Ticks) Ticks(low, high float64) (ticks []plot.Tick) {
	first, last := math.Ceil(math.Log2(low)-1e-9), math.Floor(math.Log2(high)+1e-9)

	// More than about a dozen labels would run into each other.
	step := 1 + math.Floor((last-first)/12)
	for k := first; k <= last; k += step {
		ticks = append(ticks, plot.Tick{Value: math.Exp2(k), Label: strconv.FormatFloat(math.Exp2(k), 'f', -1, 64)})
	}
	return ticks
}

// marks are names at their places.
type marks []Mark

// Ticks implements plot.Ticker.
func (all marks) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, m := range all {
		if m.X >= low && m.X <= high {
			ticks = append(ticks, plot.Tick{Value: m.X, Label: shorten(m.Name, 24)})
		}
	}
	return ticks
}
