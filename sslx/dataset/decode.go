package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // registers the decoder
	_ "image/png"  // registers the decoder
)

func isTooLarge(err error) bool { return errors.Is(err, errTooLarge) }

// decodeConfig reads the size in an image's header.
func decodeConfig(it item) (width, height int, err error) {
	if it.err != nil {
		return 0, 0, it.err
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(it.data))
	return config.Width, config.Height, err
}

// decodeImage decodes a PNG or JPEG of at most maxPixels pixels; a larger one is refused before memory is taken for
// it.
func decodeImage(it item, maxPixels int) (*image.RGBA, error) {
	width, height, err := decodeConfig(it)
	if err != nil {
		return nil, err
	}
	if err := checkSize(width, height, maxPixels); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bytes.NewReader(it.data))
	if err != nil {
		return nil, err
	}
	return opaque(img), nil
}

func checkSize(width, height, maxPixels int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("it is %dx%d pixels", width, height)
	}
	if int64(width)*int64(height) > int64(maxPixels) {
		return fmt.Errorf("it declares %dx%d pixels and %d are allowed", width, height, maxPixels)
	}
	return nil
}

// opaque converts an image to 8-bit RGB as the package comment states, and sets every alpha to 255.
func opaque(img image.Image) *image.RGBA {
	b := img.Bounds()
	switch src := img.(type) {
	case *image.RGBA:
		if src.Opaque() {
			return src
		}
	case *image.NRGBA:
		for i := 3; i < len(src.Pix); i += 4 {
			src.Pix[i] = 255
		}
		return &image.RGBA{Pix: src.Pix, Stride: src.Stride, Rect: src.Rect}
	case *image.Gray, *image.YCbCr, *image.CMYK:
		dst := image.NewRGBA(b)
		draw.Draw(dst, b, src, b.Min, draw.Src)
		return dst
	}
	dst := image.NewRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			dst.SetRGBA(x, y, plain(img.At(x, y)))
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
