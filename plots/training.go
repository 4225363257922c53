package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

const (
	trainingWidth  = vg.Length(720)
	trainingHeight = vg.Length(230)
	panelGap       = vg.Length(16)
)

// Training is the course of a training; X is the number of images seen. Every number is finite.
type Training struct {
	Loss   plotter.XYs
	Probe  plotter.XYs // online probe accuracy in percent; empty without a probe
	Spread plotter.XYs // standard deviation of the embeddings times √dim: 1 fills the sphere, 0 is collapse

	// Chance is the loss of embeddings that tell nothing; NaN when it is not known.
	Chance float64

	// Epochs is the number of epochs done.
	Epochs float64
}

// Figure draws the loss with its chance level, the accuracy of the online probe where there is one, and the spread of
// the embeddings, each against the images seen. A training without a loss is a usage error.
func (t Training) Figure() (*Figure, error) {
	if len(t.Loss) == 0 {
		return nil, usage.Errorf("there is no training curve to draw: the log has no finite loss")
	}

	panels := []panel{{title: "loss (mean over steps)", series: t.Loss, color: blue, line: t.Chance, name: "chance"}}
	if len(t.Probe) > 0 {
		panels = append(panels, panel{"online probe accuracy (%)", t.Probe, vermillion, true, math.NaN(), ""})
	}
	if len(t.Spread) > 0 {
		panels = append(panels, panel{"embedding spread (std · √dim)", t.Spread, green, true, 1, "fills the sphere"})
	}

	// One unit for all panels: they share the images seen.
	unit, per := imagesUnit(t.Loss[len(t.Loss)-1].X)
	drawn := make([]*plot.Plot, len(panels))
	for i, p := range panels {
		drawn[i] = p.plot("images seen"+unit, per)
	}
	return &Figure{Alt: t.alt(), width: trainingWidth, height: trainingHeight, draw: func(c draw.Canvas) {
		tiles := draw.Tiles{Rows: 1, Cols: len(drawn), PadX: panelGap}
		for i, canvas := range plot.Align([][]*plot.Plot{drawn}, tiles, c)[0] {
			drawn[i].Draw(canvas)
		}
	}}, nil
}

// panel is one plot of a training.
type panel struct {
	title  string
	series plotter.XYs
	color  color.Color
	zero   bool    // the axis begins at 0
	line   float64 // reference level, NaN for none
	name   string  // of line
}

func (p panel) plot(x string, per float64) *plot.Plot {
	scaled := make(plotter.XYs, len(p.series))
	for i, point := range p.series {
		scaled[i] = plotter.XY{X: point.X / per, Y: point.Y}
	}

	fig := newPlot(p.title, x, "")
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, gridLine
	line := &plotter.Line{XYs: scaled, LineStyle: draw.LineStyle{Color: p.color, Width: 1.5}}
	fig.Add(grid, line)
	if len(scaled) <= 20 { // few points are shown one by one
		fig.Add(&plotter.Scatter{XYs: scaled,
			GlyphStyle: draw.GlyphStyle{Color: p.color, Radius: 2, Shape: draw.CircleGlyph{}}})
	}

	fig.X.Min = 0
	if p.zero {
		fig.Y.Min = min(0, fig.Y.Min)
	}

	// The level's label stands at the right end of the axis, which has to be known by now.
	p.addReference(fig)

	// Room above for the label; an axis that begins at 0 gets none below.
	room := (fig.Y.Max - fig.Y.Min) / 12
	if room == 0 {
		room = 1
	}
	fig.Y.Max += room
	if !p.zero {
		fig.Y.Min -= room
	}
	return fig
}

// addReference draws the panel's reference level as a dashed line with its name above the right end.
func (p panel) addReference(fig *plot.Plot) {
	if math.IsNaN(p.line) {
		return
	}
	fig.Add(&plotter.Line{
		XYs:       plotter.XYs{{X: 0, Y: p.line}, {X: fig.X.Max, Y: p.line}},
		LineStyle: draw.LineStyle{Color: darkGray, Width: 1, Dashes: []vg.Length{4, 3}},
	}, &plotter.Labels{
		XYs:       plotter.XYs{{X: fig.X.Max, Y: p.line}},
		Labels:    []string{p.name},
		TextStyle: []draw.TextStyle{label(smallSize, draw.XRight, draw.YBottom)},
		Offset:    vg.Point{Y: 3},
	})
}

// imagesUnit returns the unit of an axis that ends at last images.
func imagesUnit(last float64) (name string, per float64) {
	switch {
	case last >= 2e6:
		return " (millions)", 1e6
	case last >= 2e3:
		return " (thousands)", 1e3
	}
	return "", 1
}

func (t Training) alt() string {
	first, last := t.Loss[0], t.Loss[len(t.Loss)-1]

	var b strings.Builder
	fmt.Fprintf(&b, "Training curve over %.0f images (%s): the loss goes from %.3g to %.3g", last.X,
		words.Count(t.Epochs, "epoch"), first.Y, last.Y)

	if !math.IsNaN(t.Chance) {
		fmt.Fprintf(&b, " (chance is %.3g)", t.Chance)
	}
	if n := len(t.Probe); n > 0 {
		fmt.Fprintf(&b, "; the online probe from %.1f to %.1f %%", t.Probe[0].Y, t.Probe[n-1].Y)
	}
	if n := len(t.Spread); n > 0 {
		fmt.Fprintf(&b, "; the spread of the embeddings from %.2f to %.2f", t.Spread[0].Y, t.Spread[n-1].Y)
	}
	return b.String() + "."
}
