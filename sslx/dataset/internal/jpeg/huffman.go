package jpeg

import (
	"encoding/binary"
	"errors"
)

var (
	errDamagedCodes = errors.New("it has a damaged Huffman table")
	errDamaged      = errors.New("its compressed data are damaged")
)

// lookBits is the number of bits that one look into a table decodes at most.
const lookBits = 10

// huffman is a table of codes.
type huffman struct {
	// look has, for the next bits, a symbol (upper byte) and the length of its code; 0 for longer codes.
	look [1 << lookBits]uint16
	// whole has, for the next bits, a coefficient (upper 16 bits), the zeros before it (8 bits) and the length of code
	// and coefficient together (8 bits); 0 where these do not fit into the bits looked at.
	whole [1 << lookBits]int32
	// limit is the first code, aligned to 16 bits, that is longer than the index; offset leads from a code to its
	// value.
	limit  [17]int32
	offset [17]int32
	values [256]byte
}

// build makes the table from the number of codes of each length and the symbols in the order of their codes.
func (t *huffman) build(counts, symbols []byte, ac bool) error {
	*t = huffman{}
	copy(t.values[:], symbols)
	code, at := int32(0), int32(0)

	// Codes of one length follow each other; the next length begins at twice the next code (ITU T.81, annex C).
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		if code+n > 1<<length {
			return errDamagedCodes
		}
		t.offset[length] = at - code

		// A short code is found by the bits that follow, whatever comes after it.
		for range n {
			if length <= lookBits {
				first := code << (lookBits - length)
				for i := range int32(1) << (lookBits - length) {
					t.look[first+i] = uint16(t.values[at])<<8 | uint16(length)
				}
			}
			code++
			at++
		}
		t.limit[length] = code << (16 - length)
		code <<= 1
	}

	if ac {
		t.join()
	}
	return nil
}

// join finds the looks that hold a code and its coefficient.
func (t *huffman) join() {
	for bits := range t.look {
		length, symbol := int(t.look[bits]&255), int(t.look[bits]>>8)
		size := symbol & 15
		if length == 0 || size == 0 || length+size > lookBits {
			continue
		}
		value := bits >> (lookBits - length - size) & (1<<size - 1)
		t.whole[bits] = extend(int32(value), size)<<16 | int32(symbol>>4)<<8 | int32(length+size)
	}
}

// extend makes a signed number of the bits of a coefficient (T.81, figure F.12).
func extend(value int32, size int) int32 {
	if value < 1<<(size-1) {
		value += -1<<size + 1
	}
	return value
}

// bitReader reads the data of a scan. Behind the data it gives zeros, which it counts.
type bitReader struct {
	data []byte
	pos  int
	acc  uint64 // the next bits, from the highest on
	n    int    // the bits of acc that are counted
	fake int    // how many of the bits given since the last reset are no data
}

// fill brings at least 56 bits into acc.
func (b *bitReader) fill() {
	// Mostly none of the next eight bytes is 0xff, which must be looked at.
	if b.pos+8 <= len(b.data) {
		w := binary.BigEndian.Uint64(b.data[b.pos:])
		if inverse := ^w; (inverse-0x0101010101010101)&w&0x8080808080808080 == 0 {
			b.acc |= w >> b.n
			took := (64 - b.n) >> 3
			b.pos += took
			b.n += took << 3
			return
		}
	}
	b.acc &= ^uint64(0) << (64 - b.n) // bits that were put in and not counted
	for b.n <= 56 {
		v := byte(0)
		switch {
		case b.pos >= len(b.data):
			b.fake += 8
		case b.data[b.pos] != 0xff:
			v = b.data[b.pos]
			b.pos++
		case b.pos+1 < len(b.data) && b.data[b.pos+1] == 0:
			v = 0xff
			b.pos += 2
		default: // a marker ends the data
			b.fake += 8
		}
		b.acc |= uint64(v) << (56 - b.n)
		b.n += 8
	}
}

// overrun reports whether bits were used that are no data.
func (b *bitReader) overrun() bool { return b.fake > b.n }

func (b *bitReader) reset() { b.acc, b.n, b.fake = 0, 0, 0 }

// bits returns the next bits, 16 at most.
func (b *bitReader) bits(n int) int32 {
	if b.n < n {
		b.fill()
	}
	v := int32(b.acc >> (64 - n))
	b.acc <<= n
	b.n -= n
	return v
}

// symbol decodes a symbol.
func (b *bitReader) symbol(t *huffman) (int, error) {
	if b.n < 32 {
		b.fill()
	}
	if e := t.look[b.acc>>(64-lookBits)]; e != 0 {
		length := int(e & 255)
		b.acc <<= length
		b.n -= length
		return int(e >> 8), nil
	}
	code := int32(b.acc >> 48)
	for length := lookBits + 1; length <= 16; length++ {
		if code < t.limit[length] {
			b.acc <<= length
			b.n -= length
			return int(t.values[(code>>(16-length)+t.offset[length])&255]), nil
		}
	}
	return 0, errDamaged
}

// dcDifference decodes the difference of a DC coefficient to the one before it.
func (b *bitReader) dcDifference(t *huffman) (int32, error) {
	size, err := b.symbol(t)
	if err != nil || size == 0 {
		return 0, err
	}
	if size > 15 {
		return 0, errDamaged
	}
	return extend(b.bits(size), size), nil
}
