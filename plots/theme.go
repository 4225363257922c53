package plots

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Colors of M. Okabe and K. Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/.
var (
	orange     = color.RGBA{0xe6, 0x9f, 0x00, 0xff}
	skyBlue    = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
	green      = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	blue       = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	vermillion = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	purple     = color.RGBA{0xcc, 0x79, 0xa7, 0xff}
)

var (
	ink      = color.RGBA{0x22, 0x22, 0x22, 0xff} // text and axes
	gray     = color.RGBA{0xb8, 0xb8, 0xb8, 0xff} // raw pixels
	darkGray = color.RGBA{0x66, 0x66, 0x66, 0xff} // reference lines
	gridLine = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	amber    = color.RGBA{0xf6, 0xd2, 0x7f, 0xff} // a second untrained encoder: orange, paler
)

const (
	textSize  = vg.Length(10) // points
	smallSize = vg.Length(9)
)

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// methodColors are given to trained models in order of appearance; baselines have their own.
var methodColors = []color.Color{blue, vermillion, green, purple, skyBlue}

// Kind is what a bar, a line or a level is of. It decides the color: baselines are pale, and what was trained is dark.
type Kind int

// The kinds of a comparison.
const (
	Trained   Kind = iota // a trained model: the theme's colors in turn
	Pixels                // raw pixels: gray
	Untrained             // an encoder at initialization: orange, and paler for a second one
)

// kindColor returns the color of the last of several things that are drawn together.
func kindColor(kinds []Kind) color.Color {
	last := len(kinds) - 1
	switch kinds[last] {
	case Pixels:
		return gray
	case Untrained:
		if slices.Contains(kinds[:last], Untrained) {
			return amber
		}
		return orange
	}

	// Baselines take none of the models' colors.
	before := 0
	for _, k := range kinds[:last] {
		if k == Trained {
			before++
		}
	}
	return methodColors[before%len(methodColors)]
}

// newPlot returns an empty plot in the theme.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.Title.TextStyle.Font, p.Title.Padding = title, font.From(sans, textSize+1), 6
	p.Title.TextStyle.Color = ink

	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Width, a.Padding = ink, 0.5, 0
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = font.From(sans, textSize), ink
		a.Label.Padding = 3
		a.Tick.Label.Font, a.Tick.Label.Color = font.From(sans, smallSize), ink
		a.Tick.Color, a.Tick.Width, a.Tick.Length = ink, 0.5, 3
	}

	p.X.Tick.Marker, p.Y.Tick.Marker = roundTicks{}, roundTicks{}
	p.X.Label.Text, p.Y.Label.Text = x, y
	return p
}

const headingHeight = vg.Length(22)

// heading draws a title over all of a figure and returns the canvas below it; "" takes no room.
func heading(c draw.Canvas, title string) draw.Canvas {
	if title == "" {
		return c
	}
	c.FillText(label(textSize+1, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: c.Max.Y - headingHeight/2}, title)
	return draw.Crop(c, 0, 0, 0, -headingRoom(title))
}

// headingRoom returns the height that a title takes.
func headingRoom(title string) vg.Length {
	if title == "" {
		return 0
	}
	return headingHeight
}

// label returns a text style of the theme.
func label(size vg.Length, x draw.XAlignment, y draw.YAlignment) text.Style {
	return text.Style{Color: ink, Font: font.From(sans, size), XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}
