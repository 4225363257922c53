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

func TestTheGeneratedSetDependsOnItsSeedOnly(t *testing.T) {
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
func TestTheGeneratedSetKeepsItsFingerprint(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors may round differently")
	}
	const want = "2342d71fbbd31406aa3e08c64fd642daedaf3445278abddc949b29a30f4a068a"
	if got := generated(t, FactorsOptions{Train: 64, Test: 16}).Fingerprint(); got != want {
		t.Errorf("fingerprint is %s, want %s", got, want)
	}
}

func TestFactorsAreUniformAndIndependent(t *testing.T) {
	const n = 3000
	o := FactorsOptions{Train: n, Test: 1}
	tasks := factorTasks()
	labels := make([][]int32, n)
	for i := range labels {
		labels[i] = make([]int32, len(tasks))
		drawLabels(o.random(i), labels[i])
	}
	for a := range tasks {
		for b := range a {
			ka, kb := len(tasks[a].Classes), len(tasks[b].Classes)
			counts := make([]float64, ka*kb)
			for _, l := range labels {
				counts[int(l[a])*kb+int(l[b])]++
			}
			expected, chi := float64(n)/float64(ka*kb), 0.0
			for _, c := range counts {
				chi += (c - expected) * (c - expected) / expected
			}
			// Pearson's statistic has mean k-1 and variance 2(k-1); five deviations are never reached by chance here.
			k := float64(ka*kb - 1)
			if chi > k+5*math.Sqrt(2*k) {
				t.Errorf("%s and %s: chi square is %.0f for %.0f degrees of freedom", tasks[a].Name, tasks[b].Name,
					chi, k)
			}
		}
	}
}

func TestNoTestImageIsATrainImage(t *testing.T) {
	set := generated(t, FactorsOptions{Train: 200, Test: 200})
	const area = factorsSide * factorsSide * 3
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

// Without nuisances, the pixels must show what the labels say.
func TestLabelsDescribeThePixels(t *testing.T) {
	for position := range int32(9) {
		labels := []int32{0, 3, 0, 0, 1, position, 0}
		s := newScene(FactorsOptions{}.random(int(position)), labels)
		s.clutter, s.object, s.light, s.dark = nil, rgb{1, 1, 1}, rgb{}, rgb{}
		var mass, x, y float64
		for i := range factorsSide * factorsSide {
			px, py := float64(i%factorsSide)+0.5, float64(i/factorsSide)+0.5
			v := s.at(px, py)[0]
			mass, x, y = mass+v, x+v*px, y+v*py
		}
		// Cells are 5.5 pixels apart and their edges lie 2.75 from the middle.
		column, row := math.Round((x/mass-16)/5.5)+1, math.Round((y/mass-16)/5.5)+1
		if int32(3*row+column) != position {
			t.Errorf("position %d: the object lies in column %v of row %v", position, column, row)
		}
		if want := math.Pi * s.long * s.short; math.Abs(mass-want) > 0.1*want {
			t.Errorf("the ellipse covers %.1f pixels, want %.1f", mass, want)
		}
	}
}

func TestHuesAreThoseOfTheColourCircle(t *testing.T) {
	for hue, want := range map[float64]rgb{0: {1, 0, 0}, 60: {1, 1, 0}, 120: {0, 1, 0}, 240: {0, 0, 1}, -60: {1, 0,
		1}} {
		for k, v := range hsv(hue, 1, 1) {
			if math.Abs(v-want[k]) > 1e-12 {
				t.Errorf("hue %v gives %v, want %v", hue, hsv(hue, 1, 1), want)
			}
		}
	}
}

func TestASheetOfGeneratedImagesIsNeitherFlatNorSaturated(t *testing.T) {
	set := generated(t, FactorsOptions{Train: 64, Test: 1})
	train, _ := split(t, set, "train")
	sheet := image.NewRGBA(image.Rect(0, 0, 8*factorsSide, 8*factorsSide))
	for i := range train.N {
		pixels := train.Pixels[i*factorsSide*factorsSide*3:][:factorsSide*factorsSide*3]
		tile := image.NewRGBA(image.Rect(0, 0, factorsSide, factorsSide))
		var sum, squares float64
		for k := range factorsSide * factorsSide {
			tile.SetRGBA(k%factorsSide, k/factorsSide, color.RGBA{pixels[3*k], pixels[3*k+1], pixels[3*k+2], 255})
			v := float64(pixels[3*k]) + float64(pixels[3*k+1]) + float64(pixels[3*k+2])
			sum, squares = sum+v, squares+v*v
		}
		mean := sum / (factorsSide * factorsSide)
		if deviation := math.Sqrt(squares/(factorsSide*factorsSide) - mean*mean); deviation < 15 || mean < 30 ||
			mean > 690 {
			t.Errorf("image %d has mean %.0f and deviation %.0f of 765", i, mean, deviation)
		}
		at := image.Pt(i%8*factorsSide, i/8*factorsSide)
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

func TestNegativeNumbersOfImagesAreAUsageError(t *testing.T) {
	if _, err := Factors(context.Background(), FactorsOptions{Train: -1}); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkFactorsImage(b *testing.B) {
	o := FactorsOptions{Train: math.MaxInt}
	p := o.plan()
	for i := range b.N {
		if _, err := p.draw(item{position: i, labels: make([]int32, len(factorList))}); err != nil {
			b.Fatal(err)
		}
	}
}
