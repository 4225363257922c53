package pages

import (
	"fmt"
	"html"
	"path"
)

// palette has the colors of a drawing on a light or a dark page.
type palette struct{ paper, ink, faint, line, fill, accent string }

// The palettes of both themes. Text has a contrast of 4.5 or more on paper and on fill.
var (
	light = palette{paper: "#ffffff", ink: "#1f2328", faint: "#59636e", line: "#d1d9e0", fill: "#f6f8fa",
		accent: "#0072b2"}
	dark = palette{paper: "#0d1117", ink: "#f0f6fc", faint: "#9198a1", line: "#3d444d", fill: "#151b23",
		accent: "#56b4e9"}
)

// themed draws NAME.svg and NAME-dark.svg into files, and returns the HTML that shows the one that fits the reader's
// theme. folder holds the figures, seen from the page.
func themed(name, alt, folder string, files map[string][]byte, draw func(palette) string) string {
	files[path.Join(figuresFolder, name+".svg")] = []byte(draw(light))
	files[path.Join(figuresFolder, name+"-dark.svg")] = []byte(draw(dark))
	at := path.Join(folder, name)
	return fmt.Sprintf("<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.svg\">\n"+
		"  <img alt=\"%s\" src=\"%s.svg\">\n</picture>", at, html.EscapeString(alt), at)
}
