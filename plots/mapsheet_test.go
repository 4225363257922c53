package plots

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestMapSheet_MapHasImagesAtTheirPlaces(t *testing.T) {
	dot := func(c color.RGBA, x, y float64) Placed { return Placed{[]byte{c.R, c.G, c.B}, x, y} }
	red, hidden := color.RGBA{255, 0, 0, 255}, color.RGBA{9, 9, 9, 255}
	sheet, err := MapSheet(1, 1, "first", "second", []Placed{dot(red, 0, 0), dot(hidden, 0, 0), dot(blue, 9.59, 4.79),
		dot(green, 0, 4.79)})
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, sheet)
	// 959 pixels from the left-most to the right-most, half of it from the lowest to the highest, and a margin for
	// each label.
	if size := got.Bounds().Size(); size != image.Pt(960, 480+2*24) {
		t.Errorf("the map is %v", size)
	}
	for _, c := range []struct {
		at   image.Point
		want color.RGBA
	}{{image.Pt(0, 24+479), red}, {image.Pt(959, 24), blue}, {image.Pt(0, 24), green},
		{image.Pt(500, 200), color.RGBA{255, 255, 255, 255}}} {
		if r := color.RGBAModel.Convert(got.At(c.at.X, c.at.Y)); r != c.want {
			t.Errorf("at %v is %v, want %v", c.at, r, c.want)
		}
	}
}

func TestMapSheet_LargeImagesAreReducedOnAMap(t *testing.T) {
	sheet, err := MapSheet(96, 192, "", "", []Placed{{Pixels: make([]byte, 96*192*3)}})
	if err != nil {
		t.Fatal(err)
	}
	if size := decode(t, sheet).Bounds().Size(); size != image.Pt(960, 24+2*24) {
		t.Errorf("a map of one image is %v", size)
	}
}

func TestMapSheet_MapThatCannotBeDrawnIsAUsageError(t *testing.T) {
	for name, images := range map[string][]Placed{
		"no image":             nil,
		"another size":         {{Pixels: make([]byte, 3)}},
		"a place that is none": {{Pixels: make([]byte, 12), X: math.NaN()}},
	} {
		if _, err := MapSheet(2, 2, "", "", images); !usage.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
