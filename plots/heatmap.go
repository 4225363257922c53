package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

// HeatMap is a table of numbers whose cells are colored by them: the higher, the darker.
type HeatMap struct {
	Title         string
	Rows, Columns []string

	// Values has a list for each row, with a number for each column. NaN was not measured: the cell is hatched.
	Values [][]float64

	// Halves, which may be nil, has half the width of each number's 95 % interval; NaN where it is not known.
	Halves [][]float64

	// Unit says what the values are, for example "test accuracy (%)".
	Unit string

	// PerRow gives each row a scale of its own, from its floor to the ceiling, for rows that differ in difficulty.
	PerRow bool

	// Floors, which may be nil, has the value at which each row's own scale begins; where it is NaN, the scale begins
	// at the row's lowest value. Values below the floor have its color.
	Floors []float64

	// FloorName says what the floors are; "floor" when left out.
	FloorName string

	// Ceiling is the value at which each row's own scale ends; where it is 0, the scale ends at the highest value of
	// the row.
	Ceiling float64

	// Diverging colors values below and above 0 by two hues. The scale is [-1, 1], as for a rank correlation, or as
	// wide as the largest value asks for.
	Diverging bool
}

// Figure draws the map. It returns a usage error if there are no rows or columns, if lists have unequal lengths, for
// infinite values, and for a scale that is both diverging and of each row's own.
func (m HeatMap) Figure() (*Figure, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	d := newHeatDrawing(m)
	width, height := d.size()
	return &Figure{Alt: m.alt(), width: width, height: height, draw: d.draw}, nil
}

func (m HeatMap) check() error {
	switch {
	case len(m.Rows) == 0 || len(m.Columns) == 0:
		return usage.Errorf("a heat map needs rows and columns: there are %d and %d", len(m.Rows), len(m.Columns))
	case m.PerRow && m.Diverging:
		return usage.Errorf("a diverging heat map has one scale: PerRow must be false")
	case m.Floors != nil && (!m.PerRow || len(m.Floors) != len(m.Rows)):
		return usage.Errorf("%d floors are given for the %d rows of a heat map; PerRow, which needs them, is %v",
			len(m.Floors), len(m.Rows), m.PerRow)
	case !m.PerRow && m.Ceiling != 0:
		return usage.Errorf("a heat map has the ceiling %g, and PerRow, which needs it, is false", m.Ceiling)
	}

	if m.Halves != nil {
		if err := m.checkGrid("intervals", m.Halves); err != nil {
			return err
		}
	}
	return m.checkGrid("values", m.Values)
}

func (m HeatMap) checkGrid(kind string, grid [][]float64) error {
	if len(grid) != len(m.Rows) {
		return usage.Errorf("the heat map has %d rows and %d lists of %s", len(m.Rows), len(grid), kind)
	}
	for i, list := range grid {
		if len(list) != len(m.Columns) {
			return usage.Errorf("row %q of the heat map has %d %s for %d columns", m.Rows[i], len(list), kind,
				len(m.Columns))
		}
		for k, v := range list {
			if math.IsInf(v, 0) {
				return usage.Errorf("row %q, column %q of the heat map is not finite among the %s", m.Rows[i],
					m.Columns[k], kind)
			}
		}
	}
	return nil
}

// scale returns the values at the ends of a row's colors; NaN where nothing was measured.
func (m HeatMap) scale(i int) (low, high float64) {
	if m.Diverging {
		low, high = extremes(m.Values)

		// 0 has to be in the middle of the colors.
		end := max(1, -low, high)
		if math.IsNaN(end) {
			end = 1
		}
		return -end, end
	}

	if !m.PerRow {
		return extremes(m.Values)
	}

	low, high = extremes(m.Values[i : i+1])
	if m.Floors != nil && !math.IsNaN(m.Floors[i]) {
		low = m.Floors[i]
	}
	if m.Ceiling != 0 {
		high = m.Ceiling
	}
	return low, high
}

// extremes returns the lowest and the highest value that was measured; NaN when there is none.
func extremes(grid [][]float64) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for _, list := range grid {
		for _, v := range list {
			// The first number takes the place of NaN: no comparison with NaN holds.
			if !math.IsNaN(v) && !(v >= low) {
				low = v
			}
			if !math.IsNaN(v) && !(v <= high) {
				high = v
			}
		}
	}
	return low, high
}

// level returns where the scale has a cell's value, in [0, 1]. Where the scale has no width, a value that is not above
// it has the lowest level.
func (m HeatMap) level(i, k int) float64 {
	low, high := m.scale(i)
	if !(high > low) {
		return 0
	}
	return min(1, max(0, (m.Values[i][k]-low)/(high-low)))
}

