package report

import (
	"context"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
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

func TestWriteRun_PageShowsTheNumbersOfTheRun(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	dir := filepath.Join(t.TempDir(), "quick")
	c, err := sslx.ReadConfig("quickstart", []string{"epochs=1", "seed=3"})
	if err != nil {
		t.Fatal(err)
	}
	c.Data = imageFolder(t)
	if _, err := sslx.Pretrain(context.Background(), dir, c, sslx.Options{}); err != nil {
		t.Fatal(err)
	}
	results, err := sslx.Evaluate(context.Background(), dir,
		sslx.EvaluateOptions{Protocols: []string{evaluate.ProtocolKNN}, Baselines: true})
	if err != nil {
		t.Fatal(err)
	}
	path, err := WriteRun(context.Background(), dir, sslx.Options{})
	if err != nil || path != filepath.Join(dir, "report.html") {
		t.Fatalf("%s (%v)", path, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	text := html.UnescapeString(string(raw))
	models := map[string]bool{}
	for _, r := range results {
		models[r.Model] = true
		if r.Task != "shades/class" || r.N != 24 || r.Seed != 3 || r.Run != "quick" {
			t.Errorf("%+v", r)
		}
		if value := fmt.Sprintf("%.1f %%", 100*r.Value); !strings.Contains(text, value) {
			t.Errorf("the report lacks %s of %s", value, r.Model)
		}
	}
	if len(results) != 4 || !models["pixels"] || !models["untrained"] || !models["untrained-bn"] || !models["simclr"] {
		t.Errorf("results of %v", models)
	}
	for _, want := range []string{`<table class="results"`, "<h2>Views", "Nearest neighbors", "seed: 3", "untrained",
		"pixels"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if n := strings.Count(text, "<img "); n != 5 { // results, curve, views, neighbors, map
		t.Errorf("%d pictures, want 5", n)
	}
	if found := regexp.MustCompile(`(?i)<script|https?://|(src|href)="[^d"]`).FindString(text); found != "" {
		t.Errorf("the report loads or runs %q", found)
	}
}

func TestWriteRun_RefusesAFolderWithoutARun(t *testing.T) {
	dir := t.TempDir()
	_, err := WriteRun(context.Background(), dir, sslx.Options{})
	if entries, _ := os.ReadDir(dir); !usage.Is(err) || len(entries) != 0 {
		t.Errorf("got %v, and %v", err, entries)
	}
}
