package dataset

import (
	"cmp"

	"github.com/sslx-go/lab/internal/usage"
)

// MaxChannels is the largest number of channels of an image.
const MaxChannels = 16

// rgb is the number of channels of a color image.
const rgb = 3

// Images are images of one size in one slice. It is how images are passed between the packages of this module. It is a
// [Source] for a [Loader].
type Images struct {
	// Pixels holds the images, uint8 [N, Height, Width, channels], row-major: N*Stride() bytes.
	Pixels []byte
	// N is the number of images.
	N int
	// Height and Width are the rows and columns of every image.
	Height, Width int
	// Channels is the number of values of a pixel, 1 to MaxChannels; 0 means 3: red, green and blue.
	Channels int
}

// Depth returns the number of channels: Channels, or 3 where that is 0.
func (im Images) Depth() int { return depth(im.Channels) }

// depth returns the number of channels that a field says, in which 0 means 3.
func depth(channels int) int { return cmp.Or(channels, rgb) }

// Check returns a usage error when the number of bytes does not fit the number of images and their size.
func (im Images) Check() error {
	if im.N < 0 || im.Height < 1 || im.Width < 1 {
		return usage.Errorf("%d images of %dx%d pixels: give 0 or more images of one pixel or more", im.N, im.Height,
			im.Width)
	}
	if im.Channels < 0 || im.Channels > MaxChannels {
		return usage.Errorf("images of %d channels: give 1 to %d", im.Channels, MaxChannels)
	}
	if len(im.Pixels) != im.N*im.Stride() {
		return usage.Errorf("%d images of %dx%d pixels of %d channels take %d bytes, got %d", im.N, im.Height, im.Width,
			im.Depth(), im.N*im.Stride(), len(im.Pixels))
	}
	return nil
}

// Stride returns the number of bytes of one image, Height*Width*Depth().
func (im Images) Stride() int { return im.Height * im.Width * im.Depth() }

// At returns the bytes of image i, 0 to N-1, [Height, Width, channels]. They are shared with im.
func (im Images) At(i int) []byte {
	stride := im.Stride()
	return im.Pixels[i*stride : (i+1)*stride : (i+1)*stride]
}

// Slice returns images from to to-1. Their pixels are shared with im.
func (im Images) Slice(from, to int) Images {
	stride := im.Stride()
	im.Pixels, im.N = im.Pixels[from*stride:to*stride:to*stride], to-from
	return im
}

// Pick returns a copy of the images with the given indices, in the order of the indices.
func (im Images) Pick(indices []int) Images {
	pixels := make([]byte, 0, len(indices)*im.Stride())
	for _, i := range indices {
		pixels = append(pixels, im.At(i)...)
	}
	im.Pixels, im.N = pixels, len(indices)
	return im
}

// Spread returns the indices of n images, or of all where there are fewer, at even distances: images often lie class by
// class, so that the first few show one class.
func (im Images) Spread(n int) []int {
	n = min(n, im.N)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i * im.N / n
	}
	return indices
}

// RGB returns the images as they are shown: those of three channels as they are, more channels by their first three,
// and one or two channels as gray by the first. Their pixels are shared with im where it has three channels.
func (im Images) RGB() Images {
	channels := im.Depth()
	if channels == rgb {
		return im
	}

	shown := Images{Pixels: make([]byte, 0, im.N*im.Height*im.Width*rgb), N: im.N, Height: im.Height, Width: im.Width}
	for at := 0; at < len(im.Pixels); at += channels {
		p := im.Pixels[at : at+channels]
		if channels < rgb {
			p = []byte{p[0], p[0], p[0]}
		}
		shown.Pixels = append(shown.Pixels, p[:rgb]...)
	}
	return shown
}

// Len returns N.
func (im Images) Len() int { return im.N }

// Shape returns Height, Width and the number of channels.
func (im Images) Shape() (height, width, channels int) { return im.Height, im.Width, im.Depth() }

// Read copies image i, 0 to N-1, to dst, [Height, Width, channels]. It does not fail.
func (im Images) Read(dst []byte, i int) error {
	copy(dst, im.At(i))
	return nil
}
