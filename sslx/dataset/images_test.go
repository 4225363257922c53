package dataset

import (
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// counted returns n images of 1x2 pixels whose bytes are the number of their image.
func counted(n int) Images {
	im := Images{N: n, Height: 1, Width: 2}
	for i := range n {
		im.Pixels = append(im.Pixels, slices.Repeat([]byte{byte(i)}, im.Stride())...)
	}
	return im
}

func TestImages_SliceSharesAndPickCopies(t *testing.T) {
	im := counted(5)
	if got := im.At(3); !slices.Equal(got, []byte{3, 3, 3, 3, 3, 3}) || cap(got) != 6 {
		t.Errorf("image 3 is %v with capacity %d", got, cap(got))
	}

	part := im.Slice(1, 3)
	if part.N != 2 || part.At(1)[0] != 2 {
		t.Errorf("images 1 to 2 are %+v", part)
	}
	part.Pixels[0] = 99
	if im.At(1)[0] != 99 {
		t.Error("a slice does not share its pixels")
	}

	picked := im.Pick([]int{4, 0, 4})
	if picked.N != 3 || picked.At(0)[0] != 4 || picked.At(1)[0] != 0 || picked.At(2)[0] != 4 {
		t.Errorf("picked %+v", picked)
	}
	picked.Pixels[0] = 98
	if im.At(4)[0] != 4 {
		t.Error("picked images share their pixels")
	}
	if err := picked.Check(); err != nil {
		t.Error(err)
	}
}

func TestImages_CheckComparesBytesWithTheSize(t *testing.T) {
	for name, im := range map[string]Images{
		"a byte is missing":     {Pixels: make([]byte, 5), N: 1, Height: 1, Width: 2},
		"an image too many":     {Pixels: make([]byte, 12), N: 1, Height: 1, Width: 2},
		"no height":             {Width: 2},
		"a negative number":     {N: -1, Height: 1, Width: 2},
		"a negative size twice": {Pixels: make([]byte, 6), N: 1, Height: -1, Width: -2},
		"color for gray":        {Pixels: make([]byte, 6), N: 1, Height: 1, Width: 2, Channels: 1},
		"17 channels":           {Pixels: make([]byte, 17), N: 1, Height: 1, Width: 1, Channels: 17},
	} {
		if err := im.Check(); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestImages_SpreadReachesAllOfTheSet(t *testing.T) {
	for _, c := range []struct {
		images, n int
		want      []int
	}{{10, 4, []int{0, 2, 5, 7}}, {3, 3, []int{0, 1, 2}}, {2, 8, []int{0, 1}}, {0, 8, []int{}}} {
		if got := (Images{N: c.images}).Spread(c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d images: %v, want %v", c.n, c.images, got, c.want)
		}
	}
}

func TestSplit_IsImagesOfTheSet(t *testing.T) {
	set, _ := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	sp, _ := split(t, set, "train")
	if err := sp.Check(); err != nil {
		t.Error(err)
	}
	if got := firstBytes(set, sp); got[2] != sp.Images.Slice(2, 3).At(0)[0] {
		t.Errorf("image 2 starts with %d", got[2])
	}
}
