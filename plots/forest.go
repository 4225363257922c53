package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
)

// Difference is the mean of paired differences with its interval, and the verdict on it.
type Difference struct {
	Label           string
	Mean, Low, High float64

	// Verdict is one of the plot's verdicts, or "" where none was given.
	Verdict string
}

// Forest is a list of differences against the margin that matters.
type Forest struct {
	Title       string
	Differences []Difference

	// Verdicts are those that differences may have, in the order of the legend. Each has a color and a shape of its
	// own.
	Verdicts []string

	// Margin is the half-width of the band in which differences do not matter, in the unit of the differences.
	Margin float64

	// Axis says what the differences are: "difference in points of accuracy" where it is empty.
	Axis string
}

// Figure draws the differences from the top, with the band [-Margin, Margin] behind them. A mean that is NaN was not
// measured; a Low or High that is NaN is not known, and no interval is drawn; an infinite one ends in an arrow at the
// edge. Figure returns a usage error if nothing was measured, for a margin that is negative or not finite, an unknown
// verdict, or an interval that does not hold its mean.
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
		if d.Verdict != "" && !slices.Contains(f.Verdicts, d.Verdict) {
			return usage.Unknown("verdict", d.Verdict, f.Verdicts)
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
	fmt.Fprintf(&b, "Forest plot of the %s", f.Axis)
	if f.Margin > 0 {
		fmt.Fprintf(&b, "; the margin is ±%.4g", f.Margin)
	}
	for _, d := range f.Differences {
		fmt.Fprintf(&b, ". %s: %s", d.Label, d.text())
		if d.Verdict != "" {
			fmt.Fprintf(&b, ", %s", d.Verdict)
		}
	}
	return b.String() + "."
}

const (
	forestWidth = vg.Length(680)
	forestRow   = vg.Length(17)
)

// bandFill is the color of the band in which differences do not matter.
var bandFill = color.RGBA{0xea, 0xea, 0xea, 0xff}

// forestDrawing is a forest plot and its measures.
type forestDrawing struct {
	Forest
	labels  []string  // abbreviated
	numbers vg.Length // width of the column of numbers, right of the plot
}

func newForestDrawing(f Forest) *forestDrawing {
	d := &forestDrawing{Forest: f}
	style := label(smallSize, draw.XLeft, draw.YCenter)
	for _, one := range f.Differences {
		d.labels = append(d.labels, shorten(one.Label, 48))
		d.numbers = max(d.numbers, style.Width(one.text())+namePad)
	}
	return d
}

func (d *forestDrawing) height() vg.Length {
	rows := vg.Length(len(d.Differences)) * forestRow
	return headingRoom(d.Title) + d.legend().height(forestWidth-2*margin) + rows + axisHeight + 2*margin
}

func (d *forestDrawing) draw(c draw.Canvas) {
	names := d.legend()
	c = heading(c, d.Title)
	names.draw(c)
	c = draw.Crop(c, 0, -d.numbers, 0, -names.height(c.Max.X-c.Min.X))

	fig := d.plot()
	fig.Draw(c)

	// The numbers stand right of the plot, at the height of their marks.
	data := fig.DataCanvas(c)
	_, y := fig.Transforms(&data)
	style := label(smallSize, draw.XLeft, draw.YCenter)
	for i, one := range d.Differences {
		data.FillText(style, vg.Point{X: data.Max.X + namePad, Y: y(d.center(i)) + style.FontExtents().Descent},
			one.text())
	}
}

// center returns the middle of a row on the vertical axis; the first row is on top.
func (d *forestDrawing) center(i int) float64 { return float64(len(d.Differences)-i) - 0.5 }

func (d *forestDrawing) plot() *plot.Plot {
	fig := newPlot("", d.Axis, "")
	fig.Y.Tick.Length, fig.Y.LineStyle.Width = 0, 0
	fig.Y.Tick.Marker = plot.TickerFunc(func(_, _ float64) (ticks []plot.Tick) {
		for i, name := range d.labels {
			ticks = append(ticks, plot.Tick{Value: d.center(i), Label: name})
		}
		return ticks
	})
	fig.Add(d.layers()...)
	fig.X.Min, fig.X.Max = d.extent()
	fig.Y.Min, fig.Y.Max = 0, float64(len(d.Differences))
	return fig
}

