package plots

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/sslx/record"
)

// floorLine is the height of a floor's name beside the plot.
const floorLine = vg.Length(11)

// layer returns the line of a floor, from one end of the plot to the other.
func (f Floor) layer(from, to float64) *plotter.Line {
	line := draw.LineStyle{Color: darkGrey, Width: 1, Dashes: []vg.Length{4, 3}}
	if f.Name == record.ModelUntrained {
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
