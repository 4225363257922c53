package corrupt

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/sslx-go/lab/sslx/dataset/internal/jpeg"
)

// compress writes the picture as a JPEG with chroma at half size, and reads it again.
func compress(p *picture, severity int, _ *rand.Rand) error {
	quality := strength(p, severity, [...]int{80, 65, 58, 50, 40}, [...]int{25, 18, 15, 10, 7})
	img, _, err := jpeg.Decode(context.Background(), p.encoded(quality), jpeg.Options{})
	if err != nil {
		return err
	}
	for y := range p.height {
		for x := range p.width {
			at, pixel := p.at(y, x), img.Pix[img.PixOffset(x, y):]
			for channel := range 3 {
				p.pixels[at+channel] = float64(pixel[channel]) / 255
			}
		}
	}
	return nil
}

// plane is one component of a picture, with sides that are multiples of eight.
type plane struct {
	values []byte
	width  int
}

// planes returns luma, and both chromas at half size, in the integers of libjpeg, with the picture's border repeated
// up to whole units of 16 pixels.
func (p *picture) planes() (all [3]plane) {
	rgb := p.bytes()
	height, width := (p.height+15)/16*16, (p.width+15)/16*16
	all[0] = plane{make([]byte, height*width), width}
	for y := range height {
		for x := range width {
			i := p.at(y, x)
			r, g, b := int(rgb[i]), int(rgb[i+1]), int(rgb[i+2])
			all[0].values[y*width+x] = byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16)
		}
	}

	// Means of four pixels, rounded down and up in turn.
	const half = 128<<16 + 1<<15 - 1
	for c := range 2 {
		weights := [2][3]int{{-11059, -21709, 32768}, {32768, -27439, -5329}}[c]
		chroma := plane{make([]byte, height*width/4), width / 2}
		for y := range height / 2 {
			for x := range width / 2 {
				sum := 1 + x%2
				for k := range 4 {
					i := p.at(2*min(y, (p.height-1)/2)+k/2, 2*x+k%2)
					sum += (weights[0]*int(rgb[i]) + weights[1]*int(rgb[i+1]) + weights[2]*int(rgb[i+2]) + half) >> 16
				}
				chroma.values[y*chroma.width+x] = byte(sum >> 2)
			}
		}
		all[1+c] = chroma
	}
	return all
}

// encoded returns the picture as a baseline JPEG with the coefficients that libjpeg has. image/jpeg rounds its
// transform in another way, which moves pixels by up to 14 levels. Codes are of equal length: the file is read once and
// thrown away.
func (p *picture) encoded(quality int) []byte {
	var file bytes.Buffer
	segment := func(marker byte, parts ...[]byte) {
		content := bytes.Join(parts, nil)
		file.Write([]byte{0xff, marker})
		_ = binary.Write(&file, binary.BigEndian, uint16(len(content)+2)) // a buffer takes everything
		file.Write(content)
	}

	// Heads: tables of quantization, the frame, and codes that are the numbers of their symbols.
	tables := [2][64]int{scaled(lumaTable, quality), scaled(chromaTable, quality)}
	file.Write([]byte{0xff, 0xd8})
	for i, table := range tables {
		values := []byte{byte(i)}
		for _, at := range jpeg.Natural[:64] {
			values = append(values, byte(table[at]))
		}
		segment(0xdb, values)
	}
	segment(0xc0, []byte{8, byte(p.height >> 8), byte(p.height), byte(p.width >> 8), byte(p.width), 3,
		1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1})
	var sizes, runs []byte
	for size := range byte(12) {
		sizes = append(sizes, size)
	}
	for run := range byte(16) {
		for size := range byte(11) {
			runs = append(runs, run<<4|size)
		}
	}
	counts := func(length, n int) []byte { all := make([]byte, 16); all[length-1] = byte(n); return all }
	segment(0xc4, []byte{0x00}, counts(dcLength, len(sizes)), sizes)
	segment(0xc4, []byte{0x10}, counts(acLength, len(runs)), runs)
	segment(0xda, []byte{3, 1, 0, 2, 0, 3, 0, 0, 63, 0})

	// Units of four blocks of luma and one of each chroma.
	w, planes := &bitWriter{file: &file}, p.planes()
	var last [3]int
	for y := 0; y < p.height; y += 16 {
		for x := 0; x < p.width; x += 16 {
			for k := range 4 {
				last[0] = w.block(planes[0].block(y+k/2*8, x+k%2*8), tables[0], last[0])
			}
			for c := 1; c < 3; c++ {
				last[c] = w.block(planes[c].block(y/2, x/2), tables[1], last[c])
			}
		}
	}
	w.write(0x7f, 7) // the rest of the last byte is ones
	file.Write([]byte{0xff, 0xd9})
	return file.Bytes()
}

