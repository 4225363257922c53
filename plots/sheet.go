package plots

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	gonumfont "gonum.org/v1/plot/font"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	sheetWidth = 960 // pixels that a sheet fills before it starts a new line
	minSide    = 96  // images smaller than this are enlarged, each pixel to a square of whole pixels
	thinGap    = 3
	blockGap   = 18 // between images that do not belong together
	frame      = 4  // width of a border around an image
	titleSize  = 18 // height of a line of column titles
)

// tile is an image of a sheet.
type tile struct {
	pixels []byte
	mark   mark
}

// sheet is a grid of images. Each line of it is a block: the tiles that belong together, under their titles.
type sheet struct {
	height, width int // of an image
	titles        []string
	blocks        [][]tile
	framed        bool // tiles have room for a border
	lead          int  // tiles of a block that stand apart from the rest
}

// ViewSheet returns a PNG image with a line for each image and a column for each list: an original and its views, say.
// Short lines are set side by side. Pixels are RGB, [height, width, 3]; images less than 96 pixels wide and high are
// enlarged, each pixel to a square. titles, which may be nil, name the columns. It returns a usage error if there is no
// image, if columns have unequal lengths, or if an image has another size.
func ViewSheet(height, width int, titles []string, columns ...[][]byte) ([]byte, error) {
	if len(columns) == 0 {
		return nil, usage.Errorf("an image sheet needs at least one column of images")
	}

	s := sheet{height: height, width: width, titles: titles}
	for i := range columns[0] {
		var block []tile
		for k, column := range columns {
			// An image without all its views would shift those after it.
			if len(column) != len(columns[0]) {
				return nil, usage.Errorf("column %d of the image sheet has %d images, and the first one has %d", k+1,
					len(column), len(columns[0]))
			}
			block = append(block, tile{pixels: column[i]})
		}
		s.blocks = append(s.blocks, block)
	}
	return s.png()
}

func (s *sheet) png() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err := png.Encode(&buffer, s.draw())
	return buffer.Bytes(), err
}

func (s *sheet) check() error {
	if s.height <= 0 || s.width <= 0 || len(s.blocks) == 0 {
		return usage.Errorf("an image sheet of %d lines of %dx%d images cannot be drawn", len(s.blocks), s.height,
			s.width)
	}

	for i, block := range s.blocks {
		if s.titles != nil && len(s.titles) != len(block) {
			return usage.Errorf("the image sheet has %d titles for %d columns", len(s.titles), len(block))
		}
		for _, t := range block {
			if len(t.pixels) != s.height*s.width*3 {
				return usage.Errorf("line %d of the image sheet has an image of %d bytes, and %dx%d RGB takes %d", i+1,
					len(t.pixels), s.height, s.width, s.height*s.width*3)
			}
		}
	}
	return nil
}

// zoom returns the side in pixels that a pixel of an image gets.
func (s *sheet) zoom() int {
	side := max(s.height, s.width)
	return max(1, (minSide+side-1)/side)
}

// cell returns the size of a tile with its border.
func (s *sheet) cell() image.Point {
	size := image.Pt(s.width, s.height).Mul(s.zoom())
	if s.framed {
		size = size.Add(image.Pt(2*frame, 2*frame))
	}
	return size
}

// column returns the left edge of the k-th tile of a block.
func (s *sheet) column(k int) int {
	x := k * (s.cell().X + thinGap)
	if s.lead > 0 && k >= s.lead {
		x += blockGap - thinGap
	}
	return x
}

// across returns how many blocks of a width stand side by side.
func (s *sheet) across(width int) int {
	return min(len(s.blocks), max(1, (sheetWidth+blockGap)/(width+blockGap)))
}

// draw lays the blocks side by side as long as they fit, filling each line from left to right.
func (s *sheet) draw() *image.RGBA {
	cell, tiles := s.cell(), len(s.blocks[0])
	block := s.column(tiles-1) + cell.X
	across := s.across(block)
	lines := (len(s.blocks) + across - 1) / across

	top := thinGap
	if s.titles != nil {
		top += titleSize
	}

	size := image.Pt(across*(block+blockGap)-blockGap+2*thinGap, top+lines*(cell.Y+thinGap))
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)

	// Blocks fill the lines from left to right; titles stand above the first line only.
	for b, tiles := range s.blocks {
		origin := image.Pt(thinGap+b%across*(block+blockGap), top+b/across*(cell.Y+thinGap))
		for k, t := range tiles {
			at := origin.Add(image.Pt(s.column(k), 0))
			s.drawTile(out, at, t)

			if s.titles != nil && b < across {
				drawTitle(out, s.titles[k], at.X+cell.X/2, titleSize-4, cell.X)
			}
		}
	}
	return out
}

func (s *sheet) drawTile(out *image.RGBA, at image.Point, t tile) {
	cell := s.cell()
	inner := image.Rectangle{Min: at, Max: at.Add(cell)}

	if s.framed {
		draw.Draw(out, inner, image.NewUniform(t.mark.color()), image.Point{}, draw.Src)
		inner = inner.Inset(frame)
	}

	// Each pixel becomes a square.
	zoom := s.zoom()
	for y := range inner.Dy() {
		for x := range inner.Dx() {
			p := t.pixels[(y/zoom*s.width+x/zoom)*3:]
			out.SetRGBA(inner.Min.X+x, inner.Min.Y+y, color.RGBA{p[0], p[1], p[2], 0xff})
		}
	}

	t.mark.draw(out, inner.Max)
}

// drawTitle writes text centered on x, on the given base line, cut to width pixels.
func drawTitle(out *image.RGBA, text string, x, baseline, width int) {
	face := gonumfont.DefaultCache.Lookup(gonumfont.From(sans, textSize), textSize)
	d := font.Drawer{Dst: out, Src: image.NewUniform(ink), Face: face.FontFace(96)}

	// Letters differ in width, so that only trying tells how many fit.
	text = abbreviate(text, 40)
	for n := len([]rune(text)); n > 1 && d.MeasureString(text).Ceil() > width; n-- {
		text = abbreviate(text, n-1)
	}

	d.Dot = fixed.P(x-d.MeasureString(text).Ceil()/2, baseline)
	d.DrawString(text)
}
