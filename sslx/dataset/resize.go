package dataset

import (
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"
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
	columns := resamplerOf(width, b.Dx()).part(left, size)
	rows := resamplerOf(height, b.Dy()).part(top, size)
	return resize(img, columns, rows), nil
}

// resampler says of which pixels of a row (or column) each pixel of a shorter or longer one is the weighted mean.
type resampler struct {
	first   []int32    // of the pixels that count, for each of the new pixels
	weights [][]uint64 // of these and those after it; in fractions of 1<<weightBits
}

// weightBits is how exact weights are. The sum of 255 times all of them fits into 32 bits.
const weightBits = 22

// newResampler makes the weights of antialiased bilinear interpolation from one length to another, as Pillow rounds
// them (libImaging/Resample.c): a triangle around each new pixel that reaches as far as the next ones.
func newResampler(to, from int) resampler {
	r := resampler{make([]int32, to), make([][]uint64, to)}
	scale := float64(from) / float64(to)
	reach := max(scale, 1)
	for i := range to {
		center := (float64(i) + 0.5) * scale
		first := max(int(center-reach+0.5), 0)
		end := min(int(center+reach+0.5), from)

		shares, sum := make([]float64, end-first), 0.0
		for k := range shares {
			away := math.Abs((float64(k+first) - center + 0.5) * (1 / reach))
			shares[k] = max(1-away, 0)
			sum += shares[k]
		}
		weights := make([]uint64, end-first)
		for k, share := range shares {
			weights[k] = uint64(0.5 + share/sum*(1<<weightBits))
		}
		r.first[i], r.weights[i] = int32(first), weights
	}
	return r
}

// part returns the resampler of n of the new pixels, from the given one on.
func (r resampler) part(from, n int) resampler {
	return resampler{r.first[from : from+n], r.weights[from : from+n]}
}

// resize brings the columns of an opaque image and then its rows to new ones. Red and blue are summed in one number,
// with 32 bits each.
func resize(img *image.RGBA, columns, rows resampler) *image.RGBA {
	b, width, height := img.Bounds(), len(columns.first), len(rows.first)
	top := int(rows.first[0])
	end := int(rows.first[height-1]) + len(rows.weights[height-1])
	const half, lanes = 1 << (weightBits - 1), 0x000000ff_000000ff

	// Rows first become as short as they will be, rounded to bytes. [end-top, width]
	redBlue, green := make([]uint64, (end-top)*width), make([]uint64, (end-top)*width)
	for y := top; y < end; y++ {
		line := img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):][:4*b.Dx()]
		at := (y - top) * width
		for x, first := range columns.first {
			rb, g := uint64(half|half<<32), uint64(half)
			pixels := line[4*first:]
			for k, w := range columns.weights[x] {
				p := uint64(binary.LittleEndian.Uint32(pixels[4*k:]))
				rb += (p&0xff | p&0xff0000<<16) * w
				g += (p >> 8 & 0xff) * w
			}
			redBlue[at+x], green[at+x] = rb>>weightBits&lanes, g>>weightBits
		}
	}

	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	rb, g := make([]uint64, width), make([]uint64, width)
	for y, first := range rows.first {
		for x := range width {
			rb[x], g[x] = half|half<<32, half
		}
		for k, w := range rows.weights[y] {
			at := (int(first) - top + k) * width
			for x, v := range redBlue[at : at+width] {
				rb[x] += v * w
			}
			for x, v := range green[at : at+width] {
				g[x] += v * w
			}
		}
		line := dst.Pix[y*dst.Stride:][:4*width]
		for x := range width {
			v := rb[x] >> weightBits & lanes
			line[4*x], line[4*x+1], line[4*x+2], line[4*x+3] = byte(v), byte(g[x]>>weightBits), byte(v>>32), 255
		}
	}
	return dst
}

// resamplers keeps the weights of the lengths met last.
var resamplers = struct {
	mu       sync.Mutex
	byLength map[[2]int]resampler
}{byLength: map[[2]int]resampler{}}

const maxResamplers = 128

// resamplerOf returns the resampler between two lengths, which may be used by several goroutines.
func resamplerOf(to, from int) resampler {
	resamplers.mu.Lock()
	defer resamplers.mu.Unlock()

	key := [2]int{to, from}
	r, ok := resamplers.byLength[key]
	if !ok {
		if len(resamplers.byLength) == maxResamplers {
			// All at once: sets of so many sizes are rare, and weights are quickly made.
			clear(resamplers.byLength)
		}
		r = newResampler(to, from)
		resamplers.byLength[key] = r
	}
	return r
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
