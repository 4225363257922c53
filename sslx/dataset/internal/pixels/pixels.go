package pixels

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"strings"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/sslx/dataset/internal/jpeg"
)

// Options say how a file becomes pixels. The zero value decodes whole files at their own size, upright.
type Options struct {
	// Short is the length to which the short side will be brought, 0 for none: a format that allows it is decoded at a
	// reduced size that is still one and a half times as large.
	Short int
	// AsStored leaves images as they are stored instead of turning them upright.
	AsStored bool
	// Range says how samples of more than 8 bits become bytes: see [ParseRange].
	Range Range
	// CutShort keeps JPEG images whose data end early if most of them are there.
	CutShort bool
}

// Size is what the head of a file says.
type Size struct {
	// Width and Height of the image as it is shown, at its own size.
	Width, Height int
	// Pixels is the number of pixels that decoding makes; less than Width*Height at reduced size.
	Pixels int64
	// Memory is the number of bytes that decoding takes at most.
	Memory int64
}

// Facts are what is worth a remark of a decoded image.
type Facts struct {
	// Turned images were stored in another orientation than they are shown in.
	Turned bool
	// CutShort images lack the end of their data.
	CutShort bool
	// Deep images have samples of more than 8 bits; Highest is the largest of them, of 65535.
	Deep    bool
	Highest int

	own image.Point // of an image that was decoded at a reduced size
}

// Own returns the size, upright, that an image had before it was decoded at a reduced size.
func (f Facts) Own(img *image.RGBA) image.Point {
	if f.own == (image.Point{}) {
		return img.Bounds().Size()
	}
	return f.own
}

// codec reads one format.
type codec struct {
	// measure returns the size as stored, without turning, and the bytes that decoding takes at most.
	measure func(data []byte, opt Options) (Size, error)
	// decode makes an image, which may be larger than 8 bits and have alpha.
	decode func(ctx context.Context, data []byte, opt Options, facts *Facts) (image.Image, error)
	// orientation returns how the image must be turned, as EXIF numbers it; nil where the format cannot say.
	orientation func(data []byte) int
}

// Measure reads the head of a file.
func Measure(data []byte, opt Options) (Size, error) {
	c, err := codecOf(data)
	if err != nil {
		return Size{}, err
	}
	size, err := c.measure(data, opt)
	if err != nil {
		return Size{}, err
	}
	if size.Width < 1 || size.Height < 1 {
		return Size{}, fmt.Errorf("it is %dx%d pixels", size.Width, size.Height)
	}
	if size.Pixels == 0 {
		size.Pixels = int64(size.Width) * int64(size.Height)
	}

	// Turning needs a second image.
	if turn := c.turn(data, opt); turn > 1 {
		size.Memory += 4 * size.Pixels
		// Orientations 5 to 8 exchange rows and columns.
		if turn > 4 {
			size.Width, size.Height = size.Height, size.Width
		}
	}
	return size, nil
}

// Decode decodes a file to opaque RGBA. Alpha is dropped, and the stored color of a pixel is kept. It may be called
// only after [Measure] allowed it. It returns as soon as ctx ends. The memory of the image may be given to
// [buffer.Keep].
func Decode(ctx context.Context, data []byte, opt Options) (*image.RGBA, Facts, error) {
	c, err := codecOf(data)
	if err != nil {
		return nil, Facts{}, err
	}
	type result struct {
		img   *image.RGBA
		facts Facts
	}
	got, err := bounded.Abandon(ctx, func() (r result, err error) {
		// The decoders of others panic on some damaged files.
		defer func() {
			if cause := recover(); cause != nil {
				err = fmt.Errorf("its decoder failed: %v", cause)
			}
		}()
		r.img, err = c.upright(ctx, data, opt, &r.facts)
		return r, err
	})
	return got.img, got.facts, err
}

// upright decodes and turns an image.
func (c codec) upright(ctx context.Context, data []byte, opt Options, facts *Facts) (*image.RGBA, error) {
	decoded, err := c.decode(ctx, data, opt, facts)
	if err != nil {
		return nil, err
	}
	img, err := toRGB(ctx, decoded, opt.Range, facts)
	if err != nil {
		return nil, err
	}
	if turn := c.turn(data, opt); turn > 1 {
		img, facts.Turned = upright(img, turn), true
		if turn > 4 {
			facts.own = image.Pt(facts.own.Y, facts.own.X)
		}
	}
	return img, nil
}

func (c codec) turn(data []byte, opt Options) int {
	if opt.AsStored || c.orientation == nil {
		return 1
	}
	return c.orientation(data)
}

// codecOf finds the format of a file by its first bytes.
func codecOf(data []byte) (codec, error) {
	if len(data) == 0 {
		return codec{}, errors.New("the file is empty")
	}
	for _, f := range read {
		if startsWith(data, f.magic) {
			return f.codec, nil
		}
	}
	if c, ok := heifCodec(data); ok {
		return c, nil
	}

	// Renamed files are frequent: the name of the format says more than that decoding failed.
	for _, f := range notRead {
		if startsWith(data, f.magic) {
			return codec{}, fmt.Errorf("it is %s, which sslx does not read; it reads %s", f.name, names)
		}
	}
	return codec{}, fmt.Errorf("unknown format: it is none of %s", names)
}

