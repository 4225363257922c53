package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/internal/usage"
)

// Point is a number measured at X, with its interval. A mean that is NaN was not measured; a Low or High that is NaN is
// not known, and no interval is drawn.
type Point struct{ X, Mean, Low, High float64 }

// Series is a line of points with a name, in the order of X.
type Series struct {
	Name   string
	Points []Point
}

// Floor is a level that the series are compared with, drawn as a horizontal line.
type Floor struct {
	Name  string
	Value float64
}

// SeriesPlot is several series in one plot, for example accuracy against the batch size, tuned and untuned.
type SeriesPlot struct {
	Title  string
	X, Y   string // what the axes are, with their units
	Series []Series
	Floors []Floor

	// Log2 makes the horizontal axis logarithmic, with the powers of two written out.
	Log2 bool

	// Band draws the intervals as a band and not as error bars.
	Band bool
}

// Figure draws the plot. No point that was measured, a point whose X is not finite, or not positive where the axis is
// logarithmic, an X that does not grow, and an infinite number are usage errors.
func (s SeriesPlot) Figure() (*Figure, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return &Figure{Alt: s.alt(), width: seriesWidth, height: s.height(), draw: s.draw}, nil
}

func (s SeriesPlot) check() error {
	measured := false
	for _, one := range s.Series {
		for i, p := range one.Points {
			measured = measured || !math.IsNaN(p.Mean)
			switch {
			case math.IsNaN(p.X) || math.IsInf(p.X, 0) || s.Log2 && p.X <= 0:
				return usage.Errorf("series %q cannot be drawn at x = %v", one.Name, p.X)
			case i > 0 && p.X <= one.Points[i-1].X:
				return usage.Errorf("series %q has x = %v after %v: sort its points", one.Name, p.X, one.Points[i-1].X)
			case math.IsInf(p.Mean, 0) || math.IsInf(p.Low, 0) || math.IsInf(p.High, 0):
				return usage.Errorf("series %q is not finite at x = %v", one.Name, p.X)
			}
		}
	}
	if !measured {
		return usage.Errorf("there is no series to draw: no point was measured")
	}
	for _, f := range s.Floors {
		if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
			return usage.Errorf("the floor %q is %v: leave out what was not measured", f.Name, f.Value)
		}
	}
	return nil
}

// extent returns the ranges of all that is drawn.
func (s SeriesPlot) extent() (x, y [2]float64) {
	x, y = [2]float64{math.Inf(1), math.Inf(-1)}, [2]float64{math.Inf(1), math.Inf(-1)}
	grow := func(r *[2]float64, v float64) {
		if !math.IsNaN(v) {
			r[0], r[1] = min(r[0], v), max(r[1], v)
		}
	}
	for _, one := range s.Series {
		for _, p := range one.Points {
			grow(&x, p.X)
			for _, v := range []float64{p.Mean, p.Low, p.High} {
				grow(&y, v)
			}
		}
	}
	for _, f := range s.Floors {
		grow(&y, f.Value)
	}
	return x, y
}

// means returns the runs of points that were measured.
func (s Series) means() []plotter.XYs {
	points := make(plotter.XYs, len(s.Points))
	for i, p := range s.Points {
		points[i] = plotter.XY{X: p.X, Y: p.Mean}
	}
	return runs(points)
}

// band returns the outline of each run of intervals: along the lower ends and back along the upper ones.
func (s Series) band() (outlines []plotter.XYs) {
	var low, high plotter.XYs
	for _, p := range s.Points {
		y := plotter.XY{X: p.X, Y: math.NaN()}
		if p.bounded() {
			y.Y = p.Low
		}
		low, high = append(low, y), append(high, plotter.XY{X: p.X, Y: p.High})
	}
	at := 0
	for _, run := range runs(low) {
		for low[at].X != run[0].X {
			at++
		}
		outline := run
		for i := len(run) - 1; i >= 0; i-- {
			outline = append(outline, high[at+i])
		}
		outlines = append(outlines, outline)
	}
	return outlines
}

// bounded reports whether the point has an interval.
func (p Point) bounded() bool {
	return !math.IsNaN(p.Mean) && !math.IsNaN(p.Low) && !math.IsNaN(p.High)
}

// gaps returns the points that were not measured.
func (s Series) gaps() (gaps []float64) {
	for _, p := range s.Points {
		if math.IsNaN(p.Mean) {
			gaps = append(gaps, p.X)
		}
	}
	return gaps
}

// runs cuts a line where it has no number.
func runs(line plotter.XYs) (out []plotter.XYs) {
	open := false
	for _, p := range line {
		if math.IsNaN(p.Y) {
			open = false
			continue
		}
		if !open {
			out, open = append(out, nil), true
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

func (s SeriesPlot) alt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Plot of %s against %s", s.Y, s.X)
	for _, one := range s.Series {
		var parts []string
		for _, p := range one.Points {
			parts = append(parts, fmt.Sprintf("%.4g at %.4g", p.Mean, p.X))
		}
		fmt.Fprintf(&b, ". %s: %s", one.Name, strings.ReplaceAll(strings.Join(parts, ", "), "NaN", "not measured"))
	}
	for _, f := range s.Floors {
		fmt.Fprintf(&b, ". The floor %s is %.4g", f.Name, f.Value)
	}
	return b.String() + "."
}
