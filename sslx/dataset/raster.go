package dataset

import (
	"fmt"
	"image"
	"image/color"
)

// Raster is one image of any number of channels. [Plan.Draw] returns it for an image that is neither gray nor RGB. As
// an [image.Image] it looks as [Images.RGB] shows it.
type Raster struct {
	// Pix holds the image, [Height, Width, Channels].
	Pix []byte
	// Height and Width are the rows and columns, and Channels the number of values of a pixel, 1 to MaxChannels.
	Height, Width, Channels int
}

// ColorModel implements [image.Image].
func (r *Raster) ColorModel() color.Model { return color.RGBAModel }

// Bounds implements [image.Image].
func (r *Raster) Bounds() image.Rectangle { return image.Rect(0, 0, r.Width, r.Height) }

// At implements [image.Image].
func (r *Raster) At(x, y int) color.Color {
	p := r.Pix[(y*r.Width+x)*r.Channels:]
	if r.Channels < rgb {
		return color.RGBA{p[0], p[0], p[0], 255}
	}
	return color.RGBA{p[0], p[1], p[2], 255}
}

// check returns an error when the number of bytes does not fit.
func (r *Raster) check() error {
	return Images{r.Pix, 1, r.Height, r.Width, r.Channels}.Check()
}

// crop brings an image to a square as [shortCrop] does, three channels at a time.
func (r *Raster) crop(size, maxPixels int) (*Raster, error) {
	out := &Raster{make([]byte, size*size*r.Channels), size, size, r.Channels}
	for first := 0; first < r.Channels; first += rgb {
		some := min(rgb, r.Channels-first)

		// The channels of a color image are resized each by itself.
		img := image.NewRGBA(r.Bounds())
		for i := range r.Height * r.Width {
			copy(img.Pix[4*i:], r.Pix[i*r.Channels+first:][:some])
			img.Pix[4*i+3] = 255
		}
		img, err := shortCrop(img, size, maxPixels)
		if err != nil {
			return nil, err
		}
		for i, pixel := 0, appendRGB(nil, img); i < size*size; i++ {
			copy(out.Pix[i*r.Channels+first:], pixel[i*rgb:][:some])
		}
	}
	return out, nil
}

// bytesOf returns the pixels of a drawn image, which is a *Raster or an opaque *image.RGBA, in a number of channels.
func bytesOf(img image.Image, channels int) ([]byte, error) {
	if img, ok := img.(*image.RGBA); ok {
		pixels := appendRGB(nil, img)
		switch channels {
		case rgb:
			return pixels, nil
		case 1:
			return lumas(pixels), nil
		}
		return nil, otherChannels(rgb, channels)
	}

	r := img.(*Raster)
	shown := Images{r.Pix, 1, r.Height, r.Width, r.Channels}
	switch {
	case r.Channels == channels:
		return r.Pix, nil
	case channels == rgb && r.Channels == 1:
		return shown.RGB().Pixels, nil
	case channels == 1 && r.Channels == rgb:
		return lumas(r.Pix), nil
	}
	return nil, otherChannels(r.Channels, channels)
}

func otherChannels(has, want int) error {
	return fmt.Errorf("it has %d channels instead of %d: only gray and color are converted into each other", has, want)
}

// lumas returns the luma of RGB pixels, rounded as image/color and Pillow do. It is exact for gray.
func lumas(pixels []byte) []byte {
	gray := make([]byte, len(pixels)/rgb)
	for i := range gray {
		p := pixels[i*rgb:]
		gray[i] = byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
	}
	return gray
}
