package pages

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
)

// Files of a record that has pictures of what its encoder learned. Command front writes them.
const (
	TilesFile   = "gallery.png"  // a row for each of Gallery.Same: image, its views, query, its neighbors
	GalleryFile = "gallery.json" // a Gallery
)

// Gallery says what the tiles of a record show.
type Gallery struct {
	Side  int    `json:"side"`  // of a tile, in pixels
	Views int    `json:"views"` // of each image
	Task  string `json:"task"`  // whose label queries and neighbors are compared by

	// Same tells, for each row and neighbor, whether the neighbor has the query's label.
	Same [][]bool `json:"same"`
}

// Tiles returns the number of tiles in a row.
func (g Gallery) Tiles() int { return 1 + g.Views + 1 + len(g.Same[0]) }

// Measures of the front page's picture, in pixels.
const (
	frontWidth  = 960
	frontTop    = 58
	frontTile   = 48
	frontGap    = 4
	frontMargin = 16
	frontCurve  = 300 // left edge of the curve, from the right
)

// front draws views, neighbors and the loss of a record.
func (g generator) front(name string) (Block, error) {
	dir := filepath.Join(g.root, recordsFolder, name)
	run, err := report.ReadRun(dir)
	if err != nil {
		return Block{}, err
	}
	tiles, err := os.ReadFile(filepath.Join(dir, TilesFile))
	if err != nil {
		return Block{}, err
	}
	text, err := os.ReadFile(filepath.Join(dir, GalleryFile))
	if err != nil {
		return Block{}, err
	}
	var shown Gallery
	if err := json.Unmarshal(text, &shown); err != nil || len(shown.Same) == 0 || len(run.Metrics) == 0 {
		return Block{}, fmt.Errorf("%s has no gallery or no training log: %v", dir, err)
	}

	same, all := 0, 0
	for _, row := range shown.Same {
		for _, one := range row {
			all++
			if one {
				same++
			}
		}
	}
	last := run.Metrics[len(run.Metrics)-1]
	alt := fmt.Sprintf("Left: %d images of the data with two random views each. Middle: %d test images, each with the "+
		"%d that the encoder finds most like it; %d of %d have the same %s. Right: the loss falls from chance level, "+
		"%.2f, to %.2f in %d steps.", len(shown.Same), len(shown.Same), len(shown.Same[0]), same, all,
		lastWord(shown.Task), last.Chance, last.Loss, last.Step)
	files := map[string][]byte{}
	html := themed("front", alt, figuresFolder, files, func(p palette) string {
		return drawFront(p, shown, tiles, run.Metrics)
	})
	return Block{Text: html, Files: files}, nil
}

// lastWord returns the label of a task such as factors/shape.
func lastWord(task string) string { return task[strings.LastIndexByte(task, '/')+1:] }

// drawFront draws three panels side by side: views, neighbors, and the loss.
func drawFront(p palette, shown Gallery, tiles []byte, metrics []record.Metrics) string {
	rows := len(shown.Same)
	height := frontTop + rows*(frontTile+frontGap) + frontMargin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" `+
		`font-family="system-ui, 'Segoe UI', 'Liberation Sans', Arial, sans-serif">`+"\n", frontWidth, height, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="%s"/>`+"\n", frontWidth, height, p.paper)

	// All tiles are one image, which is cut by windows onto it.
	fmt.Fprintf(&b, `<defs><image id="tiles" width="%d" height="%d" style="image-rendering:pixelated" `+
		`href="data:image/png;base64,%s"/></defs>`+"\n", shown.Tiles()*shown.Side, rows*shown.Side,
		base64.StdEncoding.EncodeToString(tiles))
	window := func(row, tile, x int) {
		fmt.Fprintf(&b, `<svg x="%d" y="%d" width="%d" height="%[3]d" viewBox="%d %d %d %[6]d"><use href="#tiles"/></svg>`+
			"\n", x, frontTop+row*(frontTile+frontGap), frontTile, tile*shown.Side, row*shown.Side, shown.Side)
	}

	// Views: each image, then what training sees of it.
	x := frontMargin
	heading(&b, p, x, "Views", fmt.Sprintf("an image, then %s", words.Count(shown.Views, "random view")))
	for row := range rows {
		for k := range 1 + shown.Views {
			window(row, k, x+k*(frontTile+frontGap)+lead(k))
		}
	}

	// Neighbors: each test image, then those with the most similar representations. A frame marks an equal label.
	x += (1+shown.Views)*(frontTile+frontGap) + lead(1) + 64
	heading(&b, p, x, "Neighbors", "a test image, then the most similar; framed: same "+lastWord(shown.Task))
	for row, same := range shown.Same {
		for k := range 1 + len(same) {
			at := x + k*(frontTile+frontGap) + lead(k)
			window(row, 1+shown.Views+k, at)
			if k > 0 && same[k-1] {
				fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%[3]d" fill="none" stroke="%s" stroke-width="3"/>`+
					"\n", at, frontTop+row*(frontTile+frontGap), frontTile, p.accent)
			}
		}
	}

	drawLoss(&b, p, metrics, height)
	b.WriteString("</svg>\n")
	return b.String()
}

// lead returns the space that sets the first tile of a row apart.
func lead(k int) int {
	if k == 0 {
		return 0
	}
	return 10
}

func heading(b *strings.Builder, p palette, x int, title, text string) {
	fmt.Fprintf(b, `<text x="%d" y="22" font-size="15" font-weight="600" fill="%s">%s</text>`+"\n", x, p.ink, title)
	fmt.Fprintf(b, `<text x="%d" y="42" font-size="12" fill="%s">%s</text>`+"\n", x, p.faint, text)
}

// drawLoss draws the loss against steps, with its chance level.
func drawLoss(b *strings.Builder, p palette, metrics []record.Metrics, height int) {
	last := metrics[len(metrics)-1]
	left, right, bottom := frontWidth-frontCurve+24, frontWidth-frontMargin, height-frontMargin-22
	heading(b, p, left, "Loss", fmt.Sprintf("over %d steps", last.Step))
	high, low := last.Chance, math.Inf(1)
	for _, m := range metrics {
		high, low = max(high, m.Loss), min(low, m.Loss)
	}
	at := func(step int, loss float64) string {
		share := (loss - low) / (high - low)
		return fmt.Sprintf("%.1f %.1f", float64(left)+float64(step)/float64(last.Step)*float64(right-left),
			float64(bottom)-share*float64(bottom-frontTop-8))
	}

	fmt.Fprintf(b, `<path d="M%d %d H%d" stroke="%s"/>`+"\n", left, bottom+4, right, p.line)
	fmt.Fprintf(b, `<path d="M%s L%s" stroke="%s" stroke-dasharray="4 3"/>`+"\n", at(0, last.Chance),
		at(last.Step, last.Chance), p.faint)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="12" text-anchor="end" fill="%s">chance %.2f</text>`+"\n", right,
		frontTop+22, p.faint, last.Chance)

	var line []string
	for _, m := range metrics {
		line = append(line, at(m.Step, m.Loss))
	}
	fmt.Fprintf(b, `<path d="M%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(line, " L"), p.accent)
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="12" text-anchor="end" fill="%s">%.2f</text>`+"\n", right, bottom-8,
		p.ink, last.Loss)
}
