package plots

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	forestWidth = vg.Length(680)
	forestRow   = vg.Length(17)
)

// bandFill is the colour of the band in which differences do not matter.
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
	data := fig.DataCanvas(c)
	_, y := fig.Transforms(&data)
	style := label(smallSize, draw.XLeft, draw.YCenter)
	for i, one := range d.Differences {
		data.FillText(style, vg.Point{X: data.Max.X + namePad, Y: y(d.centre(i)) + style.FontExtents().Descent}, one.text())
	}
}

// centre returns the middle of a row on the vertical axis; the first row is on top.
func (d *forestDrawing) centre(i int) float64 { return float64(len(d.Differences)-i) - 0.5 }

func (d *forestDrawing) plot() *plot.Plot {
	fig := newPlot("", d.Axis, "")
	fig.Y.Tick.Length, fig.Y.LineStyle.Width = 0, 0
	fig.Y.Tick.Marker = plot.TickerFunc(func(_, _ float64) (ticks []plot.Tick) {
		for i, name := range d.labels {
			ticks = append(ticks, plot.Tick{Value: d.centre(i), Label: name})
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
		LineStyle: draw.LineStyle{Color: darkGrey, Width: 0.8}}}
	for i, one := range d.Differences {
		if one.measured() {
			layers = append(layers, forestMark{one, d.centre(i)})
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
	y float64
}

// Plot implements plot.Plotter.
func (m forestMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	glyph, middle := verdictGlyph(m.Verdict), y(m.y)
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

// verdictGlyph gives each verdict a colour and a shape, so that they stay apart in grey print.
func verdictGlyph(verdict string) draw.GlyphStyle {
	glyph := draw.GlyphStyle{Color: ink, Radius: glyphRadius + 0.5, Shape: draw.RingGlyph{}}
	switch verdict {
	case debunked:
		glyph.Color, glyph.Shape = blue, draw.CircleGlyph{}
	case upheld:
		glyph.Color, glyph.Shape = vermillion, draw.BoxGlyph{}
	case notSettled:
		glyph.Color, glyph.Shape = darkGrey, draw.PyramidGlyph{}
	}
	return glyph
}

// legend names the verdicts that occur, and the band.
func (d *forestDrawing) legend() (l legend) {
	for _, verdict := range []string{debunked, upheld, notSettled, ""} {
		has := func(one Difference) bool { return one.Verdict == verdict && one.measured() }
		if !slices.ContainsFunc(d.Differences, has) {
			continue
		}
		name := verdict
		if name == "" {
			name = "no verdict"
		}
		l = append(l, glyphEntry(name, verdictGlyph(verdict)))
	}
	if d.Margin > 0 {
		l = append(l, fillEntry("within the margin of ±"+strconv.FormatFloat(d.Margin, 'g', 4, 64), bandFill))
	}
	if slices.ContainsFunc(d.Differences, Difference.bounded) {
		l = append(l, errorBarEntry(false))
	}
	return l
}
