package pixels

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// agreement is how far the pixels of a group of files are from Pillow's.
type agreement struct {
	files, most int
	sum, values float64
	worst       string
	refused     []string
}

// TestPillow_PixelsAgree compares with what scripts/pixels.py wrote, in the folder SSLX_PIXELS, and reports each group.
func TestPillow_PixelsAgree(t *testing.T) {
	dir := os.Getenv("SSLX_PIXELS")
	if dir == "" {
		t.Skip("SSLX_PIXELS is not set: see scripts/pixels.py")
	}
	list, err := os.ReadFile(filepath.Join(dir, "list.tsv"))
	if err != nil {
		t.Fatal(err)
	}

	groups := map[string]*agreement{}
	for line := range strings.Lines(string(list)) {
		var width, height int
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if _, err := fmt.Sscan(fields[2]+" "+fields[3], &width, &height); err != nil {
			t.Fatal(err)
		}
		g := groups[fields[0]]
		if g == nil {
			g = new(agreement)
			groups[fields[0]] = g
		}
		g.compare(t, filepath.Join(dir, fields[1]), width, height)
	}

	for _, name := range slices.SortedFunc(maps.Keys(groups), cmp.Compare[string]) {
		g := groups[name]
		t.Logf("%-32s %4d files, at most %3d levels, mean %.3f", name, g.files, g.most, g.sum/max(g.values, 1))
		if g.most > 2 {
			t.Logf("    worst: %s", g.worst)
		}
		if len(g.refused) > 0 {
			t.Logf("    %d refused: %s", len(g.refused), g.refused[0])
		}
	}
}

func (g *agreement) compare(t *testing.T, path string, width, height int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path + ".rgb")
	if err != nil {
		t.Fatal(err)
	}
	g.files++
	img, _, err := Decode(t.Context(), data, Options{})
	if err != nil {
		g.refused = append(g.refused, filepath.Base(path)+": "+err.Error())
		return
	}
	if img.Rect.Dx() != width || img.Rect.Dy() != height {
		t.Errorf("%s is %v, want %dx%d", path, img.Rect, width, height)
		return
	}
	for i := range width * height {
		for k := range 3 {
			x, y := i%width, i/width
			diff := int(math.Abs(float64(img.Pix[img.PixOffset(img.Rect.Min.X+x, img.Rect.Min.Y+y)+k]) -
				float64(want[3*i+k])))
			g.sum, g.values = g.sum+float64(diff), g.values+1
			if diff > g.most {
				g.most, g.worst = diff, filepath.Base(path)
			}
		}
	}
}