// text writes a number of the map: with one decimal where some number is 10 or more, else with two.
func (m HeatMap) text(v float64) string {
	low, high := extremes(m.Values)
	digits := 2
	if max(-low, high) >= 10 {
		digits = 1
	}

	if math.IsNaN(v) {
		return "–"
	}

	// What rounds to zero has no sign.
	text := strings.TrimPrefix(fmt.Sprintf("%.*f", digits, v), "-")
	if v < 0 && strings.Trim(text, "0.") != "" {
		return "−" + text
	}
	return text
}

func (m HeatMap) measuredAll() bool {
	for _, list := range m.Values {
		for _, v := range list {
			if math.IsNaN(v) {
				return false
			}
		}
	}
	return true
}

// spoken is the number of cells up to which the words for a map give each of them, and above which each row's extremes.
const spoken = 40

func (m HeatMap) alt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Heat map of %s: %s by %s", m.Unit, words.Count(len(m.Rows), "row"),
		words.Count(len(m.Columns), "column"))

	for i, name := range m.Rows {
		var cells []string
		for k, v := range m.Values[i] {
			cells = append(cells, m.Columns[k]+" "+m.text(v))
		}

		// A screen reader reads all of it: a large map gives the extremes of each row.
		if low, high := extremes(m.Values[i : i+1]); len(m.Rows)*len(m.Columns) > spoken {
			cells = []string{m.text(low) + " to " + m.text(high)}
		}
		fmt.Fprintf(&b, ". %s: %s", name, strings.Join(cells, ", "))
	}
	return b.String() + "."
}

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

	// All cells have the size of the widest number.
	for i := range m.Values {
		for k, v := range m.Values[i] {
			d.cell.X = max(d.cell.X, style.Width(m.text(v))+cellPad, style.Width(m.half(i, k))+cellPad)
		}
	}

	// The names come after the cells: turned ones hang over by what the cells leave.
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
		// A turned name may reach over the cells of the columns right of it.
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

	// Names of columns that are too wide are turned.
	style = label(smallSize, draw.XCenter, draw.YBottom)
	if d.turned {
		style = label(smallSize, draw.XLeft, draw.YCenter)
		style.Rotation = nameAngle
	}

	for k, name := range d.columns {
		c.FillText(style, origin.Add(vg.Point{X: (vg.Length(k) + 0.5) * d.cell.X, Y: namePad}), name)
	}
}

// corner returns the upper left corner of a cell. origin is the corner of the first one.
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

	// Text is black or white, whichever can be read on the color.
	middle := vg.Point{X: (left + right) / 2, Y: (bottom + top) / 2}
	number := label(smallSize, draw.XCenter, draw.YCenter)
	number.Color = inkOn(fill)

	// The interval stands below the number, in smaller print.
	half := d.half(i, k)
	if half == "" {
		c.FillText(number, middle, d.text(d.Values[i][k]))
		return
	}

	c.FillText(number, middle.Add(vg.Point{Y: 5}), d.text(d.Values[i][k]))
	number.Font.Size = halfSize
	c.FillText(number, middle.Sub(vg.Point{Y: 6.5}), half)
}

// legend shows the colors with the ends of their scale, and says what an empty cell means.
func (d *heatDrawing) legend() legend {
	name := d.Unit

	// With scales by row there are no numbers that hold for all of them.
	if low, high := d.scale(0); d.PerRow {
		name = d.begin() + " to " + d.end() + " · " + name
	} else if !math.IsNaN(low) {
		name = d.text(low) + " to " + d.text(high) + " · " + name
	}

	l := legend{{name, rampWidth, d.ramp}}
	if d.Halves != nil {
		l = append(l, legendEntry{"half of the 95 % interval", swatchWidth,
			func(c draw.Canvas, left, middle vg.Length) {
				at := vg.Point{X: left + swatchWidth/2, Y: middle}
				c.FillText(label(smallSize, draw.XCenter, draw.YCenter), at, "±")
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

	// Rows without a known floor begin at their lowest value.
	floor := cmp.Or(d.FloorName, "floor")
	switch known {
	case 0:
		return "lowest"
	case len(d.Floors):
		return floor
	}
	return floor + ", or else lowest,"
}

// end names the value at which the rows' own scales end.
func (d *heatDrawing) end() string {
	if d.Ceiling != 0 {
		return fmt.Sprintf("%g", d.Ceiling)
	}
	return "highest of each row"
}

// ramp draws the scale. Its steps reach to the right end, so that no seam shows between them.
func (d *heatDrawing) ramp(c draw.Canvas, left, middle vg.Length) {
	const steps = 45
	for n := range steps {
		from := left + rampWidth*vg.Length(n)/steps
		c.FillPolygon(d.color(float64(n)/(steps-1)), box(from, middle-5, left+rampWidth, middle+5))
	}
}

// color returns the color of a level in [0, 1].
func (d *heatDrawing) color(level float64) color.Color {
	if d.Diverging {
		return tint(2*level - 1)
	}
	return shade(level)
}
