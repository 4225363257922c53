package jpeg

// Constants of the transforms, times 2^13.
const (
	fix0_211 = 1730
	fix0_298 = 2446
	fix0_390 = 3196
	fix0_509 = 4176
	fix0_541 = 4433
	fix0_601 = 4926
	fix0_720 = 5906
	fix0_765 = 6270
	fix0_850 = 6967
	fix0_899 = 7373
	fix1_061 = 8697
	fix1_175 = 9633
	fix1_272 = 10426
	fix1_451 = 11893
	fix1_501 = 12299
	fix1_847 = 15137
	fix1_961 = 16069
	fix2_053 = 16819
	fix2_172 = 17799
	fix2_562 = 20995
	fix3_072 = 25172
	fix3_624 = 29692

	constBits = 13
	passBits  = 2 // more bits of the values between the two passes

	// The transform at full size shifts by these; the halves round, the second with the 128 by which samples are stored
	// lower.
	columnShift = constBits - passBits
	columnHalf  = 1 << (columnShift - 1)
	rowShift    = constBits + passBits + 3
	rowHalf     = 1<<(rowShift-1) + 128<<rowShift
)

// clamp brings a sample into 0..255.
func clamp(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}

// descale divides by 2^n and rounds.
func descale(v int32, n uint) int32 { return (v + 1<<(n-1)) >> n }

// inverse transforms a block of dequantized coefficients to size x size samples at dst; last is the place, in the order
// of the file, of the last coefficient that is not zero.
func inverse(b *[64]int32, last int, dst []byte, stride, size int) {
	switch {
	case last == 0 || size == 1:
		v := clamp(descale(b[0], 3) + 128)
		for y := range size {
			row := dst[y*stride:][:size]
			for x := range row {
				row[x] = v
			}
		}
	case size == 8 && vectors:
		inverse8Vectors(b, dst, stride)
	case size == 8:
		inverse8(b, dst, stride)
	case size == 4:
		inverse4(b, dst, stride)
	default:
		inverse2(b, dst, stride)
	}
}

// inverse8 is the transform at full size: columns, then rows.
func inverse8(b *[64]int32, dst []byte, stride int) {
	var w [64]int32
	for x := range 8 {
		i0, i1, i2, i3, i4, i5, i6, i7 := b[x], b[8+x], b[16+x], b[24+x], b[32+x], b[40+x], b[48+x], b[56+x]
		// Most columns of a compressed block hold only their mean, and become constant.
		if i1|i2|i3|i4|i5|i6|i7 == 0 {
			v := i0 << passBits
			w[x], w[8+x], w[16+x], w[24+x], w[32+x], w[40+x], w[48+x], w[56+x] = v, v, v, v, v, v, v, v
			continue
		}
		// The even part, then the odd part, with the names of libjpeg's jidctint.c.
		z := (i2 + i6) * fix0_541
		t2, t3 := z-i6*fix1_847, z+i2*fix0_765
		t0, t1 := (i0+i4)<<constBits, (i0-i4)<<constBits
		e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

		z1, z2, z3, z4 := i7+i1, i5+i3, i7+i3, i5+i1
		z5 := (z3 + z4) * fix1_175
		z1, z2, z3, z4 = -z1*fix0_899, -z2*fix2_562, z5-z3*fix1_961, z5-z4*fix0_390
		o0, o1, o2, o3 := i7*fix0_298+z1+z3, i5*fix2_053+z2+z4, i3*fix3_072+z2+z3, i1*fix1_501+z1+z4

		const n = columnShift
		w[x], w[56+x] = descale(e0+o3, n), descale(e0-o3, n)
		w[8+x], w[48+x] = descale(e1+o2, n), descale(e1-o2, n)
		w[16+x], w[40+x] = descale(e2+o1, n), descale(e2-o1, n)
		w[24+x], w[32+x] = descale(e3+o0, n), descale(e3-o0, n)
	}
	for y := range 8 {
		r := (*[8]int32)(w[8*y:])
		z := (r[2] + r[6]) * fix0_541
		t2, t3 := z-r[6]*fix1_847, z+r[2]*fix0_765
		t0, t1 := (r[0]+r[4])<<constBits, (r[0]-r[4])<<constBits
		e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

		z1, z2, z3, z4 := r[7]+r[1], r[5]+r[3], r[7]+r[3], r[5]+r[1]
		z5 := (z3 + z4) * fix1_175
		z1, z2, z3, z4 = -z1*fix0_899, -z2*fix2_562, z5-z3*fix1_961, z5-z4*fix0_390
		o0, o1, o2, o3 := r[7]*fix0_298+z1+z3, r[5]*fix2_053+z2+z4, r[3]*fix3_072+z2+z3, r[1]*fix1_501+z1+z4

		const n, half = rowShift, rowHalf
		p := (*[8]byte)(dst[y*stride:])
		p[0], p[7] = clamp((e0+o3+half)>>n), clamp((e0-o3+half)>>n)
		p[1], p[6] = clamp((e1+o2+half)>>n), clamp((e1-o2+half)>>n)
		p[2], p[5] = clamp((e2+o1+half)>>n), clamp((e2-o1+half)>>n)
		p[3], p[4] = clamp((e3+o0+half)>>n), clamp((e3-o0+half)>>n)
	}
}

