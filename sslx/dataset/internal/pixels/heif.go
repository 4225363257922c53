package pixels

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// heifCodec returns the decoder of an HEIC or AVIF file, which both are boxes of ISO 14496-12 and 23008-12.
func heifCodec(data []byte) (codec, bool) {
	brands, ok := brandsOf(data)
	if !ok {
		return codec{}, false
	}

	// The major brand may be the general "mif1".
	for _, brand := range brands {
		switch brand {
		case "heic", "heix", "heim", "heis":
			return heicCodec, true
		case "avif", "avis":
			return avifCodec, true
		}
	}
	return codec{}, false
}

// brandsOf returns the brands in the box ftyp, with which a file begins.
func brandsOf(data []byte) (brands []string, ok bool) {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return nil, false
	}
	// A file has a few brands; a length that says more is not believed.
	length := min(int64(binary.BigEndian.Uint32(data)), int64(len(data)), 1<<10)
	for at := int64(8); at+4 <= length; at += 4 {
		if at != 12 { // the version of the major brand
			brands = append(brands, string(data[at:at+4]))
		}
	}
	return brands, true
}

// Both decoders run as WebAssembly with memory of its own, for planes, references, the image twice, and alpha. Measured
// are up to 13 bytes a pixel for HEIC and 37 for AVIF.
const (
	heicBytesPerPixel = 24
	avifBytesPerPixel = 48
)

// heicCodec reads HEIC. Its decoder crops images and turns them upright itself.
var heicCodec = codec{
	measure: func(data []byte, _ Options) (Size, error) {
		h, err := readHEIF(data)
		size := h.size(heicBytesPerPixel)
		size.Width, size.Height = h.shown.X, h.shown.Y
		return size, err
	},
	decode: func(ctx context.Context, data []byte, _ Options, facts *Facts) (image.Image, error) {
		h, err := readHEIF(data)
		if err != nil {
			return nil, err
		}
		img, err := decodeHEIC(ctx, data, h.largest)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("it is an HEIC image that cannot be decoded (%w): it is damaged, or of a kind that "+
				"libheif with libde265 does not read", err)
		}
		facts.Turned = h.orientation() > 1
		if planes, ok := img.(*image.YCbCr); ok {
			return h.convert(planes), nil
		}
		return img, nil
	},
}

// Of libheif (heif_image.h).
const (
	heifYCbCr, heifRGB, heifGray      = 0, 1, 2
	heif420, heif422, heif444         = 1, 2, 3
	heifLeastSide, heifRowAlignedTo   = 64, 16
	heifWidth, heifHeight, heifColors = 0, 1, 2
	heifChroma, heifPremultiplied     = 3, 4
	heifNumbers                       = 5
)

// heifStride is the length of a row of a plane of libheif.
func heifStride(width, bytesPerPixel int64) int64 {
	filled := max((width+1)&^1, heifLeastSide) * bytesPerPixel
	return (filled + heifRowAlignedTo - 1) &^ (heifRowAlignedTo - 1)
}

