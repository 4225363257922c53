package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// Difference is the mean of paired differences with its interval, and what a claim's rule makes of it.
type Difference struct {
	Label           string
	Mean, Low, High float64

	// Verdict is "debunked", "upheld" or "not settled", or "" where none was given.
	Verdict string
}

// The verdicts on a difference.
const (
	debunked   = "debunked"
	upheld     = "upheld"
	notSettled = "not settled"
)

// Forest is a list of differences against the margin that matters.
type Forest struct {
	Title       string
	Differences []Difference

	// Margin is the half-width of the band in which differences do not matter, in the unit of the differences.
	Margin float64

	// Axis says what the differences are: "difference in points of accuracy" where it is empty.
	Axis string
}

// Figure draws the differences from the top, with the band [-Margin, Margin] behind them. A mean that is NaN was not
// measured; a Low or High that is NaN is not known, and no interval is drawn; an infinite one ends in an arrow at the
// edge. Nothing measured, a margin that is negative or not finite, an unknown verdict, and an interval that does not
// hold its mean are usage errors.
func (f Forest) Figure() (*Figure, error) {
	if f.Axis == "" {
		f.Axis = "difference in points of accuracy"
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	d := newForestDrawing(f)
	return &Figure{Alt: f.alt(), width: forestWidth, height: d.height(), draw: d.draw}, nil
}

func (f Forest) check() error {
	if !(f.Margin >= 0) || math.IsInf(f.Margin, 0) {
		return usage.Errorf("the margin of a forest plot is %v: it must be finite and not negative", f.Margin)
	}
	measured := false
	for _, d := range f.Differences {
		measured = measured || d.measured()
		if known := []string{debunked, upheld, notSettled}; d.Verdict != "" && !slices.Contains(known, d.Verdict) {
			return usage.Unknown("verdict", d.Verdict, known)
		}
		if math.IsInf(d.Mean, 0) || d.bounded() && !(d.Low <= d.Mean && d.Mean <= d.High) {
			return usage.Errorf("%q has the mean %v and the interval [%v, %v]", d.Label, d.Mean, d.Low, d.High)
		}
	}
	if !measured {
		return usage.Errorf("there is no difference to draw: nothing was measured")
	}
	return nil
}

func (d Difference) measured() bool { return !math.IsNaN(d.Mean) }

// bounded reports whether the difference has an interval.
func (d Difference) bounded() bool {
	return d.measured() && !math.IsNaN(d.Low) && !math.IsNaN(d.High)
}

// extent returns the range of the axis: all finite numbers, the margin and zero.
func (f Forest) extent() (low, high float64) {
	low, high = -f.Margin, f.Margin
	for _, d := range f.Differences {
		for _, v := range []float64{d.Mean, d.Low, d.High} {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return widen([2]float64{low, high}, 0.05)
}

// text writes the difference and its interval.
func (d Difference) text() string {
	switch {
	case !d.measured():
		return "not measured"
	case !d.bounded():
		return signed(d.Mean)
	}
	return fmt.Sprintf("%s [%s, %s]", signed(d.Mean), signed(d.Low), signed(d.High))
}

// signed writes a number with its sign and one decimal.
func signed(v float64) string {
	if math.IsInf(v, 0) {
		return strings.NewReplacer("Inf", "∞", "-", "−").Replace(fmt.Sprintf("%+f", v))
	}
	text := fmt.Sprintf("%+.1f", v)
	if text == "-0.0" || text == "+0.0" {
		return "0.0"
	}
	return strings.Replace(text, "-", "−", 1)
}

func (f Forest) alt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Forest plot of the %s; the margin is ±%.4g", f.Axis, f.Margin)
	for _, d := range f.Differences {
		fmt.Fprintf(&b, ". %s: %s", d.Label, d.text())
		if d.Verdict != "" {
			fmt.Fprintf(&b, ", %s", d.Verdict)
		}
	}
	return b.String() + "."
}
