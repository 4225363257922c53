// Package buffer lends memory for files and pixels that are needed for a moment, so that an import of large images does
// not clear and collect it for each of them.
package buffer

import (
	"image"
	"sync"
)

// largest is the number of bytes above which memory is not kept.
const largest = 16 << 20

var pool sync.Pool // of *[]byte

// Bytes returns n bytes with any values.
func Bytes(n int) []byte {
	if kept, ok := pool.Get().(*[]byte); ok && cap(*kept) >= n {
		return (*kept)[:n]
	}
	return make([]byte, n)
}

// Keep takes memory back that nothing uses anymore.
func Keep(b []byte) {
	if cap(b) > 0 && cap(b) <= largest {
		pool.Put(&b)
	}
}

// RGBA returns an image whose pixels have any values: all of them must be set.
func RGBA(r image.Rectangle) *image.RGBA {
	return &image.RGBA{Pix: Bytes(4 * r.Dx() * r.Dy()), Stride: 4 * r.Dx(), Rect: r}
}
