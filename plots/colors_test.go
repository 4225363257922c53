package plots

import (
	"image/color"
	"math"
	"testing"
)

func TestColors_ContrastIsThatOfWCAG(t *testing.T) {
	for _, c := range []struct {
		a, b color.Color
		want float64
	}{
		{color.Black, color.White, 21}, {color.White, color.Black, 21}, {blue, blue, 1},
		// #767676 on white is the well-known lightest gray that passes 4.5.
		{color.White, color.RGBA{0x76, 0x76, 0x76, 0xff}, 4.54},
	} {
		if got := contrast(c.a, c.b); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%v on %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestColors_EveryNumberCanBeReadOnItsCell(t *testing.T) {
	for n := range 201 {
		level := float64(n) / 200
		for _, fill := range []color.RGBA{shade(level), tint(2*level - 1)} {
			if got := contrast(inkOn(fill), fill); got < 4.5 {
				t.Errorf("level %v: a contrast of %.2f on %v, want 4.5", level, got, fill)
			}
		}
	}
}

// lightness returns the L* of CIELAB, in [0, 100], from the relative luminance.
func lightness(c color.Color) float64 {
	y := luminance(c)
	if y <= 216./24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

func TestColors_EqualStepsLookEqual(t *testing.T) {
	first, last := lightness(shade(0)), lightness(shade(1))
	if first < 95 || last > 20 {
		t.Errorf("the lightness goes from %.0f to %.0f", first, last)
	}
	for n := range 101 {
		share := float64(n) / 100
		// Colors are rounded to 8 bits, and those of dark blue to coarse steps of lightness.
		if got, want := lightness(shade(share)), first+share*(last-first); math.Abs(got-want) > 2 {
			t.Errorf("share %v: lightness %.1f, want %.1f", share, got, want)
		}
	}
}

func TestColors_DivergingColorsTellTheSign(t *testing.T) {
	for _, v := range []float64{0.2, 0.5, 1} {
		if below, above := tint(-v), tint(v); below.R <= below.B || above.B <= above.R {
			t.Errorf("-%v is %v and %v is %v, want red and blue", v, below, v, above)
		}
	}
	if c := tint(0); math.Abs(float64(c.R)-float64(c.B)) > 3 || c.R < 0xd0 {
		t.Errorf("zero is %v, want a light gray", c)
	}
}

func TestColors_BeyondTheEndsAreThoseOfTheEnds(t *testing.T) {
	if shade(-3) != shade(0) || shade(7) != shade(1) || tint(-2) != tint(-1) || tint(2) != tint(1) {
		t.Error("a value beyond the ends has a color of its own")
	}
}