// inverse4 gives the means of squares of 2x2 samples: coefficient 4 of a row or column does not matter to them.
func inverse4(b *[64]int32, dst []byte, stride int) {
	var w [32]int32
	for x := range 8 {
		if x == 4 {
			continue
		}
		i0, i1, i2, i3, i5, i6, i7 := b[x], b[8+x], b[16+x], b[24+x], b[40+x], b[48+x], b[56+x]
		if i1|i2|i3|i5|i6|i7 == 0 {
			v := i0 << passBits
			w[x], w[8+x], w[16+x], w[24+x] = v, v, v, v
			continue
		}
		t0, t2 := i0<<(constBits+1), i2*fix1_847-i6*fix0_765
		e0, e2 := t0+t2, t0-t2
		o0 := -i7*fix0_211 + i5*fix1_451 - i3*fix2_172 + i1*fix1_061
		o2 := -i7*fix0_509 - i5*fix0_601 + i3*fix0_899 + i1*fix2_562

		// One bit more: the sums are twice the means.
		const n = constBits - passBits + 1
		w[x], w[24+x] = descale(e0+o2, n), descale(e0-o2, n)
		w[8+x], w[16+x] = descale(e2+o0, n), descale(e2-o0, n)
	}
	for y := range 4 {
		r := (*[8]int32)(w[8*y:])
		t0, t2 := r[0]<<(constBits+1), r[2]*fix1_847-r[6]*fix0_765
		e0, e2 := t0+t2, t0-t2
		o0 := -r[7]*fix0_211 + r[5]*fix1_451 - r[3]*fix2_172 + r[1]*fix1_061
		o2 := -r[7]*fix0_509 - r[5]*fix0_601 + r[3]*fix0_899 + r[1]*fix2_562

		const n = constBits + passBits + 3 + 1
		p := (*[4]byte)(dst[y*stride:])
		p[0], p[3] = clamp(descale(e0+o2, n)+128), clamp(descale(e0-o2, n)+128)
		p[1], p[2] = clamp(descale(e2+o0, n)+128), clamp(descale(e2-o0, n)+128)
	}
}

// inverse2 gives the means of squares of 4x4 samples, for which odd coefficients and the first matter.
func inverse2(b *[64]int32, dst []byte, stride int) {
	var w [16]int32
	for _, x := range [...]int{0, 1, 3, 5, 7} {
		t := b[x] << (constBits + 2)
		o := -b[56+x]*fix0_720 + b[40+x]*fix0_850 - b[24+x]*fix1_272 + b[8+x]*fix3_624
		const n = constBits - passBits + 2
		w[x], w[8+x] = descale(t+o, n), descale(t-o, n)
	}
	for y := range 2 {
		r := (*[8]int32)(w[8*y:])
		t := r[0] << (constBits + 2)
		o := -r[7]*fix0_720 + r[5]*fix0_850 - r[3]*fix1_272 + r[1]*fix3_624
		const n = constBits + passBits + 3 + 2
		p := (*[2]byte)(dst[y*stride:])
		p[0], p[1] = clamp(descale(t+o, n)+128), clamp(descale(t-o, n)+128)
	}
}
