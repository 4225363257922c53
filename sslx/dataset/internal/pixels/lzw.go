package pixels

import (
	"encoding/binary"
	"errors"
)

// Codes of LZW in TIFF (TIFF 6.0, section 13). Those below lzwClear are bytes; new ones begin with lzwFirst.
const (
	lzwClear     = 256
	lzwEnd       = 257
	lzwFirst     = 258
	lzwLeastBits = 9
	lzwMostBits  = 12
)

// lzwCode is what a code stands for: bytes that were unpacked before.
type lzwCode struct {
	head          uint64 // the first eight of them, from the lowest byte, and zeros
	start, length int    // where they are among those unpacked
}

// unpackLZW returns the first most bytes of what is packed, or all of it. It takes less than half of the time of
// x/image/tiff/lzw: nearly all codes stand for few bytes, which are written as eight, without a loop.
func unpackLZW(packed []byte, most int) ([]byte, error) {
	var codes [1 << lzwMostBits]lzwCode
	for i := range lzwClear {
		codes[i] = lzwCode{head: uint64(i), length: 1}
	}
	width, next := lzwLeastBits, lzwFirst
	var before lzwCode // the one before, at its place in out; nothing after a clear

	// No code, of nine bits at least, stands for more bytes than there are codes.
	most = min(most, len(packed)<<lzwMostBits)
	out := make([]byte, most+1<<lzwMostBits+8)
	at := 0
	var bits uint64
	have := 0
	for at < most {
		if have < width {
			if len(packed) >= 4 {
				bits, packed = bits<<32|uint64(binary.BigEndian.Uint32(packed)), packed[4:]
				have += 32
			} else {
				for ; have < width && len(packed) > 0; have += 8 {
					bits, packed = bits<<8|uint64(packed[0]), packed[1:]
				}
				if have < width {
					return nil, errors.New("its LZW data end early")
				}
			}
		}
		have -= width
		code := int(bits>>have) & (1<<width - 1)
		if code == lzwEnd {
			break
		}
		if code == lzwClear {
			width, next, before = lzwLeastBits, lzwFirst, lzwCode{}
			continue
		}

		// A new code stands for the bytes of the code before and the first of this one, which follows them. This one
		// may be the new one.
		first := before.head & 0xff
		if code < next {
			first = codes[code].head & 0xff
		}
		if before.length > 0 && next < 1<<lzwMostBits-1 {
			codes[next] = lzwCode{before.head | first<<(8*before.length), before.start, before.length + 1}
			next++
		}
		if code >= next {
			return nil, errors.New("its LZW data are damaged")
		}

		known := codes[code]
		binary.LittleEndian.PutUint64(out[at:], known.head)
		if known.length > 8 {
			copy(out[at+8:at+known.length], out[known.start+8:])
		}
		before = lzwCode{known.head, at, known.length}
		at += known.length

		// Codes grow by a bit one code early.
		if next+1 >= 1<<width && width < lzwMostBits {
			width++
		}
	}
	return out[:min(most, at)], nil
}

// withoutLZW returns a TIFF with the pixels of the first page of another one, not packed. ok is false where that is not
// packed by LZW in strips of bytes: the library's decoder reads such a file, or says what is wrong with it.
func withoutLZW(data []byte) (stored []byte, ok bool) {
	tags, order, err := tiffTags(data)
	if err != nil || tags[tagTileWidth] != nil {
		return nil, false
	}
	one := func(tag, otherwise int) int {
		if len(tags[tag]) == 0 {
			return otherwise
		}
		return int(tags[tag][0])
	}
	height, width, channels := one(tagHeight, 0), one(tagWidth, 0), len(tags[tagBits])
	rows := max(1, min(one(tagRowsPerStrip, height), height))
	offsets, counts := tags[tagStripOffsets], tags[tagStripCounts]
	if one(tagCompression, compressionNone) != compressionLZW || one(tagBits, 1) != 8 || channels > 4 ||
		len(offsets) != (height+rows-1)/rows || len(counts) != len(offsets) {
		return nil, false
	}

	// The strips follow all that is in the file.
	stored = append(make([]byte, 0, len(data)+height*width*channels+8*len(offsets)), data...)
	var places, lengths []uint32
	for i, offset := range offsets {
		if offset > int64(len(data)) || counts[i] > int64(len(data))-offset {
			return nil, false
		}
		strip, err := unpackLZW(data[offset:offset+counts[i]], min(rows, height-i*rows)*width*channels)
		if err != nil {
			return nil, false
		}
		places, lengths = append(places, uint32(len(stored))), append(lengths, uint32(len(strip)))
		stored = append(stored, strip...)
	}

	// Their places and lengths follow, and the directory points there. A single number stands in the directory.
	put := func(entry []byte, numbers []uint32) {
		const long = 4
		order.PutUint16(entry[2:], long)
		order.PutUint32(entry[4:], uint32(len(numbers)))
		if len(numbers) == 1 {
			order.PutUint32(entry[8:], numbers[0])
			return
		}
		order.PutUint32(entry[8:], uint32(len(stored)))
		for _, n := range numbers {
			stored = binary.BigEndian.AppendUint32(stored, n)
			order.PutUint32(stored[len(stored)-4:], n)
		}
	}
	directory := int(order.Uint32(data[4:]))
	for i := range int(order.Uint16(data[directory:])) {
		entry := stored[directory+2+12*i:][:12]
		switch order.Uint16(entry) {
		case tagCompression:
			put(entry, []uint32{compressionNone})
		case tagStripOffsets:
			put(entry, places)
		case tagStripCounts:
			put(entry, lengths)
		}
	}
	return stored, true
}
