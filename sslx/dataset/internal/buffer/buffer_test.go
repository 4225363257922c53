package buffer

import (
	"image"
	"testing"
)

func TestBytes_HaveTheirLengthWhateverWasKept(t *testing.T) {
	for _, n := range []int{0, 1, 100, 7, 100_000, 3} {
		b := Bytes(n)
		if len(b) != n {
			t.Fatalf("%d bytes, want %d", len(b), n)
		}
		Keep(b)
	}
	Keep(nil)
	if img := RGBA(image.Rect(1, 1, 4, 3)); len(img.Pix) != 24 || img.PixOffset(3, 2) != 20 {
		t.Errorf("the image is %v with %d bytes", img.Rect, len(img.Pix))
	}
}
