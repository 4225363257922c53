package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	cellHeight    = vg.Length(19)
	cellHeightTwo = vg.Length(27)  // with the interval under the number
	cellPad       = vg.Length(10)  // beside the widest number
	namePad       = vg.Length(6)   // between names and cells
	uprightName   = vg.Length(72)  // widest name of a column that is never turned
	uprightNames  = vg.Length(360) // width of all columns up to which none is turned
	nameAngle     = math.Pi / 4
	rampWidth     = vg.Length(90) // of the scale in the legend
	halfSize      = smallSize - 2
	mapMinWidth   = vg.Length(320)
)

// heatDrawing is a heat map and its measures: names to the left of and above the cells.
type heatDrawing struct {
	HeatMap
	rows, columns []string // abbreviated
	cell          vg.Point // width and height
	left, top     vg.Length
	right         vg.Length // by which the last turned name hangs over
	turned        bool
}

func newHeatDrawing(m HeatMap) *heatDrawing {
	d := &heatDrawing{HeatMap: m, cell: vg.Point{Y: cellHeight}}
	if m.Halves != nil {
		d.cell.Y = cellHeightTwo
	}
	style := label(smallSize, draw.XLeft, draw.YBottom)
	widest := vg.Length(0)
	for _, name := range m.Rows {
		d.rows = append(d.rows, shorten(name, 48))
		d.left = max(d.left, style.Width(d.rows[len(d.rows)-1])+namePad)
	}
	for _, name := range m.Columns {
		d.columns = append(d.columns, shorten(name, 40))
		widest = max(widest, style.Width(d.columns[len(d.columns)-1]))
	}
	for i := range m.Values {
		for k, v := range m.Values[i] {
			d.cell.X = max(d.cell.X, style.Width(m.text(v))+cellPad, style.Width(m.half(i, k))+cellPad)
		}
	}
	d.placeNames(widest, style.Height("X"))
	return d
}

// placeNames turns the names of the columns where they are too wide to stand side by side.
func (d *heatDrawing) placeNames(widest, height vg.Length) {
	if all := vg.Length(len(d.columns)) * (widest + namePad); widest <= uprightName || all <= uprightNames {
		d.cell.X = max(d.cell.X, widest+namePad)
		d.top = height + namePad
		return
	}
	d.turned = true
	d.top = widest*vg.Length(math.Sin(nameAngle)) + height + namePad
	style := label(smallSize, draw.XLeft, draw.YBottom)
	for k, name := range d.columns {
		after := vg.Length(len(d.columns)-1-k) * d.cell.X
		d.right = max(d.right, style.Width(name)*vg.Length(math.Cos(nameAngle))+height-d.cell.X/2-after)
	}
}

// half returns the text of an interval, "" where there is none.
func (m HeatMap) half(i, k int) string {
	if m.Halves == nil || math.IsNaN(m.Halves[i][k]) || math.IsNaN(m.Values[i][k]) {
		return ""
	}
	return "± " + m.text(m.Halves[i][k])
}

func (d *heatDrawing) size() (width, height vg.Length) {
	title := label(textSize+1, draw.XLeft, draw.YCenter).Width(d.Title)
	width = max(d.left+d.cell.X*vg.Length(len(d.columns))+d.right, title, mapMinWidth)
	height = d.top + d.cell.Y*vg.Length(len(d.rows)) + namePad + d.legend().height(width)
	return width + 2*margin, height + headingRoom(d.Title) + 2*margin
}

func (d *heatDrawing) draw(c draw.Canvas) {
	c = heading(c, d.Title)
	origin := vg.Point{X: c.Min.X + d.left, Y: c.Max.Y - d.top}
	d.drawNames(c, origin)
	for i := range d.rows {
		for k := range d.columns {
			d.drawCell(c, d.corner(origin, i, k), i, k)
		}
	}
	d.legend().draw(draw.Crop(c, 0, 0, 0, -d.top-d.cell.Y*vg.Length(len(d.rows))-namePad))
}

