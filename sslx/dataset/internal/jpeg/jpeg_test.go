package jpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
)

// ramp is a smooth gray image, in which the decoders of JPEG that round differently agree within a level or two.
func ramp(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetGray(x, y, color.Gray{byte(40 + 2*x + y)})
		}
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, &stdjpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecode_AgreesWithTheStandardLibraryOnGray(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {8, 8}, {17, 9}, {64, 33}} {
		data := ramp(t, size.X, size.Y)
		want, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got, whole, err := Decode(t.Context(), data, Options{})
		if err != nil || !whole {
			t.Fatal(whole, err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("it is %v, want %v", got.Bounds(), want.Bounds())
		}
		for y := range size.Y {
			for x := range size.X {
				diff := int(got.RGBAAt(x, y).R) - int(want.(*image.Gray).GrayAt(x, y).Y)
				if diff < -1 || diff > 1 {
					t.Errorf("%v: pixel %d, %d is off by %d", size, x, y, diff)
				}
			}
		}
	}
}

func TestDecode_EachReductionHasItsSizeAndTheSameBrightness(t *testing.T) {
	data := ramp(t, 61, 37)
	for by, want := range map[int]image.Point{1: {61, 37}, 2: {31, 19}, 4: {16, 10}, 8: {8, 5}} {
		img, _, err := Decode(t.Context(), data, Options{Reduce: by})
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds().Size() != want {
			t.Errorf("reduced by %d it is %v, want %v", by, img.Bounds().Size(), want)
		}

		// The mean of a square of the ramp is its value in the middle.
		x, y := 24/by, 16/by
		middle := 40 + 2*(float64(x*by)+float64(by-1)/2) + float64(y*by) + float64(by-1)/2
		if got := float64(img.RGBAAt(x, y).G); got < middle-2 || got > middle+2 {
			t.Errorf("reduced by %d pixel %d, %d is %v, want about %v", by, x, y, got, middle)
		}
	}
	if _, _, err := Decode(t.Context(), data, Options{Reduce: 3}); err == nil {
		t.Error("a reduction by 3 was accepted")
	}
}

func TestDecode_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Decode(ctx, ramp(t, 64, 64), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDecode_AnEarlyEndIsAcceptedOnRequestOnly(t *testing.T) {
	data := ramp(t, 64, 64)
	for cut, good := range map[int]bool{12: true, len(data) / 3: false} {
		img, whole, err := Decode(t.Context(), data[:len(data)-cut], Options{CutShort: true})
		if good != (err == nil) {
			t.Fatalf("without %d bytes: %v", cut, err)
		}
		if good && (whole || img.RGBAAt(63, 63).R != 128) {
			t.Errorf("without %d bytes: whole is %v, and the end is %v", cut, whole, img.RGBAAt(63, 63))
		}
		if _, _, err := Decode(t.Context(), data[:len(data)-cut], Options{}); err == nil {
			t.Errorf("without %d bytes it was accepted unasked", cut)
		}
	}
	if _, whole, err := Decode(t.Context(), data[:len(data)-2], Options{}); err != nil || !whole {
		t.Errorf("without its end mark alone: whole is %v, %v", whole, err)
	}
}

func TestDecode_DamageIsAnError(t *testing.T) {
	data := ramp(t, 64, 64)
	start := bytes.Index(data, []byte{0xff, startOfScan})
	flipped := 0
	for i := start + 10; i < len(data)-2; i += 7 {
		bad := bytes.Clone(data)
		bad[i] ^= 0x55
		if _, _, err := Decode(t.Context(), bad, Options{}); err != nil {
			flipped++
		}
	}
	if flipped == 0 {
		t.Error("no damage was found")
	}
	if _, _, err := Decode(t.Context(), data[:start], Options{}); err == nil {
		t.Error("a file without a scan was accepted")
	}
}

// FuzzDecode decodes any bytes at each reduction, within the memory that its header states.
func FuzzDecode(f *testing.F) {
	f.Add(ramp(f, 9, 5), uint8(0))
	f.Add(ramp(f, 33, 17), uint8(2))
	var b bytes.Buffer
	colors := image.NewRGBA(image.Rect(0, 0, 19, 21))
	for i := range colors.Pix {
		colors.Pix[i] = byte(i * 7)
	}
	if err := stdjpeg.Encode(&b, colors, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes(), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, by uint8) {
		h, err := ReadHeader(data)
		if err != nil || h.Width*h.Height > 1<<14 {
			return
		}
		reduce := 1 << (by % 4)
		limit := 1<<20 + 2*uint64(len(data)) + 2*uint64(h.Memory(reduce))
		faults.Bounded(t, limit, func() {
			img, _, err := Decode(t.Context(), data, Options{Reduce: reduce, CutShort: by > 127})
			if err == nil && img.Bounds().Size() != image.Pt(up(h.Width, reduce), up(h.Height, reduce)) {
				t.Errorf("it is %v, and its header says %dx%d", img.Bounds().Size(), h.Width, h.Height)
			}
		})
	})
}
