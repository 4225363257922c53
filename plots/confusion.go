package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
)

// ConfusionMatrix shows what was predicted for the images of each class: a row for each class, shaded by the share of
// its images that were predicted to be of the class of each column.
type ConfusionMatrix struct {
	Title   string
	Classes []string
	Counts  [][]int // [class][predicted class]
}

// numbered is the most classes whose cells have their shares in print, and named the most whose names are.
const (
	numbered = 20
	named    = 60
)

// Figure draws the matrix: with names of classes and percentages as long as there is room for them. It returns a usage
// error without classes, for rows of other lengths, and for negative counts.
func (m ConfusionMatrix) Figure() (*Figure, error) {
	if len(m.Classes) == 0 || len(m.Counts) != len(m.Classes) {
		return nil, usage.Errorf("a confusion matrix needs a row for each class: there are %d classes and %d rows",
			len(m.Classes), len(m.Counts))
	}
	for i, row := range m.Counts {
		if len(row) != len(m.Classes) {
			return nil, usage.Errorf("row %q of a confusion matrix has %d counts for %d classes", m.Classes[i],
				len(row), len(m.Classes))
		}
		for _, n := range row {
			if n < 0 {
				return nil, usage.Errorf("row %q of a confusion matrix has the count %d", m.Classes[i], n)
			}
		}
	}

	d := m.drawing()
	side := d.cell * vg.Length(len(m.Classes))
	width := max(d.left+side+d.overhang, mapMinWidth) + 2*margin
	height := d.top + side + headingRoom(m.Title) + axisRoom + 2*margin
	return &Figure{Alt: m.alt(), width: width, height: height, draw: d.draw}, nil
}

// share returns the share of the images of a class that were predicted to be of another; NaN for a class without
// images.
func (m ConfusionMatrix) share(class, predicted int) float64 {
	total := 0
	for _, n := range m.Counts[class] {
		total += n
	}
	if total == 0 {
		return math.NaN()
	}
	return float64(m.Counts[class][predicted]) / float64(total)
}

// alt says how many images of each class are right, and what the others pass for most often.
func (m ConfusionMatrix) alt() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Confusion matrix of %d classes: %s. Right, and most often taken for:", len(m.Classes), m.Title)
	for i, class := range m.Classes {
		if math.IsNaN(m.share(i, i)) {
			fmt.Fprintf(&b, " %s without images;", class)
			continue
		}
		worst := -1
		for k := range m.Classes {
			if k != i && m.Counts[i][k] > 0 && (worst < 0 || m.Counts[i][k] > m.Counts[i][worst]) {
				worst = k
			}
		}
		fmt.Fprintf(&b, " %s %.0f %%", class, 100*m.share(i, i))
		if worst >= 0 {
			fmt.Fprintf(&b, " (%s %.0f %%)", m.Classes[worst], 100*m.share(i, worst))
		}
		b.WriteString(";")
	}
	return strings.TrimSuffix(b.String(), ";") + "."
}

// axisRoom is the room of the line that says what rows and columns are.
const axisRoom = vg.Length(18)

// confusionDrawing is a matrix with its measures.
type confusionDrawing struct {
	ConfusionMatrix
	cell, left, top, overhang vg.Length
}

func (m ConfusionMatrix) drawing() confusionDrawing {
	d := confusionDrawing{ConfusionMatrix: m, cell: 26}
	switch n := len(m.Classes); {
	case n > named:
		d.cell = 5
		return d
	case n > numbered:
		d.cell = 10
	}

	// Names of columns are turned, and the last hangs over.
	style := label(d.textSize(), draw.XLeft, draw.YCenter)
	for _, class := range m.Classes {
		width := style.Width(shorten(class, 24))
		d.left = max(d.left, width+namePad)
		d.overhang = width * vg.Length(math.Cos(nameAngle))
		d.top = max(d.top, width*vg.Length(math.Sin(nameAngle))+namePad+smallSize)
	}
	return d
}

// textSize is that of names.
func (d confusionDrawing) textSize() vg.Length { return min(smallSize, d.cell-1) }

func (d confusionDrawing) draw(c draw.Canvas) {
	c = heading(c, d.Title)
	origin := vg.Point{X: c.Min.X + d.left, Y: c.Max.Y - d.top}
	n := len(d.Classes)

	for i := range n {
		for k := range n {
			left, top := origin.X+vg.Length(k)*d.cell, origin.Y-vg.Length(i)*d.cell
			share := d.share(i, k)
			if math.IsNaN(share) {
				hatch(c, left, top-d.cell, left+d.cell, top)
				continue
			}
			fill := shade(share)
			c.FillPolygon(fill, box(left, top-d.cell, left+d.cell, top))
			if n <= numbered && share >= 0.005 {
				style := label(smallSize, draw.XCenter, draw.YCenter)
				style.Color = inkOn(fill)
				c.FillText(style, vg.Point{X: left + d.cell/2, Y: top - d.cell/2}, fmt.Sprintf("%.0f", 100*share))
			}
		}
	}

	if n <= named {
		row, column := label(d.textSize(), draw.XRight, draw.YCenter), label(d.textSize(), draw.XLeft, draw.YCenter)
		column.Rotation = nameAngle
		for i, class := range d.Classes {
			at := (vg.Length(i) + 0.5) * d.cell
			c.FillText(row, vg.Point{X: origin.X - namePad, Y: origin.Y - at}, shorten(class, 24))
			c.FillText(column, vg.Point{X: origin.X + at, Y: origin.Y + namePad}, shorten(class, 24))
		}
	}
	c.FillText(label(smallSize, draw.XLeft, draw.YBottom), vg.Point{X: c.Min.X, Y: c.Min.Y},
		"rows: class · columns: predicted · % of the images of a class")
}