func (d *heatDrawing) drawNames(c draw.Canvas, origin vg.Point) {
	style := label(smallSize, draw.XRight, draw.YCenter)
	for i, name := range d.rows {
		c.FillText(style, origin.Sub(vg.Point{X: namePad, Y: (vg.Length(i) + 0.5) * d.cell.Y}), name)
	}
	style = label(smallSize, draw.XCenter, draw.YBottom)
	if d.turned {
		style = label(smallSize, draw.XLeft, draw.YCenter)
		style.Rotation = nameAngle
	}
	for k, name := range d.columns {
		c.FillText(style, origin.Add(vg.Point{X: (vg.Length(k) + 0.5) * d.cell.X, Y: namePad}), name)
	}
}

// corner returns the upper left corner of a cell. origin is that of the first one.
func (d *heatDrawing) corner(origin vg.Point, i, k int) vg.Point {
	return vg.Point{X: origin.X + vg.Length(k)*d.cell.X, Y: origin.Y - vg.Length(i)*d.cell.Y}
}

// drawCell draws a cell whose upper left corner is given.
func (d *heatDrawing) drawCell(c draw.Canvas, corner vg.Point, i, k int) {
	const gap = vg.Length(0.5)
	left, top := corner.X+gap, corner.Y-gap
	right, bottom := corner.X+d.cell.X-gap, corner.Y-d.cell.Y+gap
	if math.IsNaN(d.Values[i][k]) {
		hatch(c, left, bottom, right, top)
		return
	}
	fill := d.color(d.level(i, k))
	c.FillPolygon(fill, box(left, bottom, right, top))
	middle := vg.Point{X: (left + right) / 2, Y: (bottom + top) / 2}
	number := label(smallSize, draw.XCenter, draw.YCenter)
	number.Color = inkOn(fill)
	half := d.half(i, k)
	if half == "" {
		c.FillText(number, middle, d.text(d.Values[i][k]))
		return
	}
	c.FillText(number, middle.Add(vg.Point{Y: 5}), d.text(d.Values[i][k]))
	number.Font.Size = halfSize
	c.FillText(number, middle.Sub(vg.Point{Y: 6.5}), half)
}

// legend shows the colours with the ends of their scale, and says what an empty cell means.
func (d *heatDrawing) legend() legend {
	name := d.Unit
	if low, high := d.scale(0); d.PerRow {
		name = d.begin() + " to highest of each row · " + name
	} else if !math.IsNaN(low) {
		name = d.text(low) + " to " + d.text(high) + " · " + name
	}
	l := legend{{name, rampWidth, d.ramp}}
	if d.Halves != nil {
		l = append(l, legendEntry{"half of the 95 % interval", swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
			c.FillText(label(smallSize, draw.XCenter, draw.YCenter), vg.Point{X: left + swatchWidth/2, Y: middle}, "±")
		}})
	}
	if !d.measuredAll() {
		l = append(l, notMeasured())
	}
	return l
}

// begin names the value at which the rows' own scales begin.
func (d *heatDrawing) begin() string {
	known := 0
	for _, floor := range d.Floors {
		if !math.IsNaN(floor) {
			known++
		}
	}
	switch known {
	case 0:
		return "lowest"
	case len(d.Floors):
		return "floor"
	}
	return "floor, or else lowest,"
}

// ramp draws the scale. Its steps reach to the right end, so that no seam shows between them.
func (d *heatDrawing) ramp(c draw.Canvas, left, middle vg.Length) {
	const steps = 45
	for n := range steps {
		from := left + rampWidth*vg.Length(n)/steps
		c.FillPolygon(d.color(float64(n)/(steps-1)), box(from, middle-5, left+rampWidth, middle+5))
	}
}

// color returns the colour of a level in [0, 1].
func (d *heatDrawing) color(level float64) color.Color {
	if d.Diverging {
		return tint(2*level - 1)
	}
	return shade(level)
}
