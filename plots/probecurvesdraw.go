package plots

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	probePanelWidth  = vg.Length(240)
	probePanelHeight = vg.Length(180)
	probeColumns     = 3
)

// percentages returns an accuracy by epoch, the first of which is 1, in percent.
func percentages(shares []float64) plotter.XYs {
	line := make(plotter.XYs, len(shares))
	for i, v := range shares {
		line[i] = plotter.XY{X: float64(i + 1), Y: 100 * v}
	}
	return line
}

// layers returns the lines of a panel: for each curve those on train, then those on test. A run of a single epoch is a
// dot.
func (p probePanel) layers(models []string) (layers []plot.Plotter) {
	for _, c := range p.curves {
		test := lookOf(models, slices.Index(models, c.Model)).line
		train := test
		test.Dashes, train.Dashes, train.Width = nil, []vg.Length{3, 2}, 1
		for _, part := range []struct {
			values []float64
			style  draw.LineStyle
		}{{c.Train, train}, {c.Test, test}} {
			for _, run := range runs(percentages(part.values)) {
				layers = append(layers, &plotter.Line{XYs: run, LineStyle: part.style})
				if len(run) == 1 {
					layers = append(layers, &plotter.Scatter{XYs: run, GlyphStyle: draw.GlyphStyle{Color: part.style.Color,
						Radius: 2, Shape: draw.CircleGlyph{}}})
				}
			}
		}
	}
	return layers
}

func (f *probeFigure) plot(p probePanel) *plot.Plot {
	fig := newPlot(shorten(p.task, 38), "epoch · "+shorten(p.protocol.String(), 36), "accuracy (%)")
	fig.Title.TextStyle.Font.Size, fig.X.Label.TextStyle.Font.Size = textSize, smallSize-1
	fig.Y.Label.TextStyle.Font.Size = smallSize
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridLine
	fig.Add(grid)
	fig.Add(p.layers(f.models)...)
	if !(fig.Y.Max >= fig.Y.Min) {
		fig.Y.Min, fig.Y.Max = 0, 100 // all of it is NaN
	}
	fig.Y.Min, fig.Y.Max = widen([2]float64{fig.Y.Min, fig.Y.Max}, 0.06)
	fig.X.Min, fig.X.Max = 0, f.epochs()
	return fig
}

// epochs returns the length of the longest curve; all panels share it.
func (f *probeFigure) epochs() float64 {
	most := 1
	for _, p := range f.panels {
		for _, c := range p.curves {
			most = max(most, len(c.Test))
		}
	}
	return float64(most)
}

func (f *probeFigure) grid() (rows, columns int) {
	columns = min(probeColumns, len(f.panels))
	return (len(f.panels) + columns - 1) / columns, columns
}

func (f *probeFigure) size() (width, height vg.Length) {
	rows, columns := f.grid()
	width = max(vg.Length(columns)*probePanelWidth, 400)
	return width, vg.Length(rows)*probePanelHeight + f.legend().height(width-2*margin) + namePad + 2*margin
}

func (f *probeFigure) draw(c draw.Canvas) {
	names := f.legend()
	names.draw(c)
	c = draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X)-namePad)
	rows, columns := f.grid()
	plots := make([][]*plot.Plot, rows)
	for i := range plots {
		plots[i] = make([]*plot.Plot, columns)
		for k := range columns {
			if n := i*columns + k; n < len(f.panels) {
				plots[i][k] = f.plot(f.panels[n])
			}
		}
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: panelGap, PadY: panelGap}
	for i, canvases := range plot.Align(plots, tiles, c) {
		for k, canvas := range canvases {
			if plots[i][k] != nil {
				plots[i][k].Draw(canvas)
			}
		}
	}
}

func (f *probeFigure) legend() (l legend) {
	for k, m := range f.models {
		style := lookOf(f.models, k).line
		style.Dashes = nil
		l = append(l, lineEntry(abbreviate(m, 24), style, nil))
	}
	l = append(l, lineEntry("test", draw.LineStyle{Color: ink, Width: 1.5}, nil),
		lineEntry("train", draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{3, 2}}, nil))
	if f.hasGaps() {
		l = append(l, gapEntry())
	}
	return l
}
