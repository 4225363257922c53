package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

func isTooLarge(err error) bool { return errors.Is(err, archive.ErrTooLarge) }

// Starts of files, by which formats are told; the names of files say nothing.
const (
	pngMagic  = "\x89PNG\r\n\x1a\n"
	jpegMagic = "\xff\xd8"

	// pngInterlace is the place of the byte that tells an interlaced PNG.
	pngInterlace = 28
)

// otherImages are the starts of images that cannot be read; a point stands for any byte.
var otherImages = []struct{ magic, name string }{
	{"GIF8", "a GIF"}, {"RIFF....WEBP", "a WebP"}, {"BM", "a BMP"}, {"II*\x00", "a TIFF"}, {"MM\x00*", "a TIFF"},
	{"....ftyphei", "an HEIC"}, {"....ftypmif1", "an HEIC"}, {"....ftypavif", "an AVIF"},
}

// decodeConfig reads the size and the color model in an image's head.
func decodeConfig(data []byte) (image.Config, error) {
	switch {
	case len(data) == 0:
		return image.Config{}, errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte(pngMagic)):
		return png.DecodeConfig(bytes.NewReader(data))
	case bytes.HasPrefix(data, []byte(jpegMagic)):
		return jpeg.DecodeConfig(bytes.NewReader(data))
	}
	for _, other := range otherImages {
		if startsWith(data, other.magic) {
			return image.Config{}, fmt.Errorf("it is %s image, and only PNG and JPEG can be read", other.name)
		}
	}
	return image.Config{}, errors.New("unknown format: it is neither a PNG nor a JPEG image")
}

func startsWith(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '.' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// maxScans bounds the scans of a JPEG image. Encoders write about ten; each takes the time of a pass over all pixels.
const maxScans = 100

// decodeImage decodes a PNG or JPEG file. It ends soon after ctx does.
func decodeImage(ctx context.Context, data []byte) (*image.RGBA, error) {
	decode := png.Decode
	if bytes.HasPrefix(data, []byte(jpegMagic)) {
		decode = jpeg.Decode
		if _, scans := jpegScans(data); scans > maxScans {
			return nil, fmt.Errorf("it is a JPEG of more than %d scans, which takes very long to decode: encode it again",
				maxScans)
		}
	}
	img, err := decode(&slowReader{ctx, data})
	if err != nil {
		return nil, err
	}
	return opaque(ctx, img)
}

// slowReader gives a decoder few bytes at a time, so that it notices the end of a context: a few kilobytes of a
// compressed image may stand for seconds of work.
type slowReader struct {
	ctx  context.Context
	left []byte
}

func (s *slowReader) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	const few = 512
	n := copy(p[:min(len(p), few)], s.left)
	s.left = s.left[n:]
	return n, nil
}

// jpegScans walks the markers of a JPEG file and counts its scans
// (https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B).
func jpegScans(data []byte) (progressive bool, scans int) {
	const (
		progressiveFrame = 0xc2
		startOfScan      = 0xda
		endOfImage       = 0xd9
	)
	for i := len(jpegMagic); i+1 < len(data); {
		next := bytes.IndexByte(data[i:], 0xff)
		if next < 0 || i+next+1 >= len(data) {
			break
		}
		i += next + 1

		switch marker := data[i]; {
		case marker == 0xff: // fill bytes before a marker
			continue
		case marker == 0 || marker >= 0xd0 && marker <= 0xd7: // inside the data of a scan
			i++
			continue
		case marker == endOfImage:
			return progressive, scans
		case marker == progressiveFrame:
			progressive = true
		case marker == startOfScan:
			scans++
		}
		if i+2 >= len(data) {
			break
		}
		i += 1 + int(data[i+1])<<8 + int(data[i+2]) // the segment's length counts its own two bytes
	}
	return progressive, scans
}

// decodeCost returns the bytes of memory that decoding takes at most: the image in its own model, what the decoder
// needs besides, and the image as RGBA.
func decodeCost(data []byte, config image.Config) int64 {
	pixel := 4.0
	switch config.ColorModel {
	case color.NRGBA64Model, color.RGBA64Model:
		pixel = 8
	case color.Gray16Model:
		pixel = 2
	case color.GrayModel:
		pixel = 1
	}
	if bytes.HasPrefix(data, []byte(jpegMagic)) {
		// A progressive image keeps the coefficients of all channels, 32 bits each.
		if progressive, _ := jpegScans(data); progressive {
			pixel *= 5
		}
	} else if len(data) > pngInterlace && data[pngInterlace] == 1 {
		// An interlaced PNG is put together from passes; the last is half of the image.
		pixel *= 1.5
	}
	return int64(float64(config.Width) * float64(config.Height) * (pixel + 4))
}

func checkSize(width, height, maxPixels int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("it is %dx%d pixels", width, height)
	}
	if int64(width) > int64(maxPixels)/int64(height) {
		return fmt.Errorf("it declares %dx%d pixels and %d are allowed", width, height, maxPixels)
	}
	return nil
}

// opaque converts an image to 8-bit RGB as the package comment states, and sets every alpha to 255. It ends soon after
// ctx does.
func opaque(ctx context.Context, img image.Image) (*image.RGBA, error) {
	b := img.Bounds()
	switch src := img.(type) {
	case *image.RGBA:
		if src.Opaque() {
			return src, nil
		}
	case *image.NRGBA:
		for i := 3; i < len(src.Pix); i += 4 {
			src.Pix[i] = 255
		}
		return &image.RGBA{Pix: src.Pix, Stride: src.Stride, Rect: src.Rect}, nil
	case *image.Gray, *image.YCbCr, *image.CMYK:
		dst := image.NewRGBA(b)
		draw.Draw(dst, b, src, b.Min, draw.Src)
		return dst, nil
	}

	// The other models keep their colors as they are stored, pixel by pixel.
	dst := image.NewRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for x := b.Min.X; x < b.Max.X; x++ {
			dst.SetRGBA(x, y, plain(img.At(x, y)))
		}
	}
	return dst, nil
}

// plain drops alpha and low bytes.
func plain(c color.Color) color.RGBA {
	switch c := c.(type) {
	case color.NRGBA:
		return color.RGBA{c.R, c.G, c.B, 255}
	case color.NRGBA64:
		return color.RGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), 255}
	}
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
}
