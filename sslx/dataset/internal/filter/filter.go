// Package filter has the parts of linear filters on lines of pixels: weights, and what stands beyond the border.
package filter

import "math"

// Gaussian returns the weights of a Gaussian at -radius..radius whole pixels; their sum is 1. deviation is in pixels.
func Gaussian(deviation float64, radius int) []float64 {
	weights, total := make([]float64, 2*radius+1), 0.0
	for i := range weights {
		weights[i] = math.Exp(-float64((i-radius)*(i-radius)) / (2 * deviation * deviation))
		total += weights[i]
	}

	for i := range weights {
		weights[i] /= total
	}
	return weights
}

// Mirrored brings an index into 0..n-1, as if the line were mirrored at the centers of its first and last pixel.
func Mirrored(i, n int) int {
	for n > 1 && (i < 0 || i >= n) {
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	return min(max(i, 0), n-1)
}
