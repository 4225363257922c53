package pixels

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

const (
	pngMagic = "\x89PNG\r\n\x1a\n"

	// pngInterlace is the place of the byte that tells an interlaced PNG.
	pngInterlace = 28
)

// pngCodec reads PNG. Four channels of 16 bits are the most that a pixel has; an interlaced image is put together from
// passes, the last of which is half of it.
var pngCodec = codec{
	measure: func(data []byte, opt Options) (Size, error) {
		size, err := measureBy(png.DecodeConfig, perPixel(8))(data, opt)
		if len(data) > pngInterlace && data[pngInterlace] == 1 {
			size.Memory += size.Memory / 2
		}
		return size, err
	},
	decode: func(ctx context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		img, err := png.Decode(&slowReader{ctx, data})
		if err == nil || ctx.Err() != nil {
			return img, err
		}

		// Damage outside the pixels, such as in a text or a color profile, does not matter.
		if needed, ok := neededChunks(data); ok {
			if img, err := png.Decode(&slowReader{ctx, needed}); err == nil {
				return img, nil
			}
		}
		return nil, plainer(err)
	},
	orientation: func(data []byte) int {
		exif, _ := pngChunk(data, "eXIf")
		return orientationOf(exif)
	},
}

// neededChunks returns a PNG file of the chunks without which there are no pixels. ok is false where it is the same
// file.
func neededChunks(data []byte) (needed []byte, ok bool) {
	needed = append(needed, pngMagic...)
	pixels := false
	for chunk := range pngChunks(data) {
		name := string(chunk[4:8])
		switch {
		case name == "IHDR" || name == "IEND" || name == "IDAT":
			pixels = pixels || name == "IDAT"
		case (name == "PLTE" || name == "tRNS") && !pixels:
			// Their damage matters, and they are refused as they are.
		default:
			ok = true
			continue
		}
		needed = append(needed, chunk...)
	}
	if !bytes.HasSuffix(needed, []byte("IEND\xaeB`\x82")) && pixels {
		end := []byte("\x00\x00\x00\x00IEND")
		needed, ok = append(needed, binary.BigEndian.AppendUint32(end, crc32.ChecksumIEEE(end[4:]))...), true
	}
	return needed, ok
}

// pngChunks goes through the whole chunks of a PNG file; each has its length, name, content and checksum.
func pngChunks(data []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for left := data[min(len(pngMagic), len(data)):]; len(left) >= 12; {
			length := int64(binary.BigEndian.Uint32(left)) + 12
			if length > int64(len(left)) || !yield(left[:length]) {
				return
			}
			left = left[length:]
		}
	}
}

// pngChunk returns the content of the first chunk of a name.
func pngChunk(data []byte, name string) ([]byte, bool) {
	for chunk := range pngChunks(data) {
		if string(chunk[4:8]) == name {
			return chunk[8 : len(chunk)-4], true
		}
	}
	return nil, false
}

// gifCodec reads the first frame of a GIF, on its canvas.
var gifCodec = codec{
	measure: measureBy(gif.DecodeConfig, perPixel(6)),
	decode: func(ctx context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		config, err := gif.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, plainer(err)
		}
		decoded, err := gif.Decode(&slowReader{ctx, data})
		if err != nil {
			return nil, plainer(err)
		}

		// image/gif makes the transparent color black.
		frame := decoded.(*image.Paletted)
		transparent, c := gifTransparent(data)
		if transparent < len(frame.Palette) {
			frame.Palette[transparent] = c
		}
		canvas := image.Rect(0, 0, config.Width, config.Height)
		if frame.Bounds() == canvas {
			return frame, nil
		}

		// As in Pillow, that color, or else the first one, is where the frame is not.
		img := buffer.RGBA(canvas)
		draw.Draw(img, canvas, image.NewUniform(c), image.Point{}, draw.Src)
		draw.Draw(img, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
		return img, nil
	},
}

// gifTransparent returns the index that is transparent in the first frame of a GIF, or 0, and its color in the palette,
// or black.
func gifTransparent(data []byte) (index int, c color.RGBA) {
	const head, frameHead = 13, 10
	after := func(b []byte, n int) []byte { return b[min(n, len(b)):] }
	paletteSize := func(flags byte) int { return int(flags>>7) * 3 << (1 + flags&7) }
	palette := data[head:]
	left := after(palette, paletteSize(data[10]))

	// Extensions are a byte that announces them, their kind, and blocks of a length each, up to an empty one.
	const extension, control, hasTransparent = 0x21, 0xf9, 1
	for len(left) > 6 && left[0] == extension {
		if left[1] == control && left[3]&hasTransparent != 0 {
			index = int(left[6])
		}
		for left = left[2:]; len(left) > 0 && left[0] > 0; {
			left = after(left, 1+int(left[0]))
		}
		left = after(left, 1)
	}

	size := paletteSize(data[10])
	if len(left) > frameHead && paletteSize(left[frameHead-1]) > 0 {
		palette, size = left[frameHead:], paletteSize(left[frameHead-1])
	}
	c.A = 255
	if at := 3 * index; at < min(size, len(palette)-2) {
		c.R, c.G, c.B = palette[at], palette[at+1], palette[at+2]
	}
	return index, c
}

