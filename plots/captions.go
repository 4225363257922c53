package plots

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	gonumfont "gonum.org/v1/plot/font"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	captionSize  = smallSize - 1
	captionLine  = 13  // height of a line of text in pixels
	captionWidth = 172 // of the text beside an image
	captionGap   = 6   // between an image and its text
)

// Captioned is an image with words beside it.
type Captioned struct {
	Pixels  []byte   // RGB, [height, width, 3]
	Caption []string // each starts on a line of its own, and continues on the next where it is too long
}

// CaptionSheet returns a PNG image with a line for each list of images, and the words beside each of them. Short lines
// are set side by side, from left to right. titles, which may be nil, name the columns. Images less than 96 pixels wide
// and high are enlarged, each pixel to a square. It returns a usage error if there is no image, if lines have unequal
// lengths, or if an image has another size.
func CaptionSheet(height, width int, titles []string, lines [][]Captioned) ([]byte, error) {
	s := sheet{height: height, width: width, titles: titles}
	for i, line := range lines {
		var block []tile

		// Columns run through all lines, so that every line has the same number of images.
		if len(line) != len(lines[0]) {
			return nil, usage.Errorf("line %d of the image sheet has %d images, and the first one has %d", i+1,
				len(line), len(lines[0]))
		}
		for _, c := range line {
			block = append(block, tile{pixels: c.Pixels})
		}
		s.blocks = append(s.blocks, block)
	}

	if err := s.check(); err != nil {
		return nil, err
	}

	var buffer bytes.Buffer
	err := png.Encode(&buffer, s.drawCaptioned(lines))
	return buffer.Bytes(), err
}

// drawCaptioned draws the blocks, one a line, side by side as long as they fit. A column is as wide as an image and,
// where it has any, its words.
func (s *sheet) drawCaptioned(lines [][]Captioned) *image.RGBA {
	pen := captionPen()
	cell, top := s.cell(), thinGap
	if s.titles != nil {
		top += titleSize
	}

	// A column is as wide as its widest tile with words. Edges count from the left of a block.
	left := make([]int, len(lines[0])+1)
	for k := range lines[0] {
		left[k+1] = left[k] + cell.X + blockGap
		for _, line := range lines {
			if len(line[k].Caption) > 0 {
				left[k+1] = left[k] + cell.X + captionGap + captionWidth + blockGap
			}
		}
	}
	step := left[len(left)-1] // from a block to the next
	across := s.across(step - blockGap)

	// Blocks that stand side by side are as high as their longest caption.
	words := make([][][]string, len(lines))
	upper := []int{top}
	for i, line := range lines {
		if i%across == 0 {
			upper = append(upper, upper[i/across]+cell.Y+2*thinGap)
		}
		for _, c := range line {
			wrapped := wrap(pen, c.Caption)
			words[i] = append(words[i], wrapped)
			upper[i/across+1] = max(upper[i/across+1], upper[i/across]+captionLine*len(wrapped)+2*thinGap)
		}
	}

	// The size is known only now.
	out := image.NewRGBA(image.Rect(0, 0, across*step-blockGap+2*thinGap, upper[len(upper)-1]))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)

	pen.Dst = out
	for i, block := range s.blocks {
		for k, t := range block {
			at := image.Pt(thinGap+i%across*step+left[k], upper[i/across])
			s.drawTile(out, at, t)

			// Titles stand above the first line only.
			if i < across && s.titles != nil {
				drawTitle(out, s.titles[k], at.X+cell.X/2, titleSize-4, cell.X)
			}

			// The pen writes on a base line, which is a little above the lower end of the line of text.
			for n, text := range words[i][k] {
				pen.Dot = fixed.P(at.X+cell.X+captionGap, at.Y+captionLine*(n+1)-3)
				pen.DrawString(text)
			}
		}
	}
	return out
}

func captionPen() *font.Drawer {
	face := gonumfont.DefaultCache.Lookup(gonumfont.From(sans, captionSize), captionSize)
	return &font.Drawer{Src: image.NewUniform(ink), Face: face.FontFace(96)}
}

// wrap breaks texts at spaces into lines that fit; those after the first of a text are indented.
func wrap(pen *font.Drawer, texts []string) (lines []string) {
	for _, text := range texts {
		words := strings.Split(text, " ")
		line := words[0]

		// A word that is wider than a line has one of its own: it is not broken.
		for _, word := range words[1:] {
			longer := line + " " + word
			if pen.MeasureString(longer).Ceil() > captionWidth {
				lines = append(lines, line)
				longer = "    " + word
			}
			line = longer
		}
		lines = append(lines, line)
	}
	return lines
}
