package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	whisker    = draw.LineStyle{Color: ink, Width: 0.8}
	chanceLine = draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{2, 2}}
)

// Plot implements plot.Plotter.
func (b *bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		v := tick.Value
		c.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 0.5}, x(v), c.Min.Y, x(v), c.Max.Y)
	}
	span := vg.Length(len(b.models)) * barHeight
	for i, r := range b.rows {
		top := y(b.centre(i)) + span/2
		for k, m := range b.models {
			if e := r.models[m]; e != nil {
				drawBar(c, e, x, top-vg.Length(k)*barHeight, b.color(k))
			}
		}
		if level := x(100 * b.chance[i]); !math.IsNaN(b.chance[i]) {
			c.StrokeLine2(chanceLine, level, top+2, level, top-span-2)
		}
	}
}

// drawBar draws one bar below top, its interval, and its number.
func drawBar(c draw.Canvas, e *estimate, x func(float64) vg.Length, top vg.Length, fill color.Color) {
	middle, end := top-barHeight/2, x(100*e.mean())
	c.FillPolygon(fill, []vg.Point{{X: x(0), Y: top - 1}, {X: end, Y: top - 1}, {X: end, Y: top - barHeight + 1},
		{X: x(0), Y: top - barHeight + 1}})
	low, high := e.interval()
	from, to := x(100*low), x(100*high)
	c.StrokeLine2(whisker, from, middle, to, middle)
	for _, at := range []vg.Length{from, to} {
		c.StrokeLine2(whisker, at, middle-2, at, middle+2)
	}
	number := label(smallSize, draw.XLeft, draw.YCenter)
	c.FillText(number, vg.Point{X: max(end, to) + 4, Y: middle}, e.percent())
}

// legend names the models, the chance level where it is known, and the intervals.
func (b *bars) legend() (l legend) {
	for k, m := range b.models {
		l = append(l, fillEntry(abbreviate(m, 24), b.color(k)))
	}
	if b.knowsChance() {
		l = append(l, legendEntry{"chance", swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
			c.StrokeLine2(chanceLine, left+swatchWidth/2, middle-6, left+swatchWidth/2, middle+6)
		}})
	}
	return append(l, whiskerEntry())
}

// color returns the colour of the k-th model.
func (b *bars) color(k int) color.Color {
	return modelColor(b.models[k], len(methods(b.models[:k])))
}

func (b *bars) knowsChance() bool {
	for _, level := range b.chance {
		if !math.IsNaN(level) {
			return true
		}
	}
	return false
}
