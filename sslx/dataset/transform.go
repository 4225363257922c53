package dataset

import (
	"math"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset/internal/filter"
)

// Transform changes an image on the host: it writes what becomes of src to dst. Both are uint8 [height, width,
// channels], of any number of channels unless it says otherwise, and do not overlap.
type Transform func(dst, src []byte, height, width int)

// Identity returns the transform that leaves an image as it is.
func Identity() Transform { return func(dst, src []byte, _, _ int) { copy(dst, src) } }

// Rotate returns a rotation of square images to the left, by a number of quarter turns.
func Rotate(quarters int) Transform {
	return func(dst, src []byte, height, width int) {
		channels := len(src) / (height * width)
		for y := range height {
			for x := range width {
				fromY, fromX := y, x
				for range quarters {
					fromY, fromX = fromX, width-1-fromY
				}
				copy(dst[(y*width+x)*channels:][:channels], src[(fromY*width+fromX)*channels:][:channels])
			}
		}
	}
}

// Grayscale returns the transform that gives each channel the luma of ITU-R 601, as the grayscale of views does.
func Grayscale() Transform {
	return func(dst, src []byte, _, _ int) {
		for i := 0; i < len(src); i += 3 {
			luma := 0.299*float64(src[i]) + 0.587*float64(src[i+1]) + 0.114*float64(src[i+2])
			dst[i] = byte(math.Round(luma))
			dst[i+1], dst[i+2] = dst[i], dst[i]
		}
	}
}

// GaussianBlur returns a Gaussian blur with a standard deviation in pixels. The kernel ends at three standard
// deviations, and the image is mirrored at its borders.
func GaussianBlur(sigma float64) Transform {
	kernel := filter.Gaussian(sigma, int(math.Ceil(3*sigma)))
	return func(dst, src []byte, height, width int) {
		x := make([]float64, len(src))
		for i, v := range src {
			x[i] = float64(v)
		}

		// The kernel is separable: columns first, then rows.
		channels := len(src) / (height * width)
		x = convolveLines(x, kernel, channels, height, width, width*channels, channels)
		x = convolveLines(x, kernel, channels, width, height, channels, width*channels)

		for i, v := range x {
			dst[i] = byte(math.Round(v))
		}
	}
}

// convolveLines convolves count lines of n pixels each. The pixels of a line are step values apart, and the lines
// stride values.
func convolveLines(x, kernel []float64, channels, n, count, step, stride int) []float64 {
	out, radius := slices.Clone(x), len(kernel)/2
	for line := range count {
		for channel := range channels {
			first := line*stride + channel
			for i := range n {
				sum := 0.0
				for k, weight := range kernel {
					sum += weight * x[first+filter.Mirrored(i+k-radius, n)*step]
				}
				out[first+i*step] = sum
			}
		}
	}
	return out
}
