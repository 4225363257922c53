package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

func TestResize_TakesTheCenterOfTheShortSide(t *testing.T) {
	// Three 8x8 tiles side by side, or one above the other: the middle one remains.
	for _, wide := range []bool{true, false} {
		img := image.NewRGBA(image.Rect(0, 0, 8, 24))
		if wide {
			img = image.NewRGBA(image.Rect(0, 0, 24, 8))
		}
		for i := range 192 {
			x, y := i%img.Rect.Dx(), i/img.Rect.Dx()
			img.Set(x, y, color.RGBA{uint8(100 * (max(x, y) / 8)), 0, 0, 255})
		}
		set, report := imported(t, files{"a/1.png": encoded(t, img)}.folder(t, "set"), ImportOptions{Size: 4})
		sp, _ := split(t, set, "train")
		if set.Height() != 4 || set.Width() != 4 || len(sp.Pixels) != 48 {
			t.Fatalf("the set is %dx%d", set.Height(), set.Width())
		}
		for i := range 16 {
			at := i / 4
			if wide {
				at = i % 4
			}
			// Antialiasing reaches one pixel into the middle tile.
			if v := sp.Pixels[3*i]; (at == 1 || at == 2) && v != 100 {
				t.Errorf("pixel %d is %d, want 100", i, v)
			}
		}
		if report.Resize == "own size" {
			t.Error("the rule is not stated")
		}
	}
}

func TestResize_ShrinkingIsAntialiased(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = uint8(255 * ((i + i/64) % 2))
	}
	set, _ := imported(t, files{"a/1.png": encoded(t, img)}.folder(t, "set"), ImportOptions{Size: 8})
	sp, _ := split(t, set, "train")
	for i, v := range sp.Pixels {
		if v < 118 || v > 137 {
			t.Fatalf("byte %d of a shrunk chequerboard is %d, want about 127", i, v)
		}
	}
}

// By hand: what has one color keeps it at any size, however transparent it is.
func TestResize_ImagesOfUnequalKindsBecomeOneSet(t *testing.T) {
	uniform := func(img draw.Image, c color.Color) string {
		b := img.Bounds()
		for i := range b.Dx() * b.Dy() {
			img.Set(i%b.Dx(), i/b.Dx(), c)
		}
		return encoded(t, img)
	}
	f := files{
		"a/1.png": uniform(image.NewGray(image.Rect(0, 0, 9, 5)), color.Gray{77}),
		"a/2.png": uniform(image.NewNRGBA(image.Rect(0, 0, 3, 30)), color.NRGBA{200, 100, 50, 0}),
		"a/3.png": uniform(image.NewGray16(image.Rect(0, 0, 8, 8)), color.Gray16{0x4dff}),
		"b/4.png": uniform(image.NewNRGBA64(image.Rect(0, 0, 41, 20)), color.NRGBA64{0xc8ff, 0x64ff, 0x32ff, 9}),
		"b/5.png": uniform(image.NewRGBA(image.Rect(0, 0, 1, 1)), color.RGBA{200, 100, 50, 255}),
	}
	set, report := imported(t, f.folder(t, "set"), ImportOptions{Size: 8, HoldOut: -1})
	sp, labels := split(t, set, "train")
	gray, orange := slices.Repeat([]byte{77}, 3*64), slices.Repeat([]byte{200, 100, 50}, 64)
	if want := slices.Concat(gray, orange, gray, orange, orange); !slices.Equal(sp.Pixels, want) {
		t.Errorf("pixels are %v", sp.Pixels)
	}
	if !slices.Equal(labels, []int32{0, 0, 0, 1, 1}) || !strings.Contains(report.Resize, "short side to 8") {
		t.Errorf("labels %v, resized %q", labels, report.Resize)
	}
}

// The golden sums are of Resize and CenterCrop of torchvision 0.29.2 with Pillow 13.0.0.
func TestResize_HasThePixelsOfPillow(t *testing.T) {
	for _, c := range []struct {
		width, height, size int
		sum                 string
	}{
		{53, 37, 24, "97b906394063a421"}, {37, 53, 24, "8235741c3d7d1f0a"}, {20, 33, 48, "20b120dd7a33fdfa"},
		{533, 400, 64, "2026d83a4c9c6ff2"}, {64, 63, 63, "426a07d82642414f"}, {400, 5, 3, "62ba6270c14842ce"},
	} {
		img := image.NewRGBA(image.Rect(0, 0, c.width, c.height))
		for i := range c.width * c.height {
			x, y := i%c.width, i/c.width
			v := func(channel int) uint8 { return uint8((x*x*7 + y*y*13 + x*y*3 + channel*29) / 5) }
			img.SetRGBA(x, y, color.RGBA{v(0), v(1), v(2), 255})
		}
		got, err := shortCrop(img, c.size, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(appendRGB(nil, got)); hex.EncodeToString(sum[:8]) != c.sum {
			t.Errorf("%dx%d to %d differs from Pillow", c.width, c.height, c.size)
		}
	}
}

// The oracle scales the whole image, in floating point and without rounding to the nearest, and cuts the square out.
func TestResize_DrawsTheSquareOfTheWholeImage(t *testing.T) {
	photo := photograph(3)
	for _, b := range []image.Rectangle{photo.Rect, image.Rect(11, 7, 210, 370), image.Rect(0, 0, 64, 63)} {
		img := photo.SubImage(b).(*image.RGBA)
		for _, size := range []int{1, 31, 63, 100, 400} {
			got, err := shortCrop(img, size, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			width, height := size*b.Dx()/min(b.Dx(), b.Dy()), size*b.Dy()/min(b.Dx(), b.Dy())
			whole := image.NewRGBA(image.Rect(0, 0, width, height))
			draw.BiLinear.Scale(whole, whole.Rect, img, b, draw.Src, nil)
			left := int(math.RoundToEven(float64(width-size) / 2))
			top := int(math.RoundToEven(float64(height-size) / 2))
			want := appendRGB(nil, whole.SubImage(image.Rect(left, top, left+size, top+size)).(*image.RGBA))
			for i, v := range appendRGB(nil, got) {
				if diff := int(v) - int(want[i]); diff < -1 || diff > 2 {
					t.Fatalf("%v to %d: byte %d is %d, want about %d", b, size, i, v, want[i])
				}
			}
		}
	}
}
