package dataset

import (
	"math"
	"slices"
	"testing"
)

const transformSide = 5

// noisy is an image in which neighboring pixels have nothing in common.
func noisy() []byte {
	src := make([]byte, transformSide*transformSide*3)
	for i := range src {
		src[i] = byte(i * 37 % 251)
	}
	return src
}

func pixelAt(x []byte, row, column, channel int) byte { return x[(row*transformSide+column)*3+channel] }

func TestRotate_MovesEachPixel(t *testing.T) {
	src, dst := noisy(), make([]byte, len(noisy()))
	for quarters, from := range []func(row, column int) (int, int){
		func(r, c int) (int, int) { return r, c },
		func(r, c int) (int, int) { return c, transformSide - 1 - r }, // a turn to the left
		func(r, c int) (int, int) { return transformSide - 1 - r, transformSide - 1 - c },
		func(r, c int) (int, int) { return transformSide - 1 - c, r },
	} {
		Rotate(quarters)(dst, src, transformSide, transformSide)
		for row := range transformSide {
			for column := range transformSide {
				fromRow, fromColumn := from(row, column)
				if pixelAt(dst, row, column, 1) != pixelAt(src, fromRow, fromColumn, 1) {
					t.Fatalf("%d quarters: pixel %d, %d is not that at %d, %d", quarters, row, column, fromRow,
						fromColumn)
				}
			}
		}
	}
}

func TestGrayscale_IsTheLuma(t *testing.T) {
	src, dst := noisy(), make([]byte, len(noisy()))
	Grayscale()(dst, src, transformSide, transformSide)

	want := byte(math.Round(0.299*float64(src[0]) + 0.587*float64(src[1]) + 0.114*float64(src[2])))
	if !slices.Equal(dst[:3], []byte{want, want, want}) {
		t.Errorf("gray is %v of %v, want %d", dst[:3], src[:3], want)
	}
}

func TestGaussianBlur_KeepsAnEvenImage(t *testing.T) {
	flat := slices.Repeat([]byte{90, 10, 200}, transformSide*transformSide)
	dst := make([]byte, len(flat))
	for _, sigma := range []float64{0.5, 1, 2} {
		if GaussianBlur(sigma)(dst, flat, transformSide, transformSide); !slices.Equal(dst, flat) {
			t.Errorf("a blur of %g changes an even image", sigma)
		}
	}
}

func TestGaussianBlur_SpreadsADot(t *testing.T) {
	dot, dst := make([]byte, transformSide*transformSide*3), make([]byte, transformSide*transformSide*3)
	dot[(2*transformSide+2)*3] = 255
	GaussianBlur(1)(dst, dot, transformSide, transformSide)

	// One pixel from the middle is one standard deviation.
	ratio := float64(pixelAt(dst, 2, 1, 0)) / float64(pixelAt(dst, 2, 2, 0))
	if math.Abs(ratio-math.Exp(-0.5)) > 0.02 {
		t.Errorf("the neighbor has %g of the middle, want %g", ratio, math.Exp(-0.5))
	}
	if pixelAt(dst, 1, 2, 0) != pixelAt(dst, 2, 1, 0) {
		t.Error("rows and columns are blurred differently")
	}
	if pixelAt(dst, 2, 2, 1) != 0 {
		t.Error("a channel runs into another")
	}
}

func TestIdentity_Copies(t *testing.T) {
	src, dst := noisy(), make([]byte, len(noisy()))
	if Identity()(dst, src, transformSide, transformSide); !slices.Equal(dst, src) {
		t.Errorf("got %v, want %v", dst, src)
	}
}
