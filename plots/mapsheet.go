package plots

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"

	"golang.org/x/image/draw"

	"github.com/sslx-go/lab/internal/usage"
)

// Placed is an image and its place on a map. Pixels are RGB, [height, width, 3].
type Placed struct {
	Pixels []byte
	X, Y   float64
}

const (
	mapSide   = 48 // the longer side of an image on a map, at most
	mapMargin = 24 // room for a label
)

// MapSheet returns a PNG image of images at their places, in one scale for both directions; x and y label them. An
// image that would cover a part of an earlier one is left out. It returns a usage error if there is no image, if an
// image has another size, or if a place is not finite.
func MapSheet(height, width int, x, y string, images []Placed) ([]byte, error) {
	if len(images) == 0 || height <= 0 || width <= 0 {
		return nil, usage.Errorf("a map of %d images of %dx%d cannot be drawn", len(images), height, width)
	}

	// Places are scaled to the sheet, alike in both directions.
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, one := range images {
		if len(one.Pixels) != height*width*3 {
			return nil, usage.Errorf("image %d of the map has %d bytes, and %dx%d RGB takes %d", i+1, len(one.Pixels),
				height, width, height*width*3)
		}
		for k, v := range [2]float64{one.X, one.Y} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, usage.Errorf("image %d of the map is at %v, %v", i+1, one.X, one.Y)
			}
			low[k], high[k] = min(low[k], v), max(high[k], v)
		}
	}

	// Images keep their shape; on a map none is enlarged.
	shrink := max(1, float64(max(height, width))/mapSide)
	size := image.Pt(int(float64(width)/shrink), int(float64(height)/shrink))

	scale := 0.0 // of images that are all in one place
	if reach := max(high[0]-low[0], high[1]-low[1]); reach > 0 {
		scale = float64(sheetWidth-max(size.X, size.Y)) / reach
	}

	// The map is as wide as a sheet, and as high as its points ask for.
	bounds := image.Pt(sheetWidth, int(math.Round(scale*(high[1]-low[1])))+size.Y+2*mapMargin)
	out := image.NewRGBA(image.Rectangle{Max: bounds})
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)

	var drawn []image.Rectangle
	for _, one := range images {
		// y grows upward on the map and downward in the image.
		at := image.Pt(int(math.Round(scale*(one.X-low[0]))), mapMargin+int(math.Round(scale*(high[1]-one.Y))))
		place := image.Rectangle{Min: at, Max: at.Add(size)}

		// Images that overlap would hide each other: the first one wins.
		if slices.ContainsFunc(drawn, place.Overlaps) {
			continue
		}
		drawn = append(drawn, place)
		draw.ApproxBiLinear.Scale(out, place, rgba(one.Pixels, height, width),
			image.Rect(0, 0, width, height), draw.Src, nil)
	}

	drawTitle(out, x+" →", bounds.X/2, bounds.Y-8, bounds.X)
	drawTitle(out, y+" ↑", bounds.X/2, mapMargin-8, bounds.X)

	var buffer bytes.Buffer
	err := png.Encode(&buffer, out)
	return buffer.Bytes(), err
}

func rgba(pixels []byte, height, width int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		p := pixels[i*3:]
		out.SetRGBA(i%width, i/width, color.RGBA{p[0], p[1], p[2], 0xff})
	}
	return out
}
