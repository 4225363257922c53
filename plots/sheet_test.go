package plots

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func decode(t *testing.T, sheet []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(sheet))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func TestSheet_ViewSheetHasTheSizeOfItsGrid(t *testing.T) {
	for _, c := range []struct {
		name          string
		n, side       int
		titles        []string
		width, height int
	}{
		// 32 pixels become 96; a block of two is 96+3+96 = 195 wide; four blocks and gaps of 18 fit into 960.
		{"one line", 1, 32, nil, 195 + 2*3, 3 + 96 + 3},
		{"titled", 1, 32, []string{"a", "b"}, 195 + 2*3, 3 + 18 + 96 + 3},
		{"two lines of four", 5, 32, nil, 4*195 + 3*18 + 2*3, 3 + 2*(96+3)},
		{"large images keep their size", 1, 224, nil, 224 + 3 + 224 + 2*3, 3 + 224 + 3},
		{"tiny images fill the cell", 1, 28, nil, 2*112 + 3 + 2*3, 3 + 112 + 3},
	} {
		sheet, err := ViewSheet(c.side, c.side, c.titles, images(c.n, c.side, c.side), images(c.n, c.side, c.side))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := decode(t, sheet).Bounds().Size(); got != image.Pt(c.width, c.height) {
			t.Errorf("%s: %v, want %dx%d", c.name, got, c.width, c.height)
		}
	}
}

func TestSheet_PixelsAreEnlargedToSquaresInPlace(t *testing.T) {
	pixels := []byte{255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7} // 2x2
	sheet, err := ViewSheet(2, 2, nil, [][]byte{pixels})
	if err != nil {
		t.Fatal(err)
	}
	picture := decode(t, sheet)
	for _, c := range []struct {
		x, y int
		want color.RGBA
	}{{0, 0, color.RGBA{255, 0, 0, 255}}, {47, 47, color.RGBA{255, 0, 0, 255}}, {48, 0, color.RGBA{0, 255, 0, 255}},
		{0, 48, color.RGBA{0, 0, 255, 255}}, {95, 95, color.RGBA{9, 8, 7, 255}}} {
		if got := picture.At(3+c.x, 3+c.y); got != c.want {
			t.Errorf("pixel %d,%d is %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

func TestSheet_NeighborsAreMarkedByColorAndByShape(t *testing.T) {
	tiles := images(3, 32, 32)
	sheet, err := NeighborSheet(32, 32, []Neighbors{{tiles[0], tiles[:2], []bool{true, false}}})
	if err != nil {
		t.Fatal(err)
	}
	picture := decode(t, sheet)
	cell := 96 + 2*4
	left := []int{3 + cell + 18, 3 + cell + 18 + cell + 3} // of the two neighbors
	top := 3 + 18
	for i, want := range []color.RGBA{blue, vermillion} {
		if got := picture.At(left[i]+1, top+1); got != want {
			t.Errorf("border %d is %v, want %v", i, got, want)
		}
	}
	shape := func(i int) (white [badge * badge]bool) {
		for k := range white {
			r, g, b, _ := picture.At(left[i]+cell-4-badge+k%badge, top+cell-4-badge+k/badge).RGBA()
			white[k] = min(r, g, b) > 0xf000
		}
		return white
	}
	none := [badge * badge]bool{}
	if shape(0) == none || shape(1) == none || shape(0) == shape(1) {
		t.Error("the badges do not differ in shape")
	}
}

func TestSheet_OfUnequalPartsIsAUsageError(t *testing.T) {
	ok := images(2, 4, 4)
	for name, make := range map[string]func() ([]byte, error){
		"no column":       func() ([]byte, error) { return ViewSheet(4, 4, nil) },
		"no image":        func() ([]byte, error) { return ViewSheet(4, 4, nil, nil) },
		"unequal columns": func() ([]byte, error) { return ViewSheet(4, 4, nil, ok, ok[:1]) },
		"another size":    func() ([]byte, error) { return ViewSheet(5, 4, nil, ok) },
		"no size":         func() ([]byte, error) { return ViewSheet(0, 0, nil, [][]byte{{}}) },
		"missing title":   func() ([]byte, error) { return ViewSheet(4, 4, []string{"a"}, ok, ok) },
		"no query":        func() ([]byte, error) { return NeighborSheet(4, 4, nil) },
		"missing label": func() ([]byte, error) {
			return NeighborSheet(4, 4,
				[]Neighbors{{ok[0], ok, []bool{true}}})
		},
		"unequal lines": func() ([]byte, error) {
			return NeighborSheet(4, 4, []Neighbors{{ok[0], ok, []bool{true, true}}, {ok[0], ok[:1], []bool{true}}})
		},
	} {
		if _, err := make(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSheet_LongTitleStaysInItsColumn(t *testing.T) {
	sheet, err := ViewSheet(32, 32, []string{"a very long title that no column could hold", ""}, images(1, 32, 32),
		images(1, 32, 32))
	if err != nil {
		t.Fatal(err)
	}
	picture := decode(t, sheet)
	for y := range 18 {
		for x := 3 + 96 + 1; x < picture.Bounds().Dx(); x++ {
			if r, _, _, _ := picture.At(x, y).RGBA(); r < 0xf000 {
				t.Fatalf("ink at %d,%d, beyond the first column", x, y)
			}
		}
	}
}
