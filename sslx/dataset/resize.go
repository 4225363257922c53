package dataset

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset/internal/resample"
)

const (
	howNative = "native"
	howCrop   = "short-crop"
)

// resizeRule says in words what is done for a size; 0 is the images' own.
func resizeRule(size int) (how, rule string) {
	if size == 0 {
		return howNative, "own size"
	}
	return howCrop, fmt.Sprintf("short side to %d by antialiased bilinear interpolation, then the center %dx%d", size,
		size, size)
}

// shortCrop brings the short side to size and cuts out the center square, with the rounding of torchvision's Resize
// and CenterCrop. An image whose scaled form would have more than maxPixels pixels is refused.
func shortCrop(img *image.RGBA, size, maxPixels int) (*image.RGBA, error) {
	return shortCropOf(img, img.Bounds().Size(), size, maxPixels)
}

// shortCropOf is shortCrop for an image that may have been decoded at a reduced size; own is its size without that.
func shortCropOf(img *image.RGBA, own image.Point, size, maxPixels int) (*image.RGBA, error) {
	b := img.Bounds()
	width, height := size, size
	if own.X > own.Y {
		width = size * own.X / own.Y
	} else {
		height = size * own.Y / own.X
	}

	// A strip of one pixel would become as long as its sides differ.
	if width*height > maxPixels {
		return nil, fmt.Errorf("it is %dx%d, too long a strip to resize", own.X, own.Y)
	}

	left := int(math.RoundToEven(float64(width-size) / 2))
	top := int(math.RoundToEven(float64(height-size) / 2))
	square := image.Rect(0, 0, size, size)
	if width == b.Dx() && height == b.Dy() {
		return img.SubImage(square.Add(b.Min).Add(image.Pt(left, top))).(*image.RGBA), nil
	}

	// Only the square is drawn: the scaled image lies around it.
	columns, rows := resample.LineOf(width, b.Dx(), left, size), resample.LineOf(height, b.Dy(), top, size)
	return resample.Image(img, columns, rows), nil
}

// appendRGB appends the pixels of an opaque image, [height, width, 3].
func appendRGB(rgb []byte, img *image.RGBA) []byte {
	b := img.Bounds()
	rgb = slices.Grow(rgb, b.Dx()*b.Dy()*3)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := img.Pix[img.PixOffset(b.Min.X, y):][:4*b.Dx()]
		for x := 0; x < len(row); x += 4 {
			rgb = append(rgb, row[x], row[x+1], row[x+2])
		}
	}
	return rgb
}
