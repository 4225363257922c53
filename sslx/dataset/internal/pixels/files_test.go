package pixels

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// file is a line of a table in testdata: a name, the size, the SHA-256 of the RGB bytes or, without a size, a part of
// the error, and the content in base64.
type file struct {
	name, want string
	size       image.Point
	data       []byte
}

// filesOf reads a table. pillow.tsv was written by scripts/pixels.py, with the pixels that Pillow 13.0.0 reads. odd.tsv
// holds files that a small encoder and struct.pack made, with the pixels that Pillow reads or, where it refuses a file
// or reads it otherwise than documented, those that the file was made of.
func filesOf(t testing.TB, table string) (list []file) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", table))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		width, widthErr := strconv.Atoi(fields[1])
		height, heightErr := strconv.Atoi(fields[2])
		data, err := base64.StdEncoding.DecodeString(fields[4])
		if err := errors.Join(err, widthErr, heightErr); err != nil {
			t.Fatal(err)
		}
		list = append(list, file{fields[0], fields[3], image.Pt(width, height), data})
	}
	return list
}

func rgbSum(img *image.RGBA) string {
	sum := sha256.New()
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			sum.Write(img.Pix[img.PixOffset(x, y):][:3])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func TestDecode_FilesOfManyKinds(t *testing.T) {
	for _, table := range []string{"pillow.tsv", "odd.tsv"} {
		for _, f := range filesOf(t, table) {
			t.Run(f.name, func(t *testing.T) {
				size, err := Measure(f.data, Options{})
				var img *image.RGBA
				if err == nil {
					img, _, err = Decode(t.Context(), f.data, Options{})
				}
				if f.size == (image.Point{}) {
					if err == nil || !strings.Contains(err.Error(), f.want) {
						t.Errorf("got %v, want %q", err, f.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if size.Width != f.size.X || size.Height != f.size.Y {
					t.Errorf("measured %dx%d, want %v", size.Width, size.Height, f.size)
				}
				if img.Bounds().Size() != f.size {
					t.Fatalf("it is %v, want %v", img.Bounds().Size(), f.size)
				}
				if rgbSum(img) != f.want || !img.Opaque() {
					t.Error("it has other pixels")
				}

				// The next images get memory that is not zero.
				for i := range img.Pix {
					img.Pix[i] = 99
				}
				buffer.Keep(img.Pix)
			})
		}
	}
}

func oddFile(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range filesOf(t, "odd.tsv") {
		if f.name == name {
			return f.data
		}
	}
	t.Fatalf("there is no file %q", name)
	return nil
}

func TestDecode_OrientationCanBeKeptAndIsReported(t *testing.T) {
	data := oddFile(t, "JPEG orientation 6")
	for asStored, want := range map[bool]image.Point{false: {X: 14, Y: 20}, true: {X: 20, Y: 14}} {
		size, err := Measure(data, Options{AsStored: asStored})
		if err != nil {
			t.Fatal(err)
		}
		img, facts, err := Decode(t.Context(), data, Options{AsStored: asStored})
		if err != nil {
			t.Fatal(err)
		}
		if got := image.Pt(size.Width, size.Height); got != want || img.Bounds().Size() != want {
			t.Errorf("measured %v and decoded %v, want %v", got, img.Bounds().Size(), want)
		}
		if facts.Turned == asStored {
			t.Errorf("turned is %v", facts.Turned)
		}
	}
}

func TestDecode_ReducedSizeIsTheMeanOfSquares(t *testing.T) {
	data := oddFile(t, "JPEG sampling all 2x2")
	full, _, err := Decode(t.Context(), data, Options{})
	if err != nil {
		t.Fatal(err)
	}
	size, err := Measure(data, Options{Short: 3})
	if err != nil {
		t.Fatal(err)
	}
	half, _, err := Decode(t.Context(), data, Options{Short: 3})
	if err != nil {
		t.Fatal(err)
	}
	if half.Bounds().Size() != image.Pt(10, 7) || size.Pixels != 70 || size.Width != 20 || size.Height != 14 {
		t.Fatalf("it is %v, measured %+v", half.Bounds().Size(), size)
	}

	// Clamping of single pixels and roundings of the color conversion make a few levels.
	for y := range 7 {
		for x := range 10 {
			for k := range 3 {
				sum := 0
				for i := range 4 {
					sum += int(full.Pix[full.PixOffset(2*x+i%2, 2*y+i/2)+k])
				}
				if got := int(half.Pix[half.PixOffset(x, y)+k]); got < sum/4-4 || got > sum/4+4 {
					t.Errorf("pixel %d, %d of channel %d is %d, want about %d", x, y, k, got, sum/4)
				}
			}
		}
	}
}

func TestDecode_RangesOfDeepSamples(t *testing.T) {
	img := image.NewGray16(image.Rect(0, 0, 2, 2))
	for i, v := range []int{100, 4095, 2048, 1000} {
		img.Pix[2*i], img.Pix[2*i+1] = byte(v>>8), byte(v)
	}
	for text, want := range map[string][4]byte{"full": {0, 15, 8, 3}, "12": {6, 255, 128, 62},
		"10":    {25, 255, 255, 250},
		"image": {0, 255, 124, 57}} {
		deep, err := ParseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		got, facts, err := Opaque(t.Context(), img, Options{Range: deep})
		if err != nil {
			t.Fatal(err)
		}
		if !facts.Deep || facts.Highest != 4095 {
			t.Errorf("%s: %+v", text, facts)
		}
		for i, v := range want {
			if got.Pix[4*i] != v {
				t.Errorf("%s: pixel %d is %d, want %d", text, i, got.Pix[4*i], v)
			}
		}
	}
	for _, text := range []string{"8", "17", "twelve"} {
		if _, err := ParseRange(text); err == nil {
			t.Errorf("range %q was accepted", text)
		}
	}
}

func TestDecode_TakesTheMemoryThatItsHeadSays(t *testing.T) {
	// 48 megapixels, for which libaom takes more than a gigabyte, below a head that says 16 by 16.
	data := oddFile(t, "AVIF larger than its head says")
	if _, _, err := Decode(t.Context(), oddFile(t, "AVIF larger than its head says"), Options{}); err == nil {
		t.Fatal("it was decoded")
	}
	faults.Bounded(t, 2*smallMemory, func() { _, _, _ = Decode(t.Context(), data, Options{}) })
}

func TestDecode_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, f := range filesOf(t, "pillow.tsv") {
		if _, _, err := Decode(ctx, f.data, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}

// heifHead returns the boxes of an AVIF image of 16 by 16 pixels, besides which lies one of a size that it names alone.
func heifHead(width, height uint32) []byte {
	box := func(name string, parts ...string) string {
		content := strings.Join(parts, "")
		return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))) + name + content
	}
	size := func(width, height uint32) string {
		sides := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
		return box("ispe", "\x00\x00\x00\x00", string(sides))
	}
	properties := box("iprp", box("ipco", size(16, 16), size(width, height)),
		box("ipma", "\x00\x00\x00\x00", "\x00\x00\x00\x01", "\x00\x01", "\x01\x01"))
	return []byte(box("ftyp", "avif\x00\x00\x00\x00", "avif") +
		box("meta", "\x00\x00\x00\x00", box("pitm", "\x00\x00\x00\x00\x00\x01"), properties))
}

func TestMeasure_HugeSizesDoNotOverflow(t *testing.T) {
	for bits := range 32 {
		side := uint32(1) << bits
		size, err := Measure(heifHead(side, side/2), Options{})
		if err != nil || size.Memory < smallMemory {
			t.Errorf("%d by %d pixels take %d bytes (%v)", side, side/2, size.Memory, err)
		}
	}
}

// FuzzHEIF decodes any bytes as an HEIC or AVIF image of at most 2^13 pixels. What is measured is what comes out, and
// the memory stays below what was measured.
func FuzzHEIF(f *testing.F) {
	for _, table := range []string{"pillow.tsv", "odd.tsv"} {
		for _, file := range filesOf(f, table) {
			if _, ok := heifCodec(file.data); ok {
				f.Add(file.data)
			}
		}
	}
	f.Add(heifHead(1<<30, 1<<29))

	// Compiling takes memory of its own, once.
	for _, p := range []*program{&heifProgram, &avifProgram} {
		p.once.Do(p.compile)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, ok := heifCodec(data); !ok {
			return
		}
		size, err := Measure(data, Options{})
		if err != nil || size.Pixels > 1<<13 || size.Memory > 2*smallMemory {
			return
		}

		var img *image.RGBA
		faults.Bounded(t, 4<<20+2*uint64(len(data))+2*uint64(size.Memory), func() {
			img, _, err = Decode(t.Context(), data, Options{})
		})
		if err != nil {
			faults.Sentence(t, err)
			return
		}
		if got := img.Bounds().Size(); got != image.Pt(size.Width, size.Height) {
			t.Errorf("it was measured as %dx%d and is %v", size.Width, size.Height, got)
		}
		if !img.Opaque() {
			t.Error("it is not opaque")
		}
	})
}

// FuzzMeasure reads the heads of any bytes, and their orientation, which this package parses itself.
func FuzzMeasure(f *testing.F) {
	for _, table := range []string{"pillow.tsv", "odd.tsv"} {
		for _, file := range filesOf(f, table) {
			f.Add(file.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		faults.Bounded(t, 8<<20+4*uint64(len(data)), func() {
			size, err := Measure(data, Options{})
			if err == nil && (size.Width < 1 || size.Height < 1 || size.Memory < 1) {
				t.Errorf("measured %+v", size)
			}
			if value := orientationOf(data); value < 1 || value > 8 {
				t.Errorf("orientation %d", value)
			}
			if h, err := readHEIF(data); err == nil && (h.width < 1 || h.orientation() < 1 || h.orientation() > 8) {
				t.Errorf("it is %+v", h)
			}
			_, _ = neededChunks(data)
			_, _, _ = firstFrame(data)
		})
	})
}
