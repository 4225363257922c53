package pixels

import (
	"fmt"
	"image"
	"strconv"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// Range says how samples of 16 bits become bytes. The zero value takes the high byte: 65535 becomes 255.
type Range struct {
	bits  int  // that are used of 16; 0 is all
	image bool // each image's own range
}

// ParseRange reads a range: "full" (or "") for samples that use all 16 bits, a number of bits from 9 to 16 ("12" for
// most cameras of microscopes) for samples that use only the lower ones, or "image", which brings each image's own
// least and largest sample to 0 and 255 and so loses how bright images are compared with each other.
func ParseRange(text string) (Range, error) {
	switch text {
	case "", "full":
		return Range{}, nil
	case "image":
		return Range{image: true}, nil
	}
	bits, err := strconv.Atoi(text)
	if err != nil || bits < 9 || bits > 16 {
		return Range{}, fmt.Errorf("range %q of samples is unknown: give full, image, or the number of bits that are "+
			"used, 9 to 16", text)
	}
	if bits == 16 {
		bits = 0
	}
	return Range{bits: bits}, nil
}

// String is what ParseRange reads; "" for the zero value.
func (r Range) String() string {
	switch {
	case r.image:
		return "image"
	case r.bits > 0:
		return strconv.Itoa(r.bits)
	}
	return ""
}

// scale returns what becomes of samples between the least and the largest one of an image.
func (r Range) scale(least, largest int) func(v int) byte {
	switch {
	case r.image && least == largest:
		return func(int) byte { return 0 }
	case r.image:
		span := largest - least
		return func(v int) byte { return byte(((v-least)*255 + span/2) / span) }
	case r.bits > 0:
		// Samples above the stated bits become white instead of wrapping around.
		shift, most := r.bits-8, 1<<r.bits-1
		return func(v int) byte { return byte(min(v, most) >> shift) }
	}
	return func(v int) byte { return byte(v >> 8) }
}

// gray converts samples of 16 bits, big-endian.
func (r Range) gray(src *image.Gray16, facts *Facts) *image.RGBA {
	b := src.Rect
	at := func(x, y int) int {
		p := src.Pix[y*src.Stride+2*x:]
		return int(p[0])<<8 | int(p[1])
	}
	least, largest := 65535, 0
	for y := range b.Dy() {
		for x := range b.Dx() {
			v := at(x, y)
			least, largest = min(least, v), max(largest, v)
		}
	}
	facts.Deep, facts.Highest = true, largest

	scaled, dst := r.scale(least, largest), buffer.RGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			v := scaled(at(x, y))
			p := dst.Pix[y*dst.Stride+4*x:]
			p[0], p[1], p[2], p[3] = v, v, v, 255
		}
	}
	return dst
}

// color converts four channels of 16 bits, big-endian, to opaque pixels in the same memory.
func (r Range) color(pix []byte, stride int, rect image.Rectangle, facts *Facts) *image.RGBA {
	width, height := rect.Dx(), rect.Dy()
	least, largest := 65535, 0
	for y := range height {
		row := pix[y*stride:][:8*width]
		for i := 0; i < len(row); i += 8 {
			// Six of eight bytes: alpha does not count.
			for k := i; k < i+6; k += 2 {
				v := int(row[k])<<8 | int(row[k+1])
				least, largest = min(least, v), max(largest, v)
			}
		}
	}
	facts.Deep, facts.Highest = true, largest

	scaled := r.scale(least, largest)
	// The four bytes of a pixel are written over pixels that were read before.
	dst := &image.RGBA{Pix: pix[:4*width*height], Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
	at := 0
	for y := range height {
		for x := 0; x < 8*width; x += 8 {
			p := pix[y*stride+x:]
			red, green, blue := int(p[0])<<8|int(p[1]), int(p[2])<<8|int(p[3]), int(p[4])<<8|int(p[5])
			dst.Pix[at], dst.Pix[at+1], dst.Pix[at+2], dst.Pix[at+3] = scaled(red), scaled(green), scaled(blue), 255
			at += 4
		}
	}
	return dst
}
