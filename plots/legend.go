package plots

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	legendHeight = vg.Length(20) // of a line
	legendIndent = vg.Length(6)
	swatchWidth  = vg.Length(12)
	lineSwatch   = vg.Length(22) // long enough to show dashes
	swatchGap    = vg.Length(4)  // between a swatch and its name
	legendGap    = vg.Length(18) // between entries
)

// legendEntry is a swatch and its name. mark draws a swatch that begins at left, on the line through middle.
type legendEntry struct {
	name  string
	width vg.Length // of the swatch
	mark  func(c draw.Canvas, left, middle vg.Length)
}

// legend is drawn from left to right, and continues on the next line where it is too long.
type legend []legendEntry

// lines breaks the legend so that each line fits into width; an entry that is too long has a line of its own.
func (l legend) lines(width vg.Length) (lines []legend) {
	style, left := label(textSize, draw.XLeft, draw.YCenter), width
	for _, e := range l {
		need := e.width + swatchGap + style.Width(e.name)

		// Starting with a full line makes the first entry begin one.
		if left+need > width {
			lines, left = append(lines, nil), legendIndent
		}

		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		left += need + legendGap
	}
	return lines
}

func (l legend) height(width vg.Length) vg.Length {
	return vg.Length(len(l.lines(width))) * legendHeight
}

// draw draws the legend from the top of c.
func (l legend) draw(c draw.Canvas) {
	style, middle := label(textSize, draw.XLeft, draw.YCenter), c.Max.Y-legendHeight/2
	for _, line := range l.lines(c.Max.X - c.Min.X) {
		left := c.Min.X + legendIndent
		for _, e := range line {
			e.mark(c, left, middle)
			c.FillText(style, vg.Point{X: left + e.width + swatchGap, Y: middle}, e.name)
			left += e.width + swatchGap + style.Width(e.name) + legendGap
		}

		middle -= legendHeight
	}
}

// fillEntry shows a color that fills bars, cells or a band.
func fillEntry(name string, fill color.Color) legendEntry {
	return legendEntry{name, swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
		c.FillPolygon(fill, box(left, middle-5, left+swatchWidth, middle+5))
	}}
}

// lineEntry shows a line and, unless shape is nil, the glyph on it.
func lineEntry(name string, line draw.LineStyle, shape draw.GlyphDrawer) legendEntry {
	return legendEntry{name, lineSwatch, func(c draw.Canvas, left, middle vg.Length) {
		c.StrokeLine2(line, left, middle, left+lineSwatch, middle)
		if shape != nil {
			glyph := draw.GlyphStyle{Color: line.Color, Radius: glyphRadius, Shape: shape}
			c.DrawGlyph(glyph, vg.Point{X: left + lineSwatch/2, Y: middle})
		}
	}}
}

// glyphEntry shows a glyph.
func glyphEntry(name string, glyph draw.GlyphStyle) legendEntry {
	return legendEntry{name, 2 * glyph.Radius, func(c draw.Canvas, left, middle vg.Length) {
		c.DrawGlyph(glyph, vg.Point{X: left + glyph.Radius, Y: middle})
	}}
}

// usualInterval is what an interval is unless a figure says otherwise.
const usualInterval = "95 % interval"

// errorBarEntry shows an interval with its ends, upright or lying.
func errorBarEntry(name string, upright bool) legendEntry {
	const half, end = swatchWidth / 2, vg.Length(3)
	return legendEntry{name, swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
		center := vg.Point{X: left + half, Y: middle}

		// The strokes fit a lying bar; an upright one swaps x and y.
		stroke := func(x0, y0, x1, y1 vg.Length) {
			if upright {
				x0, y0, x1, y1 = y0, x0, y1, x1
			}
			c.StrokeLine2(draw.LineStyle{Color: darkGray, Width: 1.2}, center.X+x0, center.Y+y0, center.X+x1,
				center.Y+y1)
		}

		stroke(-half, 0, half, 0)
		stroke(-half, -end, -half, end)
		stroke(half, -end, half, end)
	}}
}

// gapEntry shows a line with a hole in it.
func gapEntry() legendEntry {
	return legendEntry{"not measured", lineSwatch, func(c draw.Canvas, left, middle vg.Length) {
		style := draw.LineStyle{Color: darkGray, Width: 1.5}
		c.StrokeLine2(style, left, middle, left+6, middle)
		c.StrokeLine2(style, left+lineSwatch-6, middle, left+lineSwatch, middle)
	}}
}

// whiskerEntry shows a whisker, which is an interval wherever it stands.
func whiskerEntry() legendEntry {
	return legendEntry{usualInterval, swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
		c.StrokeLine2(whisker, left, middle, left+swatchWidth, middle)
	}}
}

// box returns the corners of a rectangle.
func box(left, bottom, right, top vg.Length) []vg.Point {
	return []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
}
