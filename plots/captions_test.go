package plots

import (
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestCaptionSheet_HasRoomForItsWords(t *testing.T) {
	pixels := images(1, 32, 32)[0]
	line := []Captioned{{Pixels: pixels}, {pixels, []string{"flip"}}}
	sheet, err := CaptionSheet(32, 32, []string{"original", "view 1"}, [][]Captioned{line, line, line})
	if err != nil {
		t.Fatal(err)
	}
	// 32 pixels become 96. A line is 96 + 18 + 96 + 6 + 172 = 388 wide, so that two fit side by side:
	// 3 + 388 + 18 + 388 + 3 wide; 3 + 18 + 2·(96 + 2·3) high.
	if got, want := decode(t, sheet).Bounds().Size(), image.Pt(800, 225); got != want {
		t.Errorf("the sheet is %v, want %v", got, want)
	}
	line[1].Caption = slices.Repeat([]string{"word"}, 20)
	if sheet, err = CaptionSheet(32, 32, nil, [][]Captioned{line}); err != nil {
		t.Fatal(err)
	}
	if got, want := decode(t, sheet).Bounds().Size(), image.Pt(394, 3+20*13+2*3); got != want {
		t.Errorf("with 20 lines of text the sheet is %v, want %v", got, want)
	}
}

func TestCaptionSheet_CaptionsAreDrawnBesideTheirImage(t *testing.T) {
	pixels := images(1, 32, 32)[0]
	dark := func(caption []string) (count int) {
		sheet, err := CaptionSheet(32, 32, nil, [][]Captioned{{{pixels, caption}, {pixels, []string{"x"}}}})
		if err != nil {
			t.Fatal(err)
		}
		picture := decode(t, sheet)
		for y := range 96 {
			for x := 3 + 96; x < 3+96+6+172; x++ {
				if r, _, _, _ := picture.At(x, y).RGBA(); r < 0x8000 {
					count++
				}
			}
		}
		return count
	}
	if without, with := dark([]string{""}), dark([]string{"horizontal-flip"}); without != 0 || with < 50 {
		t.Errorf("%d dark pixels without words and %d with them", without, with)
	}
}

func TestCaptionSheet_LongCaptionsAreWrappedBetweenWords(t *testing.T) {
	lines := wrap(captionPen(), []string{"color-jitter brightness\u00a01.21 contrast\u00a00.83 hue\u00a00.04", "gray"})
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "    contrast") || lines[2] != "gray" {
		t.Errorf("the lines are %q", lines)
	}
}

func TestCaptionSheet_RefusesLinesOfUnequalLength(t *testing.T) {
	pixels := images(1, 8, 8)[0]
	for _, lines := range [][][]Captioned{nil, {{{Pixels: pixels}}, {}}, {{{Pixels: pixels[1:]}}}} {
		if _, err := CaptionSheet(8, 8, nil, lines); !usage.Is(err) {
			t.Errorf("%d lines give %v", len(lines), err)
		}
	}
}