// decodeHEIC decodes an image that has no more pixels than the largest in its file.
func decodeHEIC(ctx context.Context, data []byte, largest int64) (image.Image, error) {
	var y, c, chromaRows int64 // strides
	rooms := func(found []int64) ([]int64, error) {
		width, height := found[heifWidth], found[heifHeight]
		if width < 1 || height < 1 || width*height > largest {
			return nil, errHEIF
		}
		switch found[heifColors] {
		case heifRGB:
			y = heifStride(width, 4)
			return []int64{y * height}, nil
		case heifGray:
			y = heifStride(width, 1)
			return []int64{y * height}, nil
		case heifYCbCr:
		default:
			return nil, fmt.Errorf("its color space is number %d", found[heifColors])
		}

		// The last chroma sample of an odd side stands for one pixel.
		chromaWidth := (width + 1) / 2
		chromaRows = height
		switch found[heifChroma] {
		case heif420:
			chromaRows = (height + 1) / 2
		case heif422:
		case heif444:
			chromaWidth = width
		default:
			return nil, fmt.Errorf("its chroma is number %d", found[heifChroma])
		}
		y, c = heifStride(width, 1), heifStride(chromaWidth, 1)
		return []int64{y*height + 2*c*chromaRows}, nil
	}
	found, pix, err := heifProgram.decode(ctx, data, heicBytesPerPixel*largest, nil, heifNumbers, rooms)
	if err != nil {
		return nil, err
	}

	rect := image.Rect(0, 0, int(found[heifWidth]), int(found[heifHeight]))
	switch found[heifColors] {
	case heifGray:
		return &image.Gray{Pix: pix, Stride: int(y), Rect: rect}, nil
	case heifRGB:
		img := &image.NRGBA{Pix: pix, Stride: int(y), Rect: rect}
		if found[heifPremultiplied] == 1 {
			return unmultiplied(&image.RGBA{Pix: pix, Stride: int(y), Rect: rect}), nil
		}
		return img, nil
	}
	luma, chroma := y*found[heifHeight], c*chromaRows
	ratios := map[int64]image.YCbCrSubsampleRatio{heif420: image.YCbCrSubsampleRatio420,
		heif422: image.YCbCrSubsampleRatio422, heif444: image.YCbCrSubsampleRatio444}
	return &image.YCbCr{Y: pix[:luma], Cb: pix[luma : luma+chroma], Cr: pix[luma+chroma:], YStride: int(y),
		CStride: int(c), SubsampleRatio: ratios[found[heifChroma]], Rect: rect}, nil
}

// avifCodec reads AVIF; of a sequence, the first image.
var avifCodec = codec{
	measure: func(data []byte, _ Options) (Size, error) {
		h, err := readHEIF(data)
		return h.size(avifBytesPerPixel), err
	},
	decode: func(ctx context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		h, err := readHEIF(data)
		if err != nil {
			return nil, err
		}
		img, err := decodeAVIF(ctx, data, h.largest)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("it is an AVIF image that cannot be decoded (%w): it is damaged, or of a kind that "+
				"libavif does not read", err)
		}
		return unmultiplied(img), nil
	},
	orientation: func(data []byte) int {
		h, err := readHEIF(data)
		if err != nil {
			return 1
		}
		return h.orientation()
	},
}

// decodeAVIF decodes an image that has no more pixels than the largest in its file. Colors are multiplied by alpha.
// More than 8 bits are scaled to 16 by the decoder, and to 8 here.
func decodeAVIF(ctx context.Context, data []byte, largest int64) (*image.RGBA, error) {
	const firstOnly, delay = 0, 8
	const width, height, depth, count, numbers = 0, 1, 2, 3, 4
	rooms := func(found []int64) ([]int64, error) {
		if found[width] < 1 || found[height] < 1 || found[width]*found[height] > largest {
			return nil, errHEIF
		}
		bytesPerPixel := int64(4)
		if found[depth] > 8 {
			bytesPerPixel = 8
		}
		return []int64{delay * max(found[count], 1), found[width] * found[height] * bytesPerPixel}, nil
	}
	found, pix, err := avifProgram.decode(ctx, data, avifBytesPerPixel*largest, []uint64{firstOnly}, numbers, rooms)
	if err != nil {
		return nil, err
	}

	img := &image.RGBA{Pix: pix, Stride: 4 * int(found[width]),
		Rect: image.Rect(0, 0, int(found[width]), int(found[height]))}
	if found[depth] > 8 {
		for i := range len(pix) / 2 {
			// In place: what a byte overwrites was read before.
			v := uint32(binary.LittleEndian.Uint16(pix[2*i:]))
			pix[i] = byte((v*255 + 32767) / 65535)
		}
		img.Pix = pix[:len(pix)/2]
	}
	return img, nil
}

// unmultiplied takes back the multiplication by alpha. Where alpha is small, few levels are left of a color.
func unmultiplied(img *image.RGBA) *image.RGBA {
	for i := 0; i < len(img.Pix); i += 4 {
		p := img.Pix[i : i+4]
		if alpha := int(p[3]); alpha > 0 && alpha < 255 {
			for k := range 3 {
				p[k] = byte(min((int(p[k])*255+alpha/2)/alpha, 255))
			}
		}
		p[3] = 255
	}
	return img
}

