package resample

import (
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
)

// plain is the definition of a resized image, one channel after another.
func plain(img *image.RGBA, columns, rows *Line) *image.RGBA {
	b, width, height := img.Bounds(), len(columns.first), len(rows.first)
	mean := func(l *Line, i int, at func(k int) byte) byte {
		sum := uint64(half)
		for k := range l.taps {
			sum += uint64(l.weights[i*l.taps+k]) * uint64(at(int(l.first[i])+k))
		}
		return byte(sum >> weightBits)
	}
	short, dst := image.NewRGBA(image.Rect(0, 0, width, b.Dy())), image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range short.Pix {
		x, y, c := i/4%width, i/4/width, i%4
		short.Pix[i] = mean(columns, x, func(k int) byte { return img.Pix[img.PixOffset(b.Min.X+k, b.Min.Y+y)+c] })
	}
	for i := range dst.Pix {
		x, y, c := i/4%width, i/4/width, i%4
		dst.Pix[i] = mean(rows, y, func(k int) byte { return short.Pix[short.PixOffset(x, k)+c] })
	}
	return dst
}

func TestImage_HasTheWeightedMeans(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ from, to image.Point }{
		{image.Pt(533, 40), image.Pt(85, 7)}, {image.Pt(37, 21), image.Pt(24, 14)}, {image.Pt(9, 5), image.Pt(40, 33)},
		{image.Pt(1, 1), image.Pt(9, 9)}, {image.Pt(3, 2), image.Pt(2, 3)}, {image.Pt(300, 7), image.Pt(5, 1)},
		{image.Pt(16, 16), image.Pt(16, 8)}, {image.Pt(2, 90), image.Pt(1, 45)},
	} {
		whole := image.NewRGBA(image.Rect(0, 0, c.from.X+3, c.from.Y+2))
		for i := range whole.Pix {
			whole.Pix[i] = byte(random.Uint32())
			// Extremes show sums that are too large.
			if whole.Rect.Dx()%2 == 0 {
				whole.Pix[i] = 255
			}
			if i%4 == 3 {
				whole.Pix[i] = 255
			}
		}
		img := whole.SubImage(image.Rect(3, 2, c.from.X+3, c.from.Y+2)).(*image.RGBA)
		for _, part := range []int{0, c.to.X / 3} {
			name := fmt.Sprintf("%v to %v from column %d on", c.from, c.to, part)
			columns := newLine(c.to.X, c.from.X, part, c.to.X-part)
			rows := newLine(c.to.Y, c.from.Y, 0, c.to.Y)
			if got, want := Image(img, columns, rows), plain(img, columns, rows); !slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%s: the pixels differ", name)
			}

			// The Go code of other processors.
			before := vectors
			vectors = false
			if got, want := Image(img, columns, rows), plain(img, columns, rows); !slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%s, without vectors: the pixels differ", name)
			}
			vectors = before
		}
	}
}

func TestLineOf_IsPartOfTheWholeLine(t *testing.T) {
	whole, part := LineOf(64, 400, 0, 64), LineOf(64, 400, 10, 20)
	if !slices.Equal(part.first, whole.first[10:30]) ||
		!slices.Equal(part.weights, whole.weights[10*whole.taps:30*whole.taps]) {
		t.Error("the part differs")
	}
	if LineOf(64, 400, 10, 20) != part {
		t.Error("the same line is made again")
	}
}
