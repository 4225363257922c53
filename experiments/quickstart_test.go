package experiments

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

func TestMain(m *testing.M) {
	testbackend.Unoptimized()
	testbackend.Main(m)
}

// imageFolder makes a folder of 144 training and 24 test images of 16x16 pixels in two classes.
func imageFolder(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "shades")
	for split, n := range map[string]int{"train": 72, "test": 12} {
		for class, base := range map[string]int{"dark": 0, "light": 128} {
			dir := filepath.Join(root, split, class)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				writePNG(t, filepath.Join(dir, fmt.Sprintf("%03d.png", i)), base, i)
			}
		}
	}
	return root
}

func writePNG(t *testing.T, path string, base, seed int) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			v := uint8(base + (x*seed+y*y+17*seed)%120)
			m.Set(x, y, color.RGBA{v, uint8(base + y*(seed%7)), uint8(base + x), 255})
		}
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, m); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestQuickstart_ResultsAreThoseOfTheRun(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	dir := filepath.Join(t.TempDir(), "quick")
	results, err := Quickstart(context.Background(), dir, QuickstartOptions{Data: imageFolder(t), Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := record.ReadResults(dir); err != nil || !reflect.DeepEqual(kept, results) {
		t.Errorf("returned %+v, kept %v (%v)", results, kept, err)
	}

	models := map[string]bool{}
	for _, r := range results {
		models[r.Model] = true
		if r.Task != "shades/class" || r.N != 24 || r.Seed != 3 || r.Run != "quick" {
			t.Errorf("%+v", r)
		}
	}
	if len(results) != 3 || !models["pixels"] || !models["untrained"] || !models["simclr"] {
		t.Errorf("results of %v", models)
	}
	if _, err := Quickstart(context.Background(), dir, QuickstartOptions{}); !usage.Is(err) {
		t.Errorf("a second quickstart in the folder gave %v", err)
	}
}

func TestTheQuickstartConfigurationIsValidAndItsDataAndSeedAreTheCallers(t *testing.T) {
	for data, want := range map[string]string{"": "factors", "factors": "factors", "cifar10": "cifar10"} {
		c := QuickstartConfig(data, 9)
		if err := c.Check(); err != nil || c.Data != want || c.Seed != 9 {
			t.Errorf("%q: %+v (%v)", data, c, err)
		}
	}
}
