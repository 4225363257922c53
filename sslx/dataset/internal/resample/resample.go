// Package resample brings images to another size by antialiased bilinear interpolation, with the pixels of Pillow bit
// for bit. On amd64 processors with AVX2 it uses vector instructions.
package resample

import (
	"encoding/binary"
	"image"
	"math"
	"sync"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// Line says of which pixels of a row (or column) each pixel of a shorter or longer one is the weighted mean. It may be
// used by several goroutines.
type Line struct {
	taps    int      // pixels that count for each new one; some with weight 0
	first   []int32  // the first of these, for each new pixel
	weights []uint32 // [new pixels, taps], in fractions of 1<<weightBits
}

// weightBits is how exact weights are. The sum of 255 times all of them fits into 32 bits.
const weightBits = 22

// half rounds sums of weighted bytes.
const half = 1 << (weightBits - 1)

// newLine makes the weights of a part of a line that is brought from one length to another, as Pillow rounds them
// (libImaging/Resample.c): a triangle around each new pixel that reaches as far as the next ones.
func newLine(to, from, start, n int) *Line {
	scale := float64(from) / float64(to)
	reach := max(scale, 1)

	// Two taps more than twice the reach are always enough, and go two at a time.
	taps := min(2*int(math.Ceil(reach))+2, from)
	l := &Line{taps, make([]int32, n), make([]uint32, n*taps)}
	shares := make([]float64, taps)
	for i := range n {
		center := (float64(start+i) + 0.5) * scale
		first := max(int(center-reach+0.5), 0)
		end := min(int(center+reach+0.5), from)

		sum := 0.0
		for k := range end - first {
			away := math.Abs((float64(k+first) - center + 0.5) * (1 / reach))
			shares[k] = max(1-away, 0)
			sum += shares[k]
		}

		// All taps lie inside of the line.
		from := min(first, from-taps)
		l.first[i] = int32(from)
		for k := range end - first {
			l.weights[i*taps+first-from+k] = uint32(0.5 + shares[k]/sum*(1<<weightBits))
		}
	}
	return l
}

// lines keeps the weights of the lengths met last.
var lines = struct {
	mu   sync.Mutex
	kept map[[4]int]*Line
}{kept: map[[4]int]*Line{}}

const mostLines = 128

// LineOf returns the line of n new pixels, from start on, of a line that is brought from one length to another.
func LineOf(to, from, start, n int) *Line {
	lines.mu.Lock()
	defer lines.mu.Unlock()

	key := [4]int{to, from, start, n}
	l, ok := lines.kept[key]
	if !ok {
		if len(lines.kept) == mostLines {
			// All at once: sets of so many sizes are rare, and weights are quickly made.
			clear(lines.kept)
		}
		l = newLine(to, from, start, n)
		lines.kept[key] = l
	}
	return l
}

// Image brings the columns of an opaque image to those of a line, and then its rows.
func Image(img *image.RGBA, columns, rows *Line) *image.RGBA {
	b, width, height := img.Bounds(), len(columns.first), len(rows.first)
	top, end := int(rows.first[0]), int(rows.first[height-1])+rows.taps

	// Rows first become as short as they will be, rounded to bytes: [end-top, width, 4].
	short := buffer.Bytes((end - top) * width * 4)
	defer buffer.Keep(short)
	for y := top; y < end; y++ {
		line := img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y):][:4*b.Dx()]
		columns.across(short[(y-top)*width*4:][:width*4], line)
	}

	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	for y, first := range rows.first {
		rows.down(dst.Pix[y*dst.Stride:][:4*width], short[(int(first)-top)*width*4:],
			rows.weights[y*rows.taps:][:rows.taps])
	}
	return dst
}

// across makes a row of the pixels of another.
func (l *Line) across(dst, src []byte) {
	if vectors && l.taps%2 == 0 {
		columnVectors(dst, src, l)
		return
	}
	for x, first := range l.first {
		mean(dst[4*x:], src[4*first:], 4, l.weights[x*l.taps:][:l.taps])
	}
}

// down makes a row of the rows that follow each other in src.
func (l *Line) down(dst, src []byte, weights []uint32) {
	if vectors && len(dst) >= vectorBytes {
		rowVectors(dst, src, weights)
		return
	}
	for x := 0; x < len(dst); x += 4 {
		mean(dst[x:], src[x:], len(dst), weights)
	}
}

// vectorBytes are the bytes of a row that vector instructions take at once.
const vectorBytes = 32

// mean writes the weighted mean of opaque pixels, a number of bytes apart. Red and blue are summed in one number, with
// 32 bits each.
func mean(dst, src []byte, stride int, weights []uint32) {
	const lanes = 0x000000ff_000000ff
	redBlue, green := uint64(half|half<<32), uint64(half)
	for k, w := range weights {
		p, w := uint64(binary.LittleEndian.Uint32(src[k*stride:])), uint64(w)
		redBlue += (p&0xff | p&0xff0000<<16) * w
		green += (p >> 8 & 0xff) * w
	}
	v := redBlue >> weightBits & lanes
	p := (*[4]byte)(dst)
	p[0], p[1], p[2], p[3] = byte(v), byte(green>>weightBits), byte(v>>32), 255
}