// heif is what the boxes of a file say of its main image.
type heif struct {
	width, height int         // as stored
	shown         image.Point // size after cropping and turning
	largest       int64       // pixels of the largest image in the file
	quarters      int         // turns to the left
	mirrored      bool
	axis          byte // 0 exchanges top and bottom, 1 left and right
	limited       bool // samples use 16 to 235
	matrix709     bool
}

// size returns the size as stored, and the memory that decoding takes when it takes so many bytes a pixel.
func (h *heif) size(bytesPerPixel int64) Size {
	pixels := int64(h.width) * int64(h.height)
	return Size{Width: h.width, Height: h.height, Pixels: pixels,
		Memory: smallMemory + bytesPerPixel*max(h.largest, pixels)}
}

var errHEIF = errors.New("its boxes are damaged")

// box is a part of the file with a name of four letters.
type box struct {
	name    string
	content []byte
}

// boxesOf goes through the boxes in content, as far as they are whole.
func boxesOf(content []byte) func(func(box) bool) {
	return func(yield func(box) bool) {
		for left := content; len(left) >= 8; {
			length, head := uint64(binary.BigEndian.Uint32(left)), uint64(8)
			switch {
			case length == 0: // to the end
				length = uint64(len(left))
			case length == 1 && len(left) >= 16:
				length, head = binary.BigEndian.Uint64(left[8:]), 16
			}
			if length < head || length > uint64(len(left)) || !yield(box{string(left[4:8]), left[head:length]}) {
				return
			}
			left = left[length:]
		}
	}
}

func boxIn(content []byte, name string) []byte {
	for b := range boxesOf(content) {
		if b.name == name {
			return b.content
		}
	}
	return nil
}

// readHEIF finds the properties of the main image.
func readHEIF(data []byte) (heif, error) {
	meta := boxIn(data, "meta")
	if len(meta) < 4 {
		return heif{}, errHEIF
	}
	meta = meta[4:] // version and flags
	primary, ok := primaryItem(boxIn(meta, "pitm"))
	if !ok {
		return heif{}, errHEIF
	}
	properties := boxIn(meta, "iprp")
	var list []box
	for b := range boxesOf(boxIn(properties, "ipco")) {
		list = append(list, b)
	}

	var h heif
	for _, b := range list {
		// Tiles and thumbnails count too: the decoder may make any of them.
		if width, height, ok := extent(b); ok {
			h.largest = max(h.largest, int64(width)*int64(height))
		}
	}
	var own []box
	for _, index := range associated(boxIn(properties, "ipma"), primary) {
		if index < 1 || index > len(list) {
			continue
		}
		own = append(own, list[index-1])
		if width, height, ok := extent(list[index-1]); ok {
			h.width, h.height = width, height
		}
	}
	if h.width < 1 || h.height < 1 {
		return heif{}, errHEIF
	}

	// Cropping and turning are done in the order of their boxes.
	h.shown = image.Pt(h.width, h.height)
	for _, b := range own {
		h.apply(b)
	}
	return h, nil
}

// longestSide bounds what a file may say of a side, so that no number of bytes overflows.
const longestSide = 1 << 28

// extent reads the box ispe: the size of an image.
func extent(b box) (width, height int, ok bool) {
	if b.name != "ispe" || len(b.content) < 12 {
		return 0, 0, false
	}
	w, h := binary.BigEndian.Uint32(b.content[4:]), binary.BigEndian.Uint32(b.content[8:])
	if w > longestSide || h > longestSide {
		return 0, 0, false
	}
	return int(w), int(h), true
}

// apply takes in one property of the main image.
func (h *heif) apply(b box) {
	c := b.content
	switch {
	case b.name == "clap" && len(c) >= 32:
		h.shown = image.Pt(cropped(h.shown.X, c, c[16:]), cropped(h.shown.Y, c[8:], c[24:]))
	case b.name == "irot" && len(c) >= 1:
		if h.quarters = int(c[0] & 3); h.quarters%2 == 1 {
			h.shown = image.Pt(h.shown.Y, h.shown.X)
		}
	case b.name == "imir" && len(c) >= 1:
		h.mirrored, h.axis = true, c[0]&1
	case b.name == "colr" && len(c) >= 11 && string(c[:4]) == "nclx":
		// nclx has primaries, transfer and matrix, two bytes each (matrix 1 is BT.709), and the bit of the full range.
		h.limited, h.matrix709 = c[10]&0x80 == 0, c[9] == 1
	}
}