const names = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC and AVIF"

// read are the starts of the files that are read; a point stands for any byte.
var read = []struct {
	magic string
	codec codec
}{
	{jpeg.Magic + "\xff", jpegCodec}, {pngMagic, pngCodec}, {"RIFF....WEBP", webpCodec}, {"GIF8.a", gifCodec},
	{"BM", bmpCodec}, {"II*\x00", tiffCodec}, {"MM\x00*", tiffCodec},
}

// notRead are the starts of other files that are met among images.
var notRead = []struct{ magic, name string }{
	{"P1", "a Netpbm image"}, {"P2", "a Netpbm image"}, {"P3", "a Netpbm image"}, {"P4", "a Netpbm image"},
	{"P5", "a Netpbm image"}, {"P6", "a Netpbm image"}, {"P7", "a Netpbm image"}, {"Pf", "a Netpbm image"},
	{"PF", "a Netpbm image"}, {"\xff\x0a", "a JPEG XL image"}, {"....JXL ", "a JPEG XL image"},
	{"....jP  ", "a JPEG 2000 image"}, {"\xff\x4f\xff\x51", "a JPEG 2000 image"}, {"8BPS", "a Photoshop document"},
	{"II+\x00", "a BigTIFF image"}, {"MM\x00+", "a BigTIFF image"}, {"II\xbc", "a JPEG XR image"},
	{"\x00\x00\x01\x00", "an icon"}, {"v/1\x01", "an OpenEXR image"}, {"#?RADIANCE", "a Radiance image"},
	{"qoif", "a QOI image"}, {"DDS ", "a DDS texture"}, {"SIMPLE  =", "a FITS image"}, {"\x89HDF", "an HDF5 file"},
	{"\x93NUMPY", "a NumPy array"}, {"%PDF", "a PDF document"}, {"%!PS", "a PostScript document"},
	{"<svg", "an SVG image"},
	{"<?xml", "an XML document, perhaps an SVG image"}, {"<!DOCTYPE html", "a web page"},
	{"<!doctype html", "a web page"},
	{"<html", "a web page"}, {"<HTML", "a web page"}, {"PK\x03\x04", "a zip archive"}, {"\x1f\x8b", "a gzip file"},
	{"....ftyp", "a video or an unknown kind of HEIF"}, {"\x1aE\xdf\xa3", "a video"}, {"RIFF....AVI ", "a video"},
	{"version https://git-lfs", "a pointer of Git LFS to a file that was not fetched"},
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

// jpegCodec reads JPEG at a reduced size where the image will be made small anyway.
var jpegCodec = codec{
	measure: func(data []byte, opt Options) (Size, error) {
		h, err := jpeg.ReadHeader(data)
		if err != nil {
			return Size{}, err
		}
		by := reduction(h.Width, h.Height, opt.Short)
		pixels := int64((h.Width+by-1)/by) * int64((h.Height+by-1)/by)
		return Size{Width: h.Width, Height: h.Height, Pixels: pixels, Memory: h.Memory(by)}, nil
	},
	decode: func(ctx context.Context, data []byte, opt Options, facts *Facts) (image.Image, error) {
		h, err := jpeg.ReadHeader(data)
		if err != nil {
			return nil, err
		}
		by := reduction(h.Width, h.Height, opt.Short)
		img, whole, err := jpeg.Decode(ctx, data, jpeg.Options{Reduce: by, CutShort: opt.CutShort})
		facts.CutShort = !whole
		if err != nil {
			return nil, err // not a nil *image.RGBA in an interface
		}
		if by == 1 {
			return img, nil
		}

		// The last pixels of the rows and columns may stand for little more than the edge.
		facts.own = image.Pt(h.Width, h.Height)
		return img.SubImage(image.Rect(0, 0, (h.Width+by/2)/by, (h.Height+by/2)/by)), nil
	},
	orientation: func(data []byte) int {
		h, err := jpeg.ReadHeader(data)
		if err != nil {
			return 1
		}
		return orientationOf(h.EXIF)
	},
}

// reduction returns 1, 2, 4 or 8: the largest that leaves the short side one and a half times as long as it will be.
func reduction(width, height, short int) int {
	by := 1
	for short > 0 && by < 8 && 2*min(width, height) >= 3*short*2*by {
		by *= 2
	}
	return by
}

// measureBy makes measure of the decoder of a head and the bytes of memory for each pixel.
func measureBy(config func(io.Reader) (image.Config, error),
	bytesPerPixel func(image.Config) int64) func([]byte, Options) (Size, error) {
	return func(data []byte, _ Options) (Size, error) {
		c, err := config(bytes.NewReader(data))
		if err != nil {
			return Size{}, plainer(err)
		}
		return Size{Width: c.Width, Height: c.Height,
			Memory: int64(c.Width) * int64(c.Height) * bytesPerPixel(c)}, nil
	}
}

// perPixel is the memory of a pixel whatever the image.
func perPixel(n int64) func(image.Config) int64 { return func(image.Config) int64 { return n } }

// plainer says in words what decoders say with Go's error values.
func plainer(err error) error {
	if err != nil && strings.HasSuffix(err.Error(), "EOF") { // some decoders do not wrap it
		return errors.New("it is cut short")
	}
	return err
}
