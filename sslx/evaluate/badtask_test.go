package evaluate

import (
	img "image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// folder writes an image folder with so many images of each split/class, made by paint.
func folder(t *testing.T, counts map[string]int, paint func(i int) img.Image) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "birds")
	for class, n := range counts {
		dir := filepath.Join(root, class)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			file, err := os.Create(filepath.Join(dir, string(rune('a'+i))+".png"))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, paint(i)); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// square is an RGB image that varies with i.
func square(side int) func(i int) img.Image {
	return func(i int) img.Image {
		m := img.NewRGBA(img.Rect(0, 0, side, side))
		for y := range side {
			for x := range side {
				m.Set(x, y, color.RGBA{byte(9 * i), byte(x * y), byte(x + y + i), 255})
			}
		}
		return m
	}
}

// strange is images of all kinds: gray of 16 bits, with alpha, palettes, of any size.
func strange(i int) img.Image {
	from := square(20 + 3*i)(i)
	at := from.Bounds()
	var to interface {
		img.Image
		Set(x, y int, c color.Color)
	}
	switch i % 4 {
	case 0:
		to = img.NewGray16(at)
	case 1:
		to = img.NewNRGBA64(at)
	case 2:
		palette := []color.Color{color.Black, color.White, color.RGBA{200, 10, 10, 255}}
		to = img.NewPaletted(img.Rect(0, 0, at.Dx(), at.Dy()+9), palette)
	default:
		to = img.NewGray(at)
	}
	for y := range at.Dy() {
		for x := range at.Dx() {
			to.Set(x, y, from.At(x, y))
		}
	}
	return to
}

// birds is the task of the first data of that name, or of others, which are named apart.
var birds = regexp.MustCompile("^birds(-[0-9a-f]{8})?/class$")

// A bad task is refused in one sentence; a strange one is measured.
func testBadTask(t *testing.T, dir string, c pretrain.Config) {
	cached(t)
	many := map[string]int{"train/crow": 12, "train/jay": 12, "test/crow": 3, "test/jay": 3}
	birdsOf := func(foldersAndCounts ...any) string {
		counts := map[string]int{}
		for i := 0; i < len(foldersAndCounts); i += 2 {
			counts[foldersAndCounts[i].(string)] = foldersAndCounts[i+1].(int)
		}
		return folder(t, counts, square(32))
	}
	for name, c := range map[string]struct {
		folder, want string
	}{
		"strange images":   {folder(t, many, strange), ""},
		"larger images":    {folder(t, many, square(40)), ""},
		"one class":        {birdsOf("train/crow", 24, "test/crow", 3), "no labels"},
		"fewer than k":     {birdsOf("train/crow", 9, "train/jay", 4, "test/jay", 1), "at least 20 train images"},
		"other test class": {birdsOf("train/crow", 12, "train/jay", 12, "test/crow", 3, "test/owl", 3), "owl"},
	} {
		results, err := Run(ctx, dir, Options{Tasks: []string{c.folder}, Protocols: []string{ProtocolKNN}})
		if c.want == "" {
			if err != nil || len(results) != 1 || !birds.MatchString(results[0].Task) || results[0].N != 6 {
				t.Errorf("%s: %v (%v)", name, results, err)
			}
			continue
		}
		if !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has several lines: %v", name, err)
		}
	}
}
