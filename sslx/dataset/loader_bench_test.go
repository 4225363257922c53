package dataset

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"testing"
)

// photograph returns an image of 500x375, the most frequent size in ImageNet, with gradients, edges and noise; as a
// JPEG of quality 90 it takes 80 kB.
func photograph(seed uint64) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, 500, 375))
	for y := range 375 {
		for x := range 500 {
			edge := 40 * float64((x/61+y/47)%2)
			noise := 6 * rng.NormFloat64()
			level := func(phase float64) uint8 {
				v := 100 + 50*math.Sin(float64(x)/70+phase)*math.Cos(float64(y)/50) + edge + noise
				return uint8(min(max(v, 0), 255))
			}
			img.SetRGBA(x, y, color.RGBA{level(0), level(1), level(2), 255})
		}
	}
	return img
}

func jpegOf(b testing.TB, img image.Image) string {
	b.Helper()
	var buffer bytes.Buffer
	if err := jpeg.Encode(&buffer, img, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	return buffer.String()
}

// endless yields the permutations of n images without end, in batches of one length.
func endless(n, batch int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		order := rand.New(rand.NewPCG(1, 2)).Perm(n)
		for at := 0; ; at = (at + batch) % (n - batch + 1) {
			if !yield(order[at : at+batch]) {
				return
			}
		}
	}
}

// benchmarkLoader counts the images that a caller takes who does nothing with them, for several numbers of workers.
func benchmarkLoader(b *testing.B, source Source, batch int) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			l := NewLoader(context.Background(), source, endless(source.Len(), batch), LoaderOptions{Workers: workers})
			defer l.Close()
			take := func() {
				if _, _, err := l.Next(); err != nil && err != io.EOF {
					b.Fatal(err)
				}
			}
			for range 2 * (defaultAhead + 1) {
				take()
			}
			b.ReportAllocs()
			for b.Loop() {
				take()
			}
			b.ReportMetric(float64(b.N)*float64(batch)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// BenchmarkLoader_Pack gathers 32x32 images in batches of 256.
func BenchmarkLoader_Pack(b *testing.B) {
	set, err := Factors(context.Background(), FactorsOptions{Cache: b.TempDir(), Train: 10_000, Test: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		b.Fatal(err)
	}
	benchmarkLoader(b, train, 256)
}

// BenchmarkLoader_PackOf224 gathers 224x224 images in batches of 64.
func BenchmarkLoader_PackOf224(b *testing.B) {
	f := files{}
	content := jpegOf(b, photograph(0))
	for i := range 256 {
		f[fmt.Sprintf("a/%d.jpg", i)] = content
	}
	set, _ := imported(b, f.folder(b, "set"), ImportOptions{Size: 224})
	train, _ := split(b, set, "train")
	benchmarkLoader(b, train, 64)
}

// BenchmarkDecode_JPEG decodes photographs of 500x375 and brings them to 224x224.
func BenchmarkDecode_JPEG(b *testing.B) {
	f := files{}
	for i := range 32 {
		f[fmt.Sprintf("a/%d.jpg", i)] = jpegOf(b, photograph(uint64(i)))
	}
	benchmarkFolder(b, f, 224, 16)
}

// BenchmarkDecode_PNG decodes images of 32x32 at their own size.
func BenchmarkDecode_PNG(b *testing.B) {
	f := files{}
	photo := photograph(0)
	for i := range 256 {
		f[fmt.Sprintf("a/%d.png", i)] = encoded(b, photo.SubImage(image.Rect(i, i/2, i+32, i/2+32)))
	}
	benchmarkFolder(b, f, 0, 128)
}

func benchmarkFolder(b *testing.B, f files, size, batch int) {
	folder, err := OpenFolder(context.Background(), f.folder(b, "set"), "train", size)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkLoader(b, folder, batch)
}