// cropped returns what the box clap leaves of a side: so many pixels, at an offset from the middle; both are fractions
// of 32-bit numbers. It rounds as libheif does.
func cropped(side int, length, offset []byte) int {
	of := func(f []byte) (numerator, denominator uint32) {
		return binary.BigEndian.Uint32(f), binary.BigEndian.Uint32(f[4:])
	}
	pixels, parts := of(length)
	shift, shiftParts := of(offset)
	if parts == 0 || shiftParts == 0 {
		return 0
	}
	kept := float64(pixels) / float64(parts)
	first := math.Floor(float64(int32(shift))/float64(shiftParts) + (float64(side)-kept)/2)
	last := math.Round(first + kept - 1)
	return int(min(last, float64(side-1))-max(first, 0)) + 1
}

// orientation returns what EXIF would call the turning and mirroring.
func (h *heif) orientation() int {
	// Turns to the left by 0 to 3 quarters; mirrored afterwards, top with bottom or left with right.
	plain, topBottom, leftRight := [4]int{1, 8, 3, 6}, [4]int{4, 5, 2, 7}, [4]int{2, 7, 4, 5}
	switch {
	case !h.mirrored:
		return plain[h.quarters]
	case h.axis == 0:
		return topBottom[h.quarters]
	}
	return leftRight[h.quarters]
}

// convert makes colors of planes. Chroma of a lower resolution is repeated, as libheif does.
func (h *heif) convert(src *image.YCbCr) *image.RGBA {
	// Shares of red and blue in luma: BT.601, or BT.709.
	red, blue := 0.299, 0.114
	if h.matrix709 {
		red, blue = 0.2126, 0.0722
	}
	// The limited range has 219 steps of luma from 16 on, and 224 of chroma.
	low, luma, chroma := 0.0, 1.0, 1.0
	if h.limited {
		low, luma, chroma = 16, 255.0/219, 255.0/224
	}
	green := 1 - red - blue

	width, height := src.Rect.Dx(), src.Rect.Dy()
	dst := buffer.RGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			l := (float64(src.Y[y*src.YStride+x]) - low) * luma
			at := src.COffset(x, y)
			b, r := (float64(src.Cb[at])-128)*chroma, (float64(src.Cr[at])-128)*chroma
			r, b = l+2*(1-red)*r, l+2*(1-blue)*b
			p := dst.Pix[y*dst.Stride+4*x:][:4]
			p[0], p[1], p[2], p[3] = nearest(r), nearest((l-red*r-blue*b)/green), nearest(b), 255
		}
	}
	return dst
}

func nearest(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// primaryItem reads the box pitm: the number of the main image.
func primaryItem(content []byte) (item uint32, ok bool) {
	switch {
	case len(content) >= 6 && content[0] == 0:
		return uint32(binary.BigEndian.Uint16(content[4:])), true
	case len(content) >= 8 && content[0] == 1:
		return binary.BigEndian.Uint32(content[4:]), true
	}
	return 0, false
}

// associated reads the box ipma: the properties of an item, by their numbers from 1 on.
func associated(content []byte, item uint32) (indices []int) {
	if len(content) < 8 {
		return nil
	}
	version, wide := content[0], content[3]&1 == 1
	left := content[8:]
	number := func(n int) (v uint32, ok bool) {
		if len(left) < n {
			return 0, false
		}
		for _, b := range left[:n] {
			v = v<<8 | uint32(b)
		}
		left = left[n:]
		return v, true
	}

	// The highest bit says that a reader must understand the property; the others are its number.
	size, mask := 1, uint32(0x7f)
	if wide {
		size, mask = 2, 0x7fff
	}
	for range binary.BigEndian.Uint32(content[4:]) {
		// Numbers of items have four bytes from version 1 on.
		id, _ := number(2 + 2*min(int(version), 1))
		count, ok := number(1)
		if !ok {
			return indices
		}
		for range count {
			index, ok := number(size)
			if !ok {
				return indices
			}
			if id == item {
				indices = append(indices, int(index&mask))
			}
		}
	}
	return indices
}
