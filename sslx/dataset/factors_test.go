package dataset

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/scene"
)

func generated(t testing.TB, opt FactorsOptions) *Set {
	t.Helper()
	if opt.Cache == "" {
		opt.Cache = t.TempDir()
	}
	set, err := Factors(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func TestFactors_DependOnTheirSeedOnly(t *testing.T) {
	first := generated(t, FactorsOptions{Train: 40, Test: 10, Seed: 5})
	again := generated(t, FactorsOptions{Train: 40, Test: 10, Seed: 5})
	other := generated(t, FactorsOptions{Train: 40, Test: 10, Seed: 6})
	longer := generated(t, FactorsOptions{Train: 60, Test: 20, Seed: 5})
	if first.Fingerprint() != again.Fingerprint() {
		t.Error("the same seed gave another set")
	}
	if first.Fingerprint() == other.Fingerprint() {
		t.Error("another seed gave the same set")
	}
	for _, name := range first.Splits() {
		short, shortLabels := split(t, first, name)
		long, longLabels := split(t, longer, name)
		if !bytes.HasPrefix(long.Pixels, short.Pixels) || !slices.Equal(longLabels[:short.N], shortLabels) {
			t.Errorf("the longer %s split does not start as the shorter one", name)
		}
	}
}

// The sum was computed by this package, version 1 of the set, on amd64: a change of it needs a new factorsVersion.
func TestFactors_KeepTheirFingerprint(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors may round differently")
	}
	const want = "2342d71fbbd31406aa3e08c64fd642daedaf3445278abddc949b29a30f4a068a"
	if got := generated(t, FactorsOptions{Train: 64, Test: 16}).Fingerprint(); got != want {
		t.Errorf("fingerprint is %s, want %s", got, want)
	}
}

func TestFactors_NoTestImageIsATrainImage(t *testing.T) {
	set := generated(t, FactorsOptions{Train: 200, Test: 200})
	const area = scene.Side * scene.Side * 3
	train, _ := split(t, set, "train")
	test, _ := split(t, set, "test")
	seen := map[string]bool{}
	for i := range train.N {
		seen[string(train.Pixels[i*area:][:area])] = true
	}
	for i := range test.N {
		if seen[string(test.Pixels[i*area:][:area])] {
			t.Errorf("test image %d is in train", i)
		}
	}
}

func TestFactors_AreNeitherFlatNorSaturated(t *testing.T) {
	set := generated(t, FactorsOptions{Train: 64, Test: 1})
	train, _ := split(t, set, "train")
	sheet := image.NewRGBA(image.Rect(0, 0, 8*scene.Side, 8*scene.Side))
	for i := range train.N {
		pixels := train.Pixels[i*scene.Side*scene.Side*3:][:scene.Side*scene.Side*3]
		tile := image.NewRGBA(image.Rect(0, 0, scene.Side, scene.Side))
		var sum, squares float64
		for k := range scene.Side * scene.Side {
			tile.SetRGBA(k%scene.Side, k/scene.Side, color.RGBA{pixels[3*k], pixels[3*k+1], pixels[3*k+2], 255})
			v := float64(pixels[3*k]) + float64(pixels[3*k+1]) + float64(pixels[3*k+2])
			sum, squares = sum+v, squares+v*v
		}
		mean := sum / (scene.Side * scene.Side)
		if deviation := math.Sqrt(squares/(scene.Side*scene.Side) - mean*mean); deviation < 15 || mean < 30 ||
			mean > 690 {
			t.Errorf("image %d has mean %.0f and deviation %.0f of 765", i, mean, deviation)
		}
		at := image.Pt(i%8*scene.Side, i/8*scene.Side)
		draw.Draw(sheet, tile.Rect.Add(at), tile, image.Point{}, draw.Src)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "sheet.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := png.Encode(file, sheet); err != nil {
		t.Fatal(err)
	}
}

func TestFactors_NegativeNumbersOfImagesAreAUsageError(t *testing.T) {
	if _, err := Factors(context.Background(), FactorsOptions{Train: -1}); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkFactors_Image(b *testing.B) {
	o := FactorsOptions{Train: math.MaxInt}
	p := o.plan()
	for i := range b.N {
		if _, err := p.Draw(Item{Position: i, Labels: make([]int32, len(scene.Factors))}); err != nil {
			b.Fatal(err)
		}
	}
}