// layers returns what is drawn, from the back: the band, the line at zero, the intervals and their means.
func (d *forestDrawing) layers() []plot.Plotter {
	top := float64(len(d.Differences))
	layers := []plot.Plotter{d.band(), &plotter.Line{XYs: plotter.XYs{{X: 0, Y: 0}, {X: 0, Y: top}},
		LineStyle: draw.LineStyle{Color: darkGray, Width: 0.8}}}

	for i, one := range d.Differences {
		if one.measured() {
			layers = append(layers, forestMark{one, d.center(i), d.glyph(one.Verdict)})
		}
	}
	return layers
}

func (d *forestDrawing) band() *plotter.Polygon {
	m, top := d.Margin, float64(len(d.Differences))
	return &plotter.Polygon{Color: bandFill, XYs: []plotter.XYs{{{X: -m, Y: 0}, {X: m, Y: 0}, {X: m, Y: top},
		{X: -m, Y: top}}}}
}

// forestMark is one difference at the height y.
type forestMark struct {
	Difference
	y     float64
	glyph draw.GlyphStyle
}

// Plot implements plot.Plotter.
func (m forestMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	glyph, middle := m.glyph, y(m.y)

	// An interval that leaves the axis is cut at the edge; infinite ends show that by an arrow.
	if m.bounded() {
		line := draw.LineStyle{Color: glyph.Color, Width: 1.4}
		from, to := x(max(m.Low, p.X.Min)), x(min(m.High, p.X.Max))
		c.StrokeLine2(line, from, middle, to, middle)
		drawEnd(c, line, vg.Point{X: from, Y: middle}, 3, math.IsInf(m.Low, 0))
		drawEnd(c, line, vg.Point{X: to, Y: middle}, -3, math.IsInf(m.High, 0))
	}

	c.DrawGlyph(glyph, vg.Point{X: x(m.Mean), Y: middle})
}

// drawEnd draws the end of an interval: a bar, or an arrow head that points away from inward.
func drawEnd(c draw.Canvas, line draw.LineStyle, at vg.Point, inward vg.Length, arrow bool) {
	if !arrow {
		inward = 0
	}
	c.StrokeLines(line, []vg.Point{{X: at.X + inward, Y: at.Y - 3}, at, {X: at.X + inward, Y: at.Y + 3}})
}

// verdictGlyphs are given to the verdicts in their order: they differ in color and in shape, so that they stay apart in
// gray print.
var verdictGlyphs = []draw.GlyphStyle{
	{Color: blue, Shape: draw.CircleGlyph{}}, {Color: vermillion, Shape: draw.BoxGlyph{}},
	{Color: darkGray, Shape: draw.PyramidGlyph{}}, {Color: green, Shape: draw.SquareGlyph{}},
	{Color: purple, Shape: draw.TriangleGlyph{}},
}

// glyph returns the glyph of a verdict; a ring where there is none.
func (f Forest) glyph(verdict string) draw.GlyphStyle {
	glyph := draw.GlyphStyle{Color: ink, Shape: draw.RingGlyph{}}
	if i := slices.Index(f.Verdicts, verdict); i >= 0 && verdict != "" {
		glyph = verdictGlyphs[i%len(verdictGlyphs)]
	}

	glyph.Radius = glyphRadius + 0.5
	return glyph
}

// legend names the verdicts that occur, and the band.
func (d *forestDrawing) legend() (l legend) {
	for _, verdict := range append(slices.Clone(d.Verdicts), "") {
		// The legend names only what is in the plot; a difference without a verdict comes last.
		has := func(one Difference) bool { return one.Verdict == verdict && one.measured() }
		if !slices.ContainsFunc(d.Differences, has) {
			continue
		}

		name := verdict
		if name == "" {
			name = "no verdict"
		}
		l = append(l, glyphEntry(name, d.glyph(verdict)))
	}

	if d.Margin > 0 {
		l = append(l, fillEntry("within the margin of ±"+strconv.FormatFloat(d.Margin, 'g', 4, 64), bandFill))
	}
	if slices.ContainsFunc(d.Differences, Difference.bounded) {
		l = append(l, errorBarEntry(usualInterval, false))
	}
	return l
}
