package resample

import "golang.org/x/sys/cpu"

// vectors is true where the functions of resample_amd64.s run.
var vectors = cpu.X86.HasAVX2

// columnVectors is across of an even number of taps.
func columnVectors(dst, src []byte, l *Line) {
	columnsAVX2(&dst[0], &src[0], &l.first[0], &l.weights[0], len(l.first), l.taps)
}

// rowVectors is down of a row that is long enough for one block.
func rowVectors(dst, src []byte, weights []uint32) {
	stride := len(dst)
	rowsAVX2(&dst[0], &src[0], stride, &weights[0], stride/vectorBytes, len(weights))

	// The last block overlaps the one before it.
	if last := stride - vectorBytes; stride%vectorBytes > 0 {
		rowsAVX2(&dst[last], &src[last], stride, &weights[0], 1, len(weights))
	}
}

// columnsAVX2 writes n pixels, each the mean of an even number of pixels of src that begin at its own first one.
//
//go:noescape
func columnsAVX2(dst, src *byte, first *int32, weights *uint32, n, taps int)

// rowsAVX2 writes blocks of 8 pixels, each the mean of those below each other in src, whose rows have stride bytes.
//
//go:noescape
func rowsAVX2(dst, src *byte, stride int, weights *uint32, blocks, taps int)
