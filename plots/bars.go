package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

const (
	barsWidth  = vg.Length(640)
	barHeight  = vg.Length(13)
	groupGap   = vg.Length(9)
	axisHeight = vg.Length(58) // title, tick labels and axis label
)

var (
	whisker    = draw.LineStyle{Color: ink, Width: 0.8}
	chanceLine = draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{2, 2}}
)

// Bar is a number with its interval. A Mean that is NaN was not measured; a Low or High that is NaN is not known, and
// no interval is drawn.
type Bar struct{ Mean, Low, High float64 }

// BarGroup is the bars of one thing, such as a task.
type BarGroup struct {
	Name string
	Bars []Bar // one for each of the chart's series

	// Chance is the level of guessing, drawn as a dashed line; NaN where it is not known.
	Chance float64
}

// BarSeries is what the k-th bar of each group is of, such as a model.
type BarSeries struct {
	Name string
	Kind Kind
}

// BarChart is groups of horizontal bars with their intervals, the first group on top.
type BarChart struct {
	X      string // what the bars measure, with its unit
	Series []BarSeries
	Groups []BarGroup
}

// Figure draws the chart; every bar has its number, with one decimal, at its end. It returns a usage error for a chart
// without bars, for groups whose bars are not as many as the series, and for numbers that are negative or infinite.
func (b BarChart) Figure() (*Figure, error) {
	if err := b.check(); err != nil {
		return nil, err
	}

	// The chart grows with its groups: bars keep their height, so that the numbers beside them stay readable.
	rows := vg.Length(len(b.Groups)) * b.groupHeight()
	height := axisHeight + b.legend().height(barsWidth-2*margin) + 2*margin + rows
	return &Figure{Alt: b.alt(), width: barsWidth, height: height, draw: b.draw}, nil
}

func (b BarChart) check() error {
	if len(b.Series) == 0 || len(b.Groups) == 0 {
		return usage.Errorf("there is nothing to draw: the chart has %d series and %d groups", len(b.Series),
			len(b.Groups))
	}

	for _, g := range b.Groups {
		if len(g.Bars) != len(b.Series) {
			return usage.Errorf("group %q has %d bars for %d series", g.Name, len(g.Bars), len(b.Series))
		}
		for _, bar := range g.Bars {
			// NaN passes: it stands for what was not measured.
			if bar.Mean < 0 || math.IsInf(bar.Mean, 0) || math.IsInf(bar.Low, 0) || math.IsInf(bar.High, 0) {
				return usage.Errorf("group %q has a bar of %v (%v to %v)", g.Name, bar.Mean, bar.Low, bar.High)
			}
		}
	}
	return nil
}

func (b Bar) measured() bool { return !math.IsNaN(b.Mean) }

func (b Bar) bounded() bool { return b.measured() && !math.IsNaN(b.Low) && !math.IsNaN(b.High) }

// ceiling returns the highest number to be drawn, 10 or more.
func (b BarChart) ceiling() float64 {
	highest := 10.0
	for _, g := range b.Groups {
		for _, bar := range g.Bars {
			for _, v := range []float64{bar.Mean, bar.High} {
				if v > highest {
					highest = v
				}
			}
		}
	}
	return highest
}

// groupHeight returns the height of a group: its bars, and the gap.
func (b BarChart) groupHeight() vg.Length { return vg.Length(len(b.Series))*barHeight + groupGap }

func (b BarChart) draw(c draw.Canvas) {
	fig := newPlot("", b.X, "")
	fig.X.Min, fig.X.Max = 0, b.ceiling()*1.08 // room for the number after the longest bar
	fig.Y.Min, fig.Y.Max = 0, float64(len(b.Groups))

	// Names of groups stand where the axis has its numbers.
	fig.Y.Tick.Length = 0
	fig.Y.Tick.Marker = plot.TickerFunc(func(_, _ float64) (ticks []plot.Tick) {
		for i, g := range b.Groups {
			ticks = append(ticks, plot.Tick{Value: b.center(i), Label: abbreviate(g.Name, 26)})
		}
		return ticks
	})
	fig.Add(b)

	// The legend stands above the plot.
	names := b.legend()
	fig.Draw(draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X)))
	names.draw(c)
}

