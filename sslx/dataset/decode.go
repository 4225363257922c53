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
	"runtime"

	"golang.org/x/sync/semaphore"

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
	// Renamed files are frequent: the name of the format says more than that decoding failed.
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
		if readFrame(data).scans > maxScans {
			return nil, fmt.Errorf("it is a JPEG of more than %d scans, which take too long: encode it again",
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

// jpegFrame is what the markers of a JPEG file say of the work that it makes.
type jpegFrame struct {
	progressive bool
	scans       int
	samples     float64 // a pixel, of all channels; less than their number where chroma is subsampled
}

// readFrame walks the markers of a JPEG file (https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B).
func readFrame(data []byte) jpegFrame {
	const (
		progressiveFrame = 0xc2
		startOfScan      = 0xda
		endOfImage       = 0xd9
	)
	f := jpegFrame{samples: 4}

	// Markers begin with 0xff. In the data of a scan, every byte 0xff is followed by one that is none.
	for i := len(jpegMagic); i+1 < len(data); {
		next := bytes.IndexByte(data[i:], 0xff)
		if next < 0 || i+next+3 >= len(data) {
			break
		}
		i += next + 1

		marker := data[i]
		switch {
		case marker == 0xff: // fill bytes before a marker
			continue
		case marker == 0 || marker >= 0xd0 && marker <= 0xd7: // inside the data of a scan
			i++
			continue
		case marker == endOfImage:
			return f
		}
		length := int(data[i+1])<<8 + int(data[i+2]) // counts its own two bytes
		segment := data[min(i+3, len(data)):max(min(i+1+length, len(data)), min(i+3, len(data)))]
		switch marker {
		case 0xc0, 0xc1, progressiveFrame:
			f.progressive = marker == progressiveFrame
			f.samples = frameSamples(segment)
		case startOfScan:
			f.scans++
		}
		i += 1 + length
	}
	return f
}

// frameSamples returns the number of samples a pixel of a frame header: precision, height and width, the number of
// channels, and for each its sampling factors.
func frameSamples(header []byte) float64 {
	var all, most int
	for at := 6; at+2 < len(header); at += 3 {
		blocks := int(header[at+1]>>4) * int(header[at+1]&15)
		all, most = all+blocks, max(most, blocks)
	}
	if most == 0 {
		return 4
	}
	return float64(all) / float64(most)
}

// measureImage returns the size of a PNG or JPEG image and the bytes of memory that decoding takes at most: for the
// image in its own model, for what the decoder needs besides, and for the RGBA image where it is not made in place.
func measureImage(data []byte) (size image.Point, cost int64, err error) {
	config, err := decodeConfig(data)
	if err != nil {
		return size, 0, err
	}

	// Four channels of 16 bits are the most that a PNG has a pixel. An interlaced one is put together from passes; the
	// last is half of the image.
	pixel := 8.0
	if len(data) > pngInterlace && data[pngInterlace] == 1 {
		pixel *= 1.5
	}
	// A progressive JPEG keeps the coefficients of all channels, 32 bits each.
	if bytes.HasPrefix(data, []byte(jpegMagic)) {
		frame := readFrame(data)
		pixel = frame.samples + 4
		if frame.progressive {
			pixel += 4 * frame.samples
		}
	}
	return image.Pt(config.Width, config.Height), int64(float64(config.Width) * float64(config.Height) * pixel), nil
}

// budget is the memory that images in work may take together.
type budget struct {
	bytes int64
	left  *semaphore.Weighted
}

// bytesPerPixel is the memory that may be taken for each of the pixels that one image may have: what an interlaced PNG
// of 16-bit RGBA needs. It makes 768 MB of 64 megapixels.
const bytesPerPixel = 12

// largeImage is the cost from which the memory of an image is collected at once, so that the next one does not find it
// still taken.
const largeImage = 64 << 20

func newBudget(maxPixels int) *budget {
	bytes := int64(maxPixels) * bytesPerPixel
	return &budget{bytes, semaphore.NewWeighted(bytes)}
}

// allows returns an error for an image that takes more than the whole budget.
func (b *budget) allows(cost int64) error {
	if cost <= b.bytes {
		return nil
	}
	return fmt.Errorf("it takes %.1f MB of memory to decode and %.1f MB are allowed: make it smaller, or store it as "+
		"a baseline JPEG", float64(cost)/1e6, float64(b.bytes)/1e6)
}

// take waits until there is memory for an image with its file, which may exceed the budget together.
func (b *budget) take(ctx context.Context, cost int64) error {
	return b.left.Acquire(ctx, min(cost, b.bytes))
}

func (b *budget) giveBack(cost int64) {
	if cost > largeImage {
		runtime.GC()
	}
	b.left.Release(min(cost, b.bytes))
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

// opaque converts an image to 8-bit RGB as the package comment states, and sets every alpha to 255. It may reuse the
// memory of img. It ends soon after ctx does.
func opaque(ctx context.Context, img image.Image) (*image.RGBA, error) {
	b := img.Bounds()
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
	case *image.NRGBA64:
		return highBytes(src.Pix, src.Stride, src.Rect), nil
	case *image.RGBA64:
		if src.Opaque() {
			return highBytes(src.Pix, src.Stride, src.Rect), nil
		}
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

// highBytes makes an opaque image of the high bytes of four channels of 16 bits, big-endian, in the same memory.
func highBytes(pix []byte, stride int, rect image.Rectangle) *image.RGBA {
	dst := &image.RGBA{Pix: pix[:4*rect.Dx()*rect.Dy()], Stride: 4 * rect.Dx(), Rect: rect}
	at := 0
	for y := range rect.Dy() {
		for x := 0; x < 8*rect.Dx(); x += 8 {
			p := pix[y*stride+x:]
			dst.Pix[at], dst.Pix[at+1], dst.Pix[at+2], dst.Pix[at+3] = p[0], p[2], p[4], 255
			at += 4
		}
	}
	return dst
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