// Lengths of all codes of first coefficients, and of the others.
const (
	dcLength = 4
	acLength = 8
)

// bitWriter writes bits, and a zero byte after each byte of ones.
type bitWriter struct {
	file  *bytes.Buffer
	bits  uint32
	count int
}

func (w *bitWriter) write(value, count int) {
	w.bits, w.count = w.bits<<count|uint32(value), w.count+count
	for w.count >= 8 {
		w.count -= 8
		b := byte(w.bits >> w.count)
		if w.file.WriteByte(b); b == 0xff {
			w.file.WriteByte(0)
		}
	}
}

// block writes quantized coefficients, the first as its difference from the block before, and returns the first.
func (w *bitWriter) block(coefficients [64]int, table [64]int, before int) int {
	var quantized [64]int
	for i, at := range jpeg.Natural[:64] {
		// To the nearest multiple of a step; coefficients have eight times their value.
		step, v := 8*table[at], coefficients[at]
		if quantized[i] = (max(v, -v) + step/2) / step; v < 0 {
			quantized[i] = -quantized[i]
		}
	}

	w.number(quantized[0]-before, func(size int) { w.write(size, dcLength) })
	run := 0
	for _, v := range quantized[1:] {
		if v == 0 {
			run++
			continue
		}
		for ; run >= 16; run -= 16 {
			w.write(15*11, acLength)
		}
		w.number(v, func(size int) { w.write(run*11+size, acLength) })
		run = 0
	}
	if run > 0 {
		w.write(0, acLength)
	}
	return quantized[0]
}

// number writes a number in as few bits as it needs, after their count.
func (w *bitWriter) number(v int, writeSize func(size int)) {
	size := bits.Len(uint(max(v, -v)))
	writeSize(size)
	if v < 0 {
		v += 1<<size - 1
	}
	w.write(v, size)
}

// block returns the cosine transform of 8x8 values, times eight, in the integers of libjpeg's accurate method
// (Loeffler, Ligtenberg and Moschytz 1989).
func (p plane) block(y, x int) (out [64]int) {
	for i := range out {
		out[i] = int(p.values[(y+i/8)*p.width+x+i%8]) - 128
	}
	for i := range 8 {
		transform(out[8*i:], 1, -2) // rows keep two bits of their fractions
	}
	for i := range 8 {
		transform(out[i:], 8, 2)
	}
	return out
}

// transform transforms eight values that are step apart, and divides them by 2^down.
func transform(v []int, step, down int) {
	const fraction = 13
	at := func(i int) *int { return &v[i*step] }
	descale := func(x, n int) int {
		if n < 0 {
			return x << -n
		}
		return (x + 1<<n>>1) >> n
	}

	// Sums and differences of opposite values.
	var sum, rest [4]int
	for i := range 4 {
		sum[i], rest[i] = *at(i)+*at(7 - i), *at(i)-*at(7 - i)
	}

	// Even part.
	outer, inner := sum[0]+sum[3], sum[1]+sum[2]
	outerRest, innerRest := sum[0]-sum[3], sum[1]-sum[2]
	*at(0), *at(4) = descale(outer+inner, down), descale(outer-inner, down)
	turned := (innerRest + outerRest) * 4433
	*at(2) = descale(turned+outerRest*6270, fraction+down)
	*at(6) = descale(turned-innerRest*15137, fraction+down)

	// Odd part.
	a, b, c, d := rest[3], rest[2], rest[1], rest[0]
	shared := (a + c + b + d) * 9633
	ad, bc := (a+d)*-7373, (b+c)*-20995
	ac, bd := (a+c)*-16069+shared, (b+d)*-3196+shared
	*at(7) = descale(a*2446+ad+ac, fraction+down)
	*at(5) = descale(b*16819+bc+bd, fraction+down)
	*at(3) = descale(c*25172+bc+ac, fraction+down)
	*at(1) = descale(d*12299+ad+bd, fraction+down)
}

// scaled returns a table of quantization for a quality, as libjpeg scales it.
func scaled(table [64]int, quality int) [64]int {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i, v := range table {
		table[i] = min(255, max(1, (v*percent+50)/100))
	}
	return table
}

// The tables of ITU-T T.81, annex K, by rows.
var (
	lumaTable = [64]int{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	}
	chromaTable = [64]int{
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	}
)
