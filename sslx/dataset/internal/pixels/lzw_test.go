package pixels

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/image/tiff"
	"golang.org/x/image/tiff/lzw"
)

// packedLZW packs data as TIFF 6.0 describes it in section 13.
func packedLZW(data []byte) []byte {
	var out []byte
	var bits uint64
	have, width, next := 0, lzwLeastBits, lzwFirst
	put := func(code int) {
		bits, have = bits<<width|uint64(code), have+width
		for ; have >= 8; have -= 8 {
			out = append(out, byte(bits>>(have-8)))
		}
	}

	put(lzwClear)
	table, sequence := map[string]int{}, ""
	codeOf := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[s]
	}
	for _, b := range data {
		longer := sequence + string([]byte{b})
		if _, ok := table[longer]; ok || len(longer) == 1 {
			sequence = longer
			continue
		}
		put(codeOf(sequence))
		table[longer] = next
		next++
		sequence = string([]byte{b})
		if next == 1<<lzwMostBits-2 {
			put(codeOf(sequence))
			put(lzwClear)
			table, sequence, width, next = map[string]int{}, "", lzwLeastBits, lzwFirst
		} else if next == 1<<width {
			width++
		}
	}
	if sequence != "" {
		put(codeOf(sequence))
		if next++; next == 1<<width {
			width++
		}
	}
	put(lzwEnd)
	return append(out, byte(bits<<(8-have)))
}

func TestUnpackLZW_GivesWhatWasPackedAndWhatTheLibraryGives(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(n, levels int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.IntN(levels))
		}
		return b
	}
	for name, data := range map[string][]byte{
		"nothing": {}, "a byte": {7}, "one color": make([]byte, 100_000), "two colors": noise(50_000, 2),
		"smooth": noise(50_000, 5), "noise": noise(50_000, 256), "pattern": bytes.Repeat([]byte("abcabcd"), 9000),
	} {
		packed := packedLZW(data)
		got, err := unpackLZW(packed, len(data))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes of %d (%v)", name, len(got), len(data), err)
		}
		if theirs, err := io.ReadAll(lzw.NewReader(bytes.NewReader(packed), lzw.MSB, 8)); err != nil ||
			!bytes.Equal(theirs, data) {
			t.Errorf("%s: the library gives %d bytes of %d (%v)", name, len(theirs), len(data), err)
		}

		// A part is enough, and more than there is is no error.
		if got, err := unpackLZW(packed, len(data)/2); err != nil || !bytes.Equal(got, data[:len(data)/2]) {
			t.Errorf("%s: half of it is %d bytes (%v)", name, len(got), err)
		}
		if got, err := unpackLZW(packed, 2*len(data)+1); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: all of it is %d bytes (%v)", name, len(got), err)
		}
		if _, err := unpackLZW(packed[:len(packed)/2], len(data)); err == nil && len(data) > 1 {
			t.Errorf("%s: half of the packed bytes gave all", name)
		}
	}
}

// FuzzUnpackLZW compares any bytes that can be unpacked with what the library makes of them.
func FuzzUnpackLZW(f *testing.F) {
	f.Add(packedLZW([]byte("abababababa")))
	f.Add([]byte{0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, packed []byte) {
		const most = 1 << 16
		got, err := unpackLZW(packed, most)
		if err != nil {
			return
		}
		theirs, err := io.ReadAll(io.LimitReader(lzw.NewReader(bytes.NewReader(packed), lzw.MSB, 8), most))
		if !bytes.Equal(got, theirs) {
			t.Errorf("%d bytes, and %d by the library (%v)", len(got), len(theirs), err)
		}
	})
}

func TestWithoutLZW_KeepsThePixels(t *testing.T) {
	rows := [][]byte{{1, 2, 3, 3}, {3, 3, 3, 9}, {200, 100, 0, 0}}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, predictor := range []int{1, 2} {
			for _, each := range []int{1, 2, 3} {
				var strips [][]byte
				for strip := range slices.Chunk(rows, each) {
					strips = append(strips, packedLZW(slices.Concat(strip...)))
				}
				name := fmt.Sprintf("%v, predictor %d, %d rows in a strip", order, predictor, each)
				file := tiffOf(order, 4, 3, 1, 8, 1, 1, compressionLZW, predictor, each, strips...)
				stored, ok := withoutLZW(file)
				if !ok {
					t.Errorf("%s: it is not unpacked", name)
					continue
				}
				want, err := tiff.Decode(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				got, err := tiff.Decode(bytes.NewReader(stored))
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %v, want %v (%v)", name, got, want, err)
				}
			}
		}
	}
}

func TestWithoutLZW_LeavesOtherFilesAlone(t *testing.T) {
	le, packed := binary.LittleEndian, packedLZW([]byte{1, 2, 3, 4})
	for name, file := range map[string][]byte{
		"no TIFF": []byte("II*\x00"), "not packed": tiffOf(le, 4, 1, 1, 8, 1, 1, 1, 1, 1, []byte{1, 2, 3, 4}),
		"16 bits":        tiffOf(le, 2, 1, 1, 16, 1, 1, compressionLZW, 1, 1, packed),
		"a strip lacks":  tiffOf(le, 4, 2, 1, 8, 1, 1, compressionLZW, 1, 1, packed),
		"damaged":        tiffOf(le, 4, 1, 1, 8, 1, 1, compressionLZW, 1, 1, []byte{0x80, 0x7f, 0xff, 0xff}),
		"many channels":  tiffOf(le, 1, 1, 5, 8, 1, 1, compressionLZW, 1, 1, packed),
		"data end early": tiffOf(le, 4, 1, 1, 8, 1, 1, compressionLZW, 1, 1, packed[:3]),
	} {
		if _, ok := withoutLZW(file); ok {
			t.Errorf("%s: it was unpacked", name)
		}
	}
}
