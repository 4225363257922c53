package dataset

import (
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
	set, report := imported(t, f.folder(t, "set"), ImportOptions{Size: 8})
	sp, labels := split(t, set, "train")
	gray, orange := slices.Repeat([]byte{77}, 3*64), slices.Repeat([]byte{200, 100, 50}, 64)
	if want := slices.Concat(gray, orange, gray, orange, orange); !slices.Equal(sp.Pixels, want) {
		t.Errorf("pixels are %v", sp.Pixels)
	}
	if !slices.Equal(labels, []int32{0, 0, 0, 1, 1}) || !strings.Contains(report.Resize, "short side to 8") {
		t.Errorf("labels %v, resized %q", labels, report.Resize)
	}
}

// The oracle scales the whole image and cuts the square out of it.
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
			want := whole.SubImage(image.Rect(left, top, left+size, top+size)).(*image.RGBA)
			if !slices.Equal(appendRGB(nil, got), appendRGB(nil, want)) {
				t.Errorf("%v to %d differs", b, size)
			}
		}
	}
}
