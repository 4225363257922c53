package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	seriesWidth  = vg.Length(560)
	seriesHeight = vg.Length(330) // without the legend
	glyphRadius  = vg.Length(3)
	shiftStep    = vg.Length(3) // between the error bars of two series at the same place
)

var (
	seriesGlyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{},
		draw.SquareGlyph{}}
	seriesDashes = [][]vg.Length{nil, {6, 2}, {2, 2}}
	missingGlyph = draw.GlyphStyle{Color: darkGrey, Radius: glyphRadius + 1, Shape: draw.CrossGlyph{}}
)

// look is how a series is drawn. Up to five differ by colour and glyph, the next ten by their dashes.
type look struct {
	line  draw.LineStyle
	glyph draw.GlyphDrawer
}

// lookOf returns the look of the k-th of several names; the floors of a comparison have the colours they always have.
func lookOf(names []string, k int) look {
	line := draw.LineStyle{Color: modelColor(names[k], len(methods(names[:k]))), Width: 1.5}
	line.Dashes = seriesDashes[k/len(seriesGlyphs)%len(seriesDashes)]
	return look{line, seriesGlyphs[k%len(seriesGlyphs)]}
}

func (s SeriesPlot) names() (names []string) {
	for _, one := range s.Series {
		names = append(names, one.Name)
	}
	return names
}

func (s SeriesPlot) height() vg.Length {
	return seriesHeight + headingRoom(s.Title) + s.legend().height(seriesWidth-2*margin)
}

func (s SeriesPlot) draw(c draw.Canvas) {
	names := s.legend()
	c = heading(c, s.Title)
	names.draw(c)
	c = draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X))
	room, style := vg.Length(0), label(smallSize, draw.XLeft, draw.YCenter)
	for _, f := range s.Floors {
		room = max(room, style.Width(f.shortName())+namePad)
	}
	fig := s.plot()
	c = draw.Crop(c, 0, -room, 0, 0)
	fig.Draw(c)
	data := fig.DataCanvas(c)
	_, y := fig.Transforms(&data)
	s.nameFloors(data, y)
}

// plot returns the axes with all layers on them.
func (s SeriesPlot) plot() *plot.Plot {
	fig := newPlot("", s.X, s.Y)
	x, y := s.extent()
	fig.X.Min, fig.X.Max = widen(x, 0.04)
	fig.Y.Min, fig.Y.Max = widen(y, 0.06)
	if s.Log2 {
		low, high := widen([2]float64{math.Log2(x[0]), math.Log2(x[1])}, 0.04)
		fig.X.Scale, fig.X.Tick.Marker = plot.LogScale{}, log2Ticks{}
		fig.X.Min, fig.X.Max = math.Exp2(low), math.Exp2(high)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridLine
	fig.Add(grid)
	for _, f := range s.Floors {
		fig.Add(f.layer(fig.X.Min, fig.X.Max))
	}
	fig.Add(s.layers(fig.Y.Min + (fig.Y.Max-fig.Y.Min)/60)...)
	return fig
}

// layers returns what the series are drawn with: all intervals are behind all lines. bottom is where the crosses of
// points that were not measured stand.
func (s SeriesPlot) layers(bottom float64) (layers []plot.Plotter) {
	names := s.names()
	add := func(k int, more ...plot.Plotter) {
		for _, layer := range more {
			if !s.Band {
				layer = shifted{layer, shiftStep * (vg.Length(k) - vg.Length(len(names)-1)/2)}
			}
			layers = append(layers, layer)
		}
	}
	for k, one := range s.Series {
		add(k, one.intervals(lookOf(names, k).line.Color, s.Band)...)
	}
	for k, one := range s.Series {
		add(k, one.marks(lookOf(names, k), bottom)...)
	}
	return layers
}

// widen adds a share of a range's width to both its ends; a range without width gets some.
func widen(r [2]float64, share float64) (low, high float64) {
	room := share * (r[1] - r[0])
	if room == 0 {
		room = max(math.Abs(r[0])/20, 1e-3)
	}
	return r[0] - room, r[1] + room
}

// intervals returns the intervals of a series, as a band or as error bars.
func (s Series) intervals(c color.Color, band bool) (layers []plot.Plotter) {
	if !band {
		return []plot.Plotter{s.errorBars(c)}
	}
	for _, outline := range s.band() {
		layers = append(layers, &plotter.Polygon{XYs: []plotter.XYs{outline}, Color: faint(c)})
	}
	return layers
}

// marks returns the line of a series, its points, and at bottom a cross for each point that was not measured.
func (s Series) marks(l look, bottom float64) (layers []plot.Plotter) {
	for _, run := range s.means() {
		layers = append(layers, &plotter.Line{XYs: run, LineStyle: l.line}, &plotter.Scatter{XYs: run,
			GlyphStyle: draw.GlyphStyle{Color: l.line.Color, Radius: glyphRadius, Shape: l.glyph}})
	}
	if gaps := s.gaps(); gaps != nil {
		glyph := missingGlyph
		glyph.Color = l.line.Color
		crosses := &plotter.Scatter{GlyphStyle: glyph}
		for _, x := range gaps {
			crosses.XYs = append(crosses.XYs, plotter.XY{X: x, Y: bottom})
		}
		layers = append(layers, crosses)
	}
	return layers
}

// errorBars returns the intervals of the points that have one.
func (s Series) errorBars(c color.Color) *plotter.YErrorBars {
	bars := &plotter.YErrorBars{LineStyle: draw.LineStyle{Color: c, Width: 1}, CapWidth: 5}
	for _, p := range s.Points {
		if p.bounded() {
			bars.XYs = append(bars.XYs, plotter.XY{X: p.X, Y: p.Mean})
			bars.YErrors = append(bars.YErrors, struct{ Low, High float64 }{p.Mean - p.Low, p.High - p.Mean})
		}
	}
	return bars
}

// shifted draws a layer beside its place, so that error bars of several series do not cover each other.
type shifted struct {
	plot.Plotter
	by vg.Length
}

// Plot implements plot.Plotter.
func (s shifted) Plot(c draw.Canvas, p *plot.Plot) { s.Plotter.Plot(draw.Crop(c, s.by, s.by, 0, 0), p) }

func (s SeriesPlot) legend() (l legend) {
	bounded, gaps, names := false, false, s.names()
	for k, one := range s.Series {
		look := lookOf(names, k)
		l = append(l, lineEntry(shorten(one.Name, 48), look.line, look.glyph))
		gaps = gaps || one.gaps() != nil
		bounded = bounded || slices.ContainsFunc(one.Points, Point.bounded)
	}
	if bounded && s.Band {
		l = append(l, fillEntry("95 % interval", faint(darkGrey)))
	} else if bounded {
		l = append(l, errorBarEntry(true))
	}
	if gaps {
		l = append(l, glyphEntry("not measured", missingGlyph))
	}
	return l
}
