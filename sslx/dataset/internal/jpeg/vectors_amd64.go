package jpeg

import "golang.org/x/sys/cpu"

// vectors is true where the functions of vectors_amd64.s run.
var vectors = cpu.X86.HasAVX2

// lanes repeats a number for each lane of a vector.
func lanes(v int32) (l [8]int32) {
	for i := range l {
		l[i] = v
	}
	return l
}

// transformFactors are what inverse8AVX2 multiplies by, in the order of their use; then what rounds columns and rows,
// and the order of quarters of rows after packing.
var transformFactors = [15][8]int32{
	lanes(fix0_541), lanes(-fix1_847), lanes(fix0_765),
	lanes(fix1_175), lanes(-fix0_899), lanes(-fix2_562), lanes(-fix1_961), lanes(-fix0_390),
	lanes(fix0_298), lanes(fix2_053), lanes(fix3_072), lanes(fix1_501),
	lanes(columnHalf), lanes(rowHalf), {0, 4, 1, 5, 2, 6, 3, 7},
}

// colorFactors are what paintAVX2 computes with.
var colorFactors = [8][8]int32{
	lanes(128), lanes(colorHalf), lanes(redOfCr), lanes(greenOfCb), lanes(greenOfCr), lanes(blueOfCb), lanes(255),
	lanes(-1 << 24),
}

// inverse8Vectors is inverse8.
func inverse8Vectors(b *[64]int32, dst []byte, stride int) {
	_ = dst[7*stride+7]
	inverse8AVX2(b, &dst[0], stride, &transformFactors)
}

// paintVectors is paintYCbCr for 8 pixels and more.
func paintVectors(dst, y, cb, cr []byte) {
	n := len(y)
	paintAVX2(&dst[0], &y[0], &cb[0], &cr[0], n/8, &colorFactors)

	// The last block overlaps the one before it.
	if last := n - 8; n%8 > 0 {
		paintAVX2(&dst[4*last], &y[last], &cb[last], &cr[last], 1, &colorFactors)
	}
}

// sumVectors is addRows for 16 columns and more.
func sumVectors(sums []int16, near, far []byte) {
	n := len(near)
	sumsAVX2(&sums[0], &near[0], &far[0], n/16)
	if last := n - 16; n%16 > 0 {
		sumsAVX2(&sums[last], &near[last], &far[last], 1)
	}
}

// widenVectors makes the pixels of all columns but the outermost, of which there are 16 or more.
func widenVectors(out []byte, sums []int16) {
	n := len(sums) - 2
	widenAVX2(&out[2], &sums[1], n/16)
	if last := n - 16; n%16 > 0 {
		widenAVX2(&out[2+2*last], &sums[1+last], 1)
	}
}

// inverse8AVX2 transforms a block to 8 rows of 8 bytes at dst.
//
//go:noescape
func inverse8AVX2(b *[64]int32, dst *byte, stride int, factors *[15][8]int32)

// paintAVX2 converts blocks of 8 pixels to RGBA.
//
//go:noescape
func paintAVX2(dst, y, cb, cr *byte, blocks int, factors *[8][8]int32)

// sumsAVX2 adds three times the nearer row and the farther one, in blocks of 16 columns.
//
//go:noescape
func sumsAVX2(sums *int16, near, far *byte, blocks int)

// widenAVX2 makes two pixels of each column, in blocks of 16; it reads one column to either side.
//
//go:noescape
func widenAVX2(out *byte, sums *int16, blocks int)