// center returns the middle of a group on the vertical axis.
func (b BarChart) center(i int) float64 { return float64(len(b.Groups)-i) - 0.5 }

// Plot implements plot.Plotter.
func (b BarChart) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)

	// The grid comes first, behind the bars.
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		v := tick.Value
		c.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 0.5}, x(v), c.Min.Y, x(v), c.Max.Y)
	}

	// Groups from the top; within a group, bars from its top.
	span := vg.Length(len(b.Series)) * barHeight
	for i, g := range b.Groups {
		top := y(b.center(i)) + span/2
		for k, bar := range g.Bars {
			if bar.measured() {
				bar.draw(c, x, top-vg.Length(k)*barHeight, b.color(k))
			}
		}
		if level := x(g.Chance); !math.IsNaN(g.Chance) {
			c.StrokeLine2(chanceLine, level, top+2, level, top-span-2)
		}
	}
}

// draw draws the bar below top, its interval, and its number.
func (b Bar) draw(c draw.Canvas, x func(float64) vg.Length, top vg.Length, fill color.Color) {
	middle, end := top-barHeight/2, x(b.Mean)
	c.FillPolygon(fill, []vg.Point{{X: x(0), Y: top - 1}, {X: end, Y: top - 1}, {X: end, Y: top - barHeight + 1},
		{X: x(0), Y: top - barHeight + 1}})

	// The number stands behind the bar and its interval.
	if b.bounded() {
		from, to := x(b.Low), x(b.High)
		c.StrokeLine2(whisker, from, middle, to, middle)
		for _, at := range []vg.Length{from, to} {
			c.StrokeLine2(whisker, at, middle-2, at, middle+2)
		}
		end = max(end, to)
	}
	number := label(smallSize, draw.XLeft, draw.YCenter)
	c.FillText(number, vg.Point{X: end + 4, Y: middle}, b.text())
}

// text writes the number with one decimal.
func (b Bar) text() string { return fmt.Sprintf("%.1f", math.Round(10*b.Mean)/10) }

// legend names the series, the chance level where it is known, and the intervals.
func (b BarChart) legend() (l legend) {
	for k, s := range b.Series {
		l = append(l, fillEntry(abbreviate(s.Name, 24), b.color(k)))
	}
	if slices.ContainsFunc(b.Groups, func(g BarGroup) bool { return !math.IsNaN(g.Chance) }) {
		l = append(l, legendEntry{"chance", swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
			c.StrokeLine2(chanceLine, left+swatchWidth/2, middle-6, left+swatchWidth/2, middle+6)
		}})
	}
	if slices.ContainsFunc(b.Groups, func(g BarGroup) bool {
		return slices.ContainsFunc(g.Bars, func(bar Bar) bool { return !math.IsNaN(bar.Low) })
	}) {
		l = append(l, whiskerEntry())
	}
	return l
}

// color returns the color of the k-th series.
func (b BarChart) color(k int) color.Color {
	// A color depends on the series before it: trained models take the theme's colors in turn.
	kinds := make([]Kind, k+1)
	for i := range kinds {
		kinds[i] = b.Series[i].Kind
	}
	return kindColor(kinds)
}

func (b BarChart) alt() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Bar chart of %s.", b.X)

	for _, g := range b.Groups {
		var parts []string
		for k, bar := range g.Bars {
			if bar.measured() {
				parts = append(parts, b.Series[k].Name+" "+bar.text())
			}
		}
		fmt.Fprintf(&text, " %s: %s.", g.Name, strings.Join(parts, ", "))
	}
	return text.String()
}

// shorten shortens a name to at most length runes, and keeps its beginning and its end.
func shorten(name string, length int) string {
	return words.Shorten(strings.Join(strings.Fields(name), " "), length)
}

// abbreviate shortens a name to at most length runes.
func abbreviate(name string, length int) string {
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return name
}