// bmpCodec reads BMP.
var bmpCodec = codec{
	measure: measureBy(bmp.DecodeConfig, perPixel(8)),
	decode: func(ctx context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		img, err := bmp.Decode(&slowReader{ctx, data})
		return img, plainer(err)
	},
}

// tiffCodec reads the first page of a TIFF. A strip may hold the whole image once more, and so may a file without LZW,
// with what was packed.
var tiffCodec = codec{
	measure: measureBy(tiffConfig, func(c image.Config) int64 {
		switch c.ColorModel {
		case color.GrayModel:
			return 8
		case color.Gray16Model:
			return 10
		case color.RGBA64Model, color.NRGBA64Model:
			return 16
		}
		return 14
	}),
	decode: func(_ context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		file := data
		if stored, ok := withoutLZW(data); ok {
			file = stored
		}
		img, err := tiff.Decode(bytes.NewReader(file))
		if err != nil {
			return nil, tiffError(err)
		}
		if gray, ok := img.(*image.Gray); ok && faxOfBlackZeros(data) {
			for i := range gray.Pix {
				gray.Pix[i] = 255 - gray.Pix[i]
			}
		}
		return img, nil
	},
	orientation: orientationOf,
}

func tiffConfig(r io.Reader) (image.Config, error) {
	c, err := tiff.DecodeConfig(r)
	if err != nil {
		err = tiffError(err)
	}
	return c, err
}

// tiffError names the format of what its decoder does not read.
func tiffError(err error) error {
	var unsupported tiff.UnsupportedError
	if errors.As(err, &unsupported) {
		return fmt.Errorf("it is a TIFF image of a kind that is not read (%s): store it as an RGB or gray TIFF or PNG",
			string(unsupported))
	}
	return plainer(err)
}

// faxOfBlackZeros reports whether a file is compressed as faxes are, with zeros for black: x/image/tiff inverts these.
func faxOfBlackZeros(data []byte) bool {
	const group3, group4, blackIsZero = 3, 4, 1
	compression, _ := tagOf(data, compressionTag)
	photometric, _ := tagOf(data, photometricTag)
	return (compression == group3 || compression == group4) && photometric == blackIsZero
}

// toRGB converts an image to opaque 8-bit RGBA. It may reuse the memory of img. It ends soon after ctx does.
func toRGB(ctx context.Context, img image.Image, deep Range, facts *Facts) (*image.RGBA, error) {
	b := img.Bounds()
	if b.Empty() {
		return nil, errors.New("it has no pixels")
	}
	switch src := img.(type) {
	case *image.RGBA:
		if src.Opaque() {
			return src, nil
		}
	case *image.NRGBA:
		// The stored color counts, so that only the alpha changes.
		for i := 3; i < len(src.Pix); i += 4 {
			src.Pix[i] = 255
		}
		return &image.RGBA{Pix: src.Pix, Stride: src.Stride, Rect: src.Rect}, nil
	case *image.Gray16:
		return deep.gray(src, facts), nil
	case *image.NRGBA64:
		return deep.color(src.Pix, src.Stride, src.Rect, facts), nil
	case *image.RGBA64:
		if src.Opaque() {
			return deep.color(src.Pix, src.Stride, src.Rect, facts), nil
		}
	case *image.Gray, *image.YCbCr, *image.CMYK:
		dst := buffer.RGBA(b)
		draw.Draw(dst, b, src, b.Min, draw.Src)
		return dst, nil
	case *image.Paletted:
		return painted(src), nil
	}

	// The other models keep their colors as they are stored, pixel by pixel.
	dst := buffer.RGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for x := b.Min.X; x < b.Max.X; x++ {
			dst.SetRGBA(x, y, stored(img.At(x, y)))
		}
	}
	return dst, nil
}

// painted converts an image with a palette. Pixels beyond the palette are black.
func painted(src *image.Paletted) *image.RGBA {
	var colors [256][4]byte
	for i, c := range src.Palette {
		rgb := stored(c)
		colors[i] = [4]byte{rgb.R, rgb.G, rgb.B, 255}
	}
	for i := len(src.Palette); i < len(colors); i++ {
		colors[i][3] = 255
	}

	b := src.Bounds()
	dst := buffer.RGBA(b)
	for y := range b.Dy() {
		row := dst.Pix[y*dst.Stride:]
		for x, at := range src.Pix[y*src.Stride:][:b.Dx()] {
			*(*[4]byte)(row[4*x:]) = colors[at]
		}
	}
	return dst
}

// Opaque converts any image to opaque 8-bit RGBA, as Decode does. It may reuse the memory of img.
func Opaque(ctx context.Context, img image.Image, opt Options) (*image.RGBA, Facts, error) {
	var facts Facts
	rgb, err := toRGB(ctx, img, opt.Range, &facts)
	return rgb, facts, err
}

// stored drops alpha and low bytes.
func stored(c color.Color) color.RGBA {
	switch c := c.(type) {
	case color.NRGBA:
		return color.RGBA{c.R, c.G, c.B, 255}
	case color.NRGBA64:
		return color.RGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), 255}
	}
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
}
