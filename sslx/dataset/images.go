package dataset

import "github.com/sslx-go/lab/internal/usage"

// Images are RGB images of one size in one slice. It is how images are passed between the packages of this module. It
// is a [Source] for a [Loader].
type Images struct {
	// Pixels holds the images, uint8 [N, Height, Width, 3], row-major: N*Height*Width*3 bytes.
	Pixels []byte
	// N is the number of images.
	N int
	// Height and Width are the rows and columns of every image.
	Height, Width int
}

// Check returns a usage error when the number of bytes does not fit the number of images and their size.
func (im Images) Check() error {
	if im.N < 0 || im.Height < 1 || im.Width < 1 {
		return usage.Errorf("%d images of %dx%d pixels: give 0 or more images of one pixel or more", im.N, im.Height,
			im.Width)
	}
	if len(im.Pixels) != im.N*im.Stride() {
		return usage.Errorf("%d RGB images of %dx%d take %d bytes, got %d", im.N, im.Height, im.Width,
			im.N*im.Stride(), len(im.Pixels))
	}
	return nil
}

// Stride returns the number of bytes of one image, Height*Width*3.
func (im Images) Stride() int { return im.Height * im.Width * 3 }

// At returns the bytes of image i, 0 to N-1, [Height, Width, 3]. They are shared with im.
func (im Images) At(i int) []byte {
	stride := im.Stride()
	return im.Pixels[i*stride : (i+1)*stride : (i+1)*stride]
}

// Slice returns images from to to-1. Their pixels are shared with im.
func (im Images) Slice(from, to int) Images {
	stride := im.Stride()
	return Images{im.Pixels[from*stride : to*stride : to*stride], to - from, im.Height, im.Width}
}

// Pick returns a copy of the images with the given indices, in the order of the indices.
func (im Images) Pick(indices []int) Images {
	pixels := make([]byte, 0, len(indices)*im.Stride())
	for _, i := range indices {
		pixels = append(pixels, im.At(i)...)
	}
	return Images{pixels, len(indices), im.Height, im.Width}
}

// Len returns N.
func (im Images) Len() int { return im.N }

// Size returns Height and Width.
func (im Images) Size() (height, width int) { return im.Height, im.Width }

// Read copies image i, 0 to N-1, to dst, [Height, Width, 3]. It does not fail.
func (im Images) Read(dst []byte, i int) error {
	copy(dst, im.At(i))
	return nil
}
