package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// wide returns an image of 24x16.
func wide() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		img.Set(i%24, i/24, color.NRGBA{uint8(7 * i), uint8(3 * i), uint8(i), 255})
	}
	return img
}

// TestFit_IsWhatAnImportDoes compares a picture in memory and in a file with the same picture in a pack, and its name.
func TestFit_IsWhatAnImportDoes(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, wide()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "train", "cat", "wide.png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := Locate(t.Context(), dir, LocateOptions{Cache: t.TempDir(), Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		t.Fatal(err)
	}
	if names := train.Names(); !slices.Equal(names, []string{"train/cat/wide.png"}) {
		t.Errorf("the image is called %q", names)
	}

	fitted, err := FitImages(t.Context(), []image.Image{wide(), wide()}, 8)
	if err != nil || fitted.N != 2 || !bytes.Equal(fitted.At(1), train.At(0)) {
		t.Errorf("an image in memory becomes another one: %v", err)
	}
	read, err := ReadImage(t.Context(), path, 8)
	if err != nil || !bytes.Equal(read.Pixels, train.At(0)) {
		t.Errorf("an image in a file becomes another one: %v", err)
	}
}

func TestFit_RefusesWhatIsNoImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + ".absent"} {
		if _, err := ReadImage(t.Context(), p, 8); !usage.Is(err) {
			t.Errorf("%s gives %v", p, err)
		}
	}
	if _, err := DecodeImage(t.Context(), bytes.NewReader(nil), 0); usage.ArgumentOf(err) != "size" {
		t.Errorf("no size gives %v", err)
	}
	strip := image.NewGray(image.Rect(0, 0, 100_000, 1))
	if _, err := FitImages(t.Context(), []image.Image{strip}, 4096); !usage.Is(err) {
		t.Errorf("a strip gives %v", err)
	}
}
