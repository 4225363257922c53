package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	learningWidth   = vg.Length(240) // of a panel
	learningHeight  = vg.Length(180)
	learningColumns = 3
)

// LearningCurve is how a probe went, epoch by epoch: its accuracies in [0, 1] on train and on test. A NaN was not
// measured.
type LearningCurve struct {
	Task, Protocol string // of the panel that the curve is drawn in
	Model          string
	Kind           Kind
	Seed           uint64
	Train, Test    []float64
}

// LearningCurves draws how probes went: a panel for each task and protocol, and in it a line for each curve, solid
// for the accuracy on test and dashed for the one on train. A model has the same color in all panels; each panel has
// its own vertical axis. A NaN leaves a gap. It returns a usage error without curves, for a curve without epochs, and
// for one whose lists differ in length or are not in [0, 1].
func LearningCurves(curves []LearningCurve) (*Figure, error) {
	if len(curves) == 0 {
		return nil, usage.Errorf("there is no probe's curve to draw: " +
			"evaluate the run with a probe that is trained by epochs")
	}
	for _, c := range curves {
		if err := c.check(); err != nil {
			return nil, err
		}
	}

	f := newLearningFigure(curves)
	width, height := f.size()
	return &Figure{Alt: f.alt(), width: width, height: height, draw: f.draw}, nil
}

func (c LearningCurve) check() error {
	if len(c.Train) != len(c.Test) || len(c.Test) == 0 {
		return usage.Errorf("the curve of %s on %s (%s) has %d epochs on train and %d on test", c.Model, c.Task,
			c.Protocol, len(c.Train), len(c.Test))
	}

	for _, list := range [][]float64{c.Train, c.Test} {
		for epoch, v := range list {
			if v < 0 || v > 1 {
				return usage.Errorf("the curve of %s on %s (%s) has the accuracy %v at epoch %d: it must be in [0, 1]",
					c.Model, c.Task, c.Protocol, v, epoch+1)
			}
		}
	}
	return nil
}

// learningFigure is a panel for each task and protocol.
type learningFigure struct {
	panels []learningPanel
	models []string
	kinds  []Kind // of the models
}

// learningPanel is the curves of one task by one protocol.
type learningPanel struct {
	task, protocol string
	curves         []LearningCurve
}

func newLearningFigure(curves []LearningCurve) *learningFigure {
	f := new(learningFigure)
	for _, c := range curves {
		// A model keeps its place in the list, and so its color, in all panels.
		if !slices.Contains(f.models, c.Model) {
			f.models, f.kinds = append(f.models, c.Model), append(f.kinds, c.Kind)
		}

		p := f.panel(c.Task, c.Protocol)
		p.curves = append(p.curves, c)
	}
	return f
}

// panel returns the panel of a task and a protocol, a new one where there is none.
func (f *learningFigure) panel(task, protocol string) *learningPanel {
	for i := range f.panels {
		if f.panels[i].task == task && f.panels[i].protocol == protocol {
			return &f.panels[i]
		}
	}
	f.panels = append(f.panels, learningPanel{task: task, protocol: protocol})
	return &f.panels[len(f.panels)-1]
}

func (f *learningFigure) hasGaps() bool {
	for _, p := range f.panels {
		for _, c := range p.curves {
			if slices.ContainsFunc(c.Train, math.IsNaN) || slices.ContainsFunc(c.Test, math.IsNaN) {
				return true
			}
		}
	}
	return false
}

// epochs returns the length of the longest curve; all panels share it.
func (f *learningFigure) epochs() float64 {
	most := 1
	for _, p := range f.panels {
		for _, c := range p.curves {
			most = max(most, len(c.Test))
		}
	}
	return float64(most)
}

func (f *learningFigure) grid() (rows, columns int) {
	columns = min(learningColumns, len(f.panels))
	return (len(f.panels) + columns - 1) / columns, columns
}

func (f *learningFigure) size() (width, height vg.Length) {
	rows, columns := f.grid()
	width = max(vg.Length(columns)*learningWidth, 400)
	return width, vg.Length(rows)*learningHeight + f.legend().height(width-2*margin) + namePad + 2*margin
}

func (f *learningFigure) draw(c draw.Canvas) {
	names := f.legend()
	names.draw(c)
	c = draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X)-namePad)

	// Panels fill the grid line by line; the last line may have holes.
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

func (f *learningFigure) plot(p learningPanel) *plot.Plot {
	fig := newPlot(shorten(p.task, 38), "epoch · "+shorten(p.protocol, 36), "accuracy (%)")
	fig.Title.TextStyle.Font.Size, fig.X.Label.TextStyle.Font.Size = textSize, smallSize-1
	fig.Y.Label.TextStyle.Font.Size = smallSize

	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridLine
	fig.Add(grid)
	fig.Add(f.layers(p)...)

	if !(fig.Y.Max >= fig.Y.Min) {
		fig.Y.Min, fig.Y.Max = 0, 100 // nothing was measured
	}
	fig.Y.Min, fig.Y.Max = widen([2]float64{fig.Y.Min, fig.Y.Max}, 0.06)
	fig.X.Min, fig.X.Max = 0, f.epochs()
	return fig
}

// layers returns the lines of a panel: for each curve the accuracies on train, then those on test. A single epoch is a
// dot.
func (f *learningFigure) layers(p learningPanel) (layers []plot.Plotter) {
	for _, c := range p.curves {
		// Color tells models apart, and dashes train from test.
		test := lookOf(f.kinds, slices.Index(f.models, c.Model)).line
		train := test
		test.Dashes, train.Dashes, train.Width = nil, []vg.Length{3, 2}, 1

		for _, part := range []struct {
			values []float64
			style  draw.LineStyle
		}{{c.Train, train}, {c.Test, test}} {
			for _, run := range runs(percentages(part.values)) {
				layers = append(layers, &plotter.Line{XYs: run, LineStyle: part.style})

				// A line of one point draws nothing.
				if len(run) == 1 {
					layers = append(layers, &plotter.Scatter{XYs: run,
						GlyphStyle: draw.GlyphStyle{Color: part.style.Color,
							Radius: 2, Shape: draw.CircleGlyph{}}})
				}
			}
		}
	}
	return layers
}

// percentages returns an accuracy by epoch, the first of which is 1, in percent.
func percentages(shares []float64) plotter.XYs {
	line := make(plotter.XYs, len(shares))
	for i, v := range shares {
		line[i] = plotter.XY{X: float64(i + 1), Y: 100 * v}
	}
	return line
}

func (f *learningFigure) legend() (l legend) {
	for k, m := range f.models {
		style := lookOf(f.kinds, k).line
		style.Dashes = nil
		l = append(l, lineEntry(abbreviate(m, 24), style, nil))
	}

	// Test and train look the same in every color: one entry for each.
	l = append(l, lineEntry("test", draw.LineStyle{Color: ink, Width: 1.5}, nil),
		lineEntry("train", draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{3, 2}}, nil))

	if f.hasGaps() {
		l = append(l, gapEntry())
	}
	return l
}

func (f *learningFigure) alt() string {
	var b strings.Builder
	b.WriteString("Accuracy of probes by epoch, after the last one")

	for _, p := range f.panels {
		for _, c := range p.curves {
			last := len(c.Test) - 1
			fmt.Fprintf(&b, ". %s, %s, %s, seed %d: %.1f %% on train and %.1f %% on test", p.task, p.protocol,
				c.Model, c.Seed, 100*c.Train[last], 100*c.Test[last])
		}
	}
	return strings.ReplaceAll(b.String(), "NaN %", "not measured") + "."
}
