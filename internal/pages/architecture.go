package pages

import (
	"fmt"
	"html"
	"strings"
)

// layer is a row of the diagram of packages: a package imports only packages in its own row and in rows below.
type layer struct {
	name  string
	boxes []box
}

// box stands for the packages at and below some paths.
type box struct {
	packages []string // the first one names the box
	text     string
	step     int // place on the way of an image; 0: none
}

// layers are the packages of the module, except internal ones. A test compares them with the tree.
var layers = []layer{
	{"programs", []box{
		{[]string{"cmd/sslx", "command"}, "flags and printing", 0},
		{[]string{"notebooks"}, "Go cells in Jupyter", 0},
		{[]string{"examples"}, "programs to start from", 0},
	}},
	{"what people see", []box{
		{[]string{"watch"}, "live web page", 0},
		{[]string{"report"}, "tables and pages", 9},
		{[]string{"experiments"}, "claims and verdicts", 0},
		{[]string{"plots"}, "figures from values", 0},
		{[]string{"bench"}, "speed next to peers", 0},
	}},
	{"facade", []box{{[]string{"sslx"}, "Pretrain · Resume · Evaluate · Load · Illustrate", 0}}},
	{"train, measure, use", []box{
		{[]string{"sslx/pretrain"}, "training loop, checkpoints", 6},
		{[]string{"sslx/evaluate"}, "tasks, protocols, baselines", 8},
		{[]string{"sslx/embedding"}, "features and search", 0},
		{[]string{"sslx/runs"}, "find and compare runs", 0},
	}},
	{"parts", []box{
		{[]string{"sslx/dataset"}, "images, packed", 1},
		{[]string{"sslx/augment"}, "random views", 2},
		{[]string{"sslx/encoder", "sslx/onnx"}, "networks, weights", 3},
		{[]string{"sslx/objective"}, "losses", 4},
		{[]string{"sslx/optimizer"}, "rules, schedules", 5},
		{[]string{"sslx/probe"}, "kNN, linear, …", 0},
	}},
	{"foundation", []box{
		{[]string{"sslx/backend"}, "XLA or pure Go", 0},
		{[]string{"sslx/record"}, "run folders, results", 7},
		{[]string{"sslx/progress"}, "options of long work", 0},
	}},
}

// architecture draws the packages of the module in layers, with the way of an image through them.
func (g generator) architecture() (Block, error) {
	files := map[string][]byte{}
	text := themed("architecture", "The packages of sslx in layers, from programs at the top to the backend at the "+
		"bottom. An image passes dataset, augment, encoder, objective and optimizer inside pretrain; the run becomes "+
		"a record, is measured by evaluate, and shown by report.", "figures", files, drawLayers)
	return Block{Text: text, Files: files}, nil
}

// Measures of the diagram, in pixels.
const (
	layersWidth  = 960
	layersLeft   = 150 // room for the names of the rows
	layersRow    = 92
	layersBox    = 62
	layersMargin = 16
	layersGap    = 14
)

// drawLayers draws the diagram.
func drawLayers(p palette) string {
	var b strings.Builder
	height := len(layers)*layersRow + layersMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" `+
		`font-family="system-ui, 'Segoe UI', 'Liberation Sans', Arial, sans-serif">`+"\n", layersWidth, height, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="%s"/>`+"\n", layersWidth, height, p.paper)

	for i, row := range layers {
		y := layersMargin + i*layersRow
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="13" fill="%s">%s</text>`+"\n", layersMargin,
			y+layersBox/2+4, p.faint, html.EscapeString(row.name))

		width := (layersWidth - layersLeft - layersMargin - layersGap*(len(row.boxes)-1)) / len(row.boxes)
		for k, one := range row.boxes {
			x := layersLeft + k*(width+layersGap)
			one.draw(&b, p, x, y, width)

			// Steps that follow each other in a row are joined by an arrow.
			if one.step > 0 && k > 0 && row.boxes[k-1].step == one.step-1 {
				fmt.Fprintf(&b, `<path d="M%d %d h%d m-5 -4 l5 4 l-5 4" fill="none" stroke="%s" stroke-width="2"/>`+"\n",
					x-layersGap, y+layersBox/2, layersGap-1, p.accent)
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws a box with its package's name, what it does, and its step.
func (o box) draw(b *strings.Builder, p palette, x, y, width int) {
	edge := p.line
	if o.step > 0 {
		edge = p.accent
	}
	middle := x + width/2
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="6" fill="%s" stroke="%s"/>`+"\n", x, y, width,
		layersBox, p.fill, edge)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="15" font-weight="600" text-anchor="middle" fill="%s">%s</text>`+"\n",
		middle, y+26, p.ink, strings.TrimPrefix(o.packages[0], "sslx/"))
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="11.5" text-anchor="middle" fill="%s">%s</text>`+"\n", middle, y+46,
		p.faint, html.EscapeString(o.text))

	if o.step > 0 {
		fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="10" fill="%s"/>`+"\n", x+2, y+2, p.accent)
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="12" font-weight="600" text-anchor="middle" fill="%s">%d</text>`+
			"\n", x+2, y+6, p.paper, o.step)
	}
}
