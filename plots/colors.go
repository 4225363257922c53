package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/brewer"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sequential goes from dark to light: the colors YlGnBu of C. Brewer, https://colorbrewer2.org, which are safe under
// color blindness, spaced evenly in CIELAB's lightness so that equal steps look equal, in gray print too.
var sequential = newSequential()

func newSequential() palette.ColorMap {
	// Brewer lists colors from light to dark; the map wants them from dark to light.
	light := brewer.YlGnBu[9].Color
	dark := make([]color.Color, len(light))
	for i, c := range light {
		dark[len(light)-1-i] = c
	}

	m, err := moreland.NewLuminance(dark)
	if err != nil {
		panic(err) // Brewer's colors are in order of lightness
	}

	m.SetMin(0)
	m.SetMax(1)
	return m
}

// diverging goes from blue over a light gray to red, apart under color blindness too (K. Moreland, "Diverging Color
// Maps for Scientific Visualization", 2009, https://doi.org/10.1007/978-3-642-10520-3_9).
var diverging = newDiverging()

func newDiverging() palette.ColorMap {
	m := moreland.SmoothBlueRed()
	m.SetMin(-1)
	m.SetMax(1)
	m.SetConvergePoint(0)
	return m
}

// shade returns the color of a share in [0, 1]: the more, the darker. Shares beyond the ends have the ends' colors.
func shade(share float64) color.RGBA { return at(sequential, 1-min(1, max(0, share))) }

// tint returns the color of a value in [-1, 1], red below 0 and blue above; values beyond the ends have the ends'
// colors.
func tint(value float64) color.RGBA { return at(diverging, min(1, max(-1, -value))) }

// at returns the color at v, which is in the map's range.
func at(m palette.ColorMap, v float64) color.RGBA {
	c, err := m.At(v)
	if err != nil {
		panic(err)
	}
	return color.RGBAModel.Convert(c).(color.RGBA)
}

// inkOn returns black or white, whichever is easier to read on a color. The contrast is never below 4.5.
func inkOn(fill color.Color) color.Color {
	if contrast(color.Black, fill) >= contrast(color.White, fill) {
		return color.Black
	}
	return color.White
}

// contrast returns the contrast ratio of two opaque colors, in [1, 21] (WCAG 2.2,
// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
func contrast(a, b color.Color) float64 {
	dark, light := luminance(a), luminance(b)
	if dark > light {
		dark, light = light, dark
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance returns the relative luminance of an opaque sRGB color, in [0, 1].
func luminance(c color.Color) float64 {
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}

	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// faint returns a color that lets what lies under it through.
func faint(c color.Color) color.Color {
	rgba := color.NRGBAModel.Convert(c).(color.NRGBA)
	rgba.A = 0x38
	return rgba
}

// hatch draws a rectangle that stands for a number that was not measured.
func hatch(c draw.Canvas, left, bottom, right, top vg.Length) {
	const step = vg.Length(5)
	line := draw.LineStyle{Color: gray, Width: 0.6}

	c.FillPolygon(color.White, box(left, bottom, right, top))

	// Lines rise by 45 degrees from the lower edge, cut where they leave the rectangle; the first begin left of it.
	for from := left - (top - bottom) + step/2; from < right; from += step {
		low, high := max(from, left), min(from+top-bottom, right)
		c.StrokeLine2(line, low, bottom+low-from, high, bottom+high-from)
	}

	c.StrokeLines(line, append(box(left, bottom, right, top), vg.Point{X: left, Y: bottom}))
}

// notMeasured shows the hatch.
func notMeasured() legendEntry {
	return legendEntry{"not measured", swatchWidth, func(c draw.Canvas, left, middle vg.Length) {
		hatch(c, left, middle-5, left+swatchWidth, middle+5)
	}}
}
