package plots

import (
	"fmt"
	"math"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// HeatMap is a table of numbers whose cells are coloured by them: the higher, the darker.
type HeatMap struct {
	Title         string
	Rows, Columns []string

	// Values has a list for each row, with a number for each column. NaN was not measured: the cell is hatched.
	Values [][]float64

	// Halves, which may be nil, has half the width of each number's 95 % interval; NaN where it is not known.
	Halves [][]float64

	// Unit says what the values are, for example "test accuracy (%)".
	Unit string

	// PerRow gives each row a scale of its own, from its floor to its highest value, for rows that differ in difficulty.
	PerRow bool

	// Floors, which may be nil, has the value at which each row's own scale begins; where it is NaN, the scale begins at
	// the row's lowest value. Values below the floor have its colour.
	Floors []float64

	// Diverging colours values below and above 0 by two hues. The scale is [-1, 1], that of a rank correlation, or as wide
	// as the largest value asks for.
	Diverging bool
}

// Figure draws the map. No rows or columns, lists of unequal length, infinite values, and a scale that is both diverging
// and of each row's own are usage errors.
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
			return usage.Errorf("row %q of the heat map has %d %s for %d columns", m.Rows[i], len(list), kind, len(m.Columns))
		}
		for k, v := range list {
			if math.IsInf(v, 0) {
				return usage.Errorf("row %q, column %q of the heat map is not finite among the %s", m.Rows[i], m.Columns[k], kind)
			}
		}
	}
	return nil
}

// scale returns the values at the ends of a row's colours; NaN where nothing was measured.
func (m HeatMap) scale(i int) (low, high float64) {
	if m.Diverging {
		low, high = extremes(m.Values)
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
	return low, high
}

// extremes returns the lowest and the highest value that was measured; NaN when there is none.
func extremes(grid [][]float64) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for _, list := range grid {
		for _, v := range list {
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
		return missing
	}
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
	fmt.Fprintf(&b, "Heat map of %s: %s by %s", m.Unit, plural(float64(len(m.Rows)), "row"),
		plural(float64(len(m.Columns)), "column"))
	for i, name := range m.Rows {
		var cells []string
		for k, v := range m.Values[i] {
			cells = append(cells, m.Columns[k]+" "+m.text(v))
		}
		if low, high := extremes(m.Values[i : i+1]); len(m.Rows)*len(m.Columns) > spoken {
			cells = []string{m.text(low) + " to " + m.text(high)}
		}
		fmt.Fprintf(&b, ". %s: %s", name, strings.Join(cells, ", "))
	}
	return b.String() + "."
}
