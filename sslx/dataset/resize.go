package dataset

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
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
	return howCrop, fmt.Sprintf("short side to %d by antialiased bilinear interpolation, then the centre %dx%d", size,
		size, size)
}

// shortCrop brings the short side to size and cuts out the centre square, with the rounding of torchvision's Resize
// and CenterCrop. An image whose scaled form would have more than maxPixels pixels is refused.
func shortCrop(img *image.RGBA, size, maxPixels int) (*image.RGBA, error) {
	b := img.Bounds()
	width, height := size, size
	if b.Dx() > b.Dy() {
		width = size * b.Dx() / b.Dy()
	} else {
		height = size * b.Dy() / b.Dx()
	}
	if width*height > maxPixels {
		return nil, fmt.Errorf("it is %dx%d, too long a strip to resize", b.Dx(), b.Dy())
	}
	if width != b.Dx() || height != b.Dy() {
		scaled := image.NewRGBA(image.Rect(0, 0, width, height))
		draw.BiLinear.Scale(scaled, scaled.Rect, img, b, draw.Src, nil)
		img = scaled
	}
	left := int(math.RoundToEven(float64(width-size) / 2))
	top := int(math.RoundToEven(float64(height-size) / 2))
	corner := img.Bounds().Min.Add(image.Pt(left, top))
	return img.SubImage(image.Rectangle{corner, corner.Add(image.Pt(size, size))}).(*image.RGBA), nil
}

// packRGB returns the pixels of an opaque image, [height, width, 3].
func packRGB(img *image.RGBA) []byte {
	b := img.Bounds()
	rgb := make([]byte, 0, b.Dx()*b.Dy()*3)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := img.Pix[img.PixOffset(b.Min.X, y):][:4*b.Dx()]
		for x := 0; x < len(row); x += 4 {
			rgb = append(rgb, row[x], row[x+1], row[x+2])
		}
	}
	return rgb
}
