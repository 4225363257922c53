package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

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

// Mark is a name at a place of the horizontal axis.
type Mark struct {
	X    float64
	Name string
}

// Floor is a level that the series are compared with, drawn as a horizontal line.
type Floor struct {
	Name  string
	Value float64
	Kind  Kind // of what is compared with
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

	// Interval says what an interval is; "" is a 95 % interval.
	Interval string

	// Marks, if set, stand on the horizontal axis in place of its usual numbers.
	Marks []Mark
}

// Figure draws the plot. It returns a usage error if no point was measured, if an X is not finite, not increasing, or
// not positive where the axis is logarithmic, and for infinite numbers.
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
			// What was not measured has its place on the axis too: a cross marks it.
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

	// A run of low ends has its high ends at the same indices; X grows, and so its X finds them.
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
	missingGlyph = draw.GlyphStyle{Color: darkGray, Radius: glyphRadius + 1, Shape: draw.CrossGlyph{}}
)

// look is how a series is drawn. Up to five differ by color and glyph, the next ten by their dashes.
type look struct {
	line  draw.LineStyle
	glyph draw.GlyphDrawer
}

// lookOf returns the look of the k-th of several series of the given kinds.
func lookOf(kinds []Kind, k int) look {
	line := draw.LineStyle{Color: kindColor(kinds[:k+1]), Width: 1.5}
	line.Dashes = seriesDashes[k/len(seriesGlyphs)%len(seriesDashes)]
	return look{line, seriesGlyphs[k%len(seriesGlyphs)]}
}

// kinds returns the kinds of the series: all were trained.
func (s SeriesPlot) kinds() []Kind { return make([]Kind, len(s.Series)) }

func (s SeriesPlot) height() vg.Length {
	return seriesHeight + headingRoom(s.Title) + s.legend().height(seriesWidth-2*margin)
}

func (s SeriesPlot) draw(c draw.Canvas) {
	names := s.legend()
	c = heading(c, s.Title)
	names.draw(c)
	c = draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X))

	// Names of levels stand right of the plot.
	room, style := vg.Length(0), label(smallSize, draw.XLeft, draw.YCenter)
	for _, f := range s.Floors {
		room = max(room, style.Width(f.shortName())+namePad)
	}

	fig := s.plot()
	c = draw.Crop(c, 0, -room, 0, 0)
	fig.Draw(c)

	// Names need the vertical axis, which is only known once the plot is drawn.
	data := fig.DataCanvas(c)
	_, y := fig.Transforms(&data)
	s.nameFloors(data, y)
}

// plot returns the axes with all layers on them.
func (s SeriesPlot) plot() *plot.Plot {
	fig := newPlot("", s.X, s.Y)
	x, y := s.extent()
	fig.X.Min, fig.X.Max = widen(x, s.sides())
	fig.Y.Min, fig.Y.Max = widen(y, 0.06)

	// On a logarithmic axis the margins are shares of the exponents' range.
	if s.Log2 {
		low, high := widen([2]float64{math.Log2(x[0]), math.Log2(x[1])}, s.sides())
		fig.X.Scale, fig.X.Tick.Marker = plot.LogScale{}, log2Ticks{}
		fig.X.Min, fig.X.Max = math.Exp2(low), math.Exp2(high)
	}

	if s.Marks != nil {
		fig.X.Tick.Marker = marks(s.Marks)
	}

	// From the back: grid, levels, series.
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridLine
	fig.Add(grid)

	for _, f := range s.Floors {
		fig.Add(f.layer(fig.X.Min, fig.X.Max))
	}
	fig.Add(s.layers(fig.Y.Min + (fig.Y.Max-fig.Y.Min)/60)...)
	return fig
}

// sides returns the margins at both ends of the horizontal axis, as a share of it; marks may be long.
func (s SeriesPlot) sides() float64 {
	if s.Marks != nil {
		return 0.1
	}
	return 0.04
}

// layers returns what the series are drawn with: all intervals are behind all lines. bottom is where the crosses of
// points that were not measured stand.
func (s SeriesPlot) layers(bottom float64) (layers []plot.Plotter) {
	kinds := s.kinds()

	// Error bars of several series at one X are moved apart, around it; bands need no room.
	add := func(k int, more ...plot.Plotter) {
		for _, layer := range more {
			if !s.Band {
				layer = shifted{layer, shiftStep * (vg.Length(k) - vg.Length(len(kinds)-1)/2)}
			}
			layers = append(layers, layer)
		}
	}

	for k, one := range s.Series {
		add(k, one.intervals(lookOf(kinds, k).line.Color, s.Band)...)
	}
	for k, one := range s.Series {
		add(k, one.marks(lookOf(kinds, k), bottom)...)
	}
	return layers
}

// widen adds a share of a range's width to both its ends; a range without width gets some.
func widen(r [2]float64, share float64) (low, high float64) {
	room := share * (r[1] - r[0])
	if room == 0 {
		// A single value gets an axis of its own magnitude.
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
	bounded, gaps, kinds := false, false, s.kinds()
	for k, one := range s.Series {
		look := lookOf(kinds, k)
		l = append(l, lineEntry(shorten(one.Name, 48), look.line, look.glyph))
		gaps = gaps || one.gaps() != nil
		bounded = bounded || slices.ContainsFunc(one.Points, Point.bounded)
	}

	interval := cmp.Or(s.Interval, usualInterval)
	if bounded && s.Band {
		l = append(l, fillEntry(interval, faint(darkGray)))
	} else if bounded {
		l = append(l, errorBarEntry(interval, true))
	}

	if gaps {
		l = append(l, glyphEntry("not measured", missingGlyph))
	}
	return l
}

// floorLine is the height of a floor's name beside the plot.
const floorLine = vg.Length(11)

// layer returns the line of a floor, from one end of the plot to the other.
func (f Floor) layer(from, to float64) *plotter.Line {
	line := draw.LineStyle{Color: darkGray, Width: 1, Dashes: []vg.Length{4, 3}}
	if f.Kind == Untrained {
		line.Color, line.Dashes = orange, []vg.Length{1.5, 2}
	}
	return &plotter.Line{XYs: plotter.XYs{{X: from, Y: f.Value}, {X: to, Y: f.Value}}, LineStyle: line}
}

func (f Floor) shortName() string { return shorten(f.Name, 22) }

// nameFloors writes the names right of the lines, moved apart where lines lie close.
func (s SeriesPlot) nameFloors(c draw.Canvas, y func(float64) vg.Length) {
	places := make([]vg.Length, len(s.Floors))
	for i, f := range s.Floors {
		places[i] = y(f.Value)
	}

	style := label(smallSize, draw.XLeft, draw.YCenter)
	for i, place := range apart(places, floorLine) {
		at := vg.Point{X: c.Max.X + namePad, Y: place + style.FontExtents().Descent}
		c.FillText(style, at, s.Floors[i].shortName())
	}
}

// apart returns places that are as near to those given as being step apart allows, in the same order.
func apart(places []vg.Length, step vg.Length) []vg.Length {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })

	// Neighbors that are too close push each other apart; twenty rounds are enough for the few lines of a plot.
	out := slices.Clone(places)
	for range 20 {
		for n := 1; n < len(order); n++ {
			low, high := order[n-1], order[n]
			if lack := step - (out[high] - out[low]); lack > 0 {
				out[low], out[high] = out[low]-lack/2, out[high]+lack/2
			}
		}
	}
	return out
}
