package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"testing"
)

func TestDecode_EveryKindOfImageBecomesRGBAsStated(t *testing.T) {
	square := image.Rect(0, 0, 2, 2)
	fill := func(img interface{ Set(x, y int, c color.Color) }, c color.Color) {
		for i := range 4 {
			img.Set(i%2, i/2, c)
		}
	}
	gray8, gray16, alpha := image.NewGray(square), image.NewGray16(square), image.NewNRGBA(square)
	deep, deepAlpha := image.NewRGBA64(square), image.NewNRGBA64(square)
	palette := image.NewPaletted(square, color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{200, 100, 50, 0}})
	fill(gray8, color.Gray{77})
	fill(gray16, color.Gray16{0x4dff})
	fill(alpha, color.NRGBA{200, 100, 50, 10})
	fill(deep, color.RGBA64{0xc8ff, 0x64ff, 0x32ff, 0xffff})
	fill(deepAlpha, color.NRGBA64{0xc8ff, 0x64ff, 0x32ff, 0})
	for i := range palette.Pix {
		palette.Pix[i] = 1
	}
	for name, c := range map[string]struct {
		img  image.Image
		want []byte
	}{
		"gray is replicated":                    {gray8, []byte{77, 77, 77}},
		"16-bit gray keeps the high byte":       {gray16, []byte{77, 77, 77}},
		"alpha is dropped":                      {alpha, []byte{200, 100, 50}},
		"16-bit color keeps the high byte":      {deep, []byte{200, 100, 50}},
		"16-bit color with alpha, likewise":     {deepAlpha, []byte{200, 100, 50}},
		"a palette is looked up, alpha dropped": {palette, []byte{200, 100, 50}},
	} {
		t.Run(name, func(t *testing.T) {
			set, _ := imported(t, files{"a/1.png": encoded(t, c.img)}.folder(t, "set"), ImportOptions{})
			sp, _ := split(t, set, "train")
			if !slices.Equal(sp.Pixels, slices.Repeat(c.want, 4)) {
				t.Errorf("pixels are %v, want %v four times", sp.Pixels, c.want)
			}
		})
	}
}

func TestDecode_JPEG(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range 256 {
		img.Set(i%16, i/16, color.RGBA{200, 100, 50, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	set, _ := imported(t, files{"a/1.jpg": b.String()}.folder(t, "set"), ImportOptions{})
	sp, _ := split(t, set, "train")
	for k, want := range []float64{200, 100, 50} {
		if math.Abs(float64(sp.Pixels[k])-want) > 2 {
			t.Errorf("channel %d is %d, want about %v", k, sp.Pixels[k], want)
		}
	}
}

func TestStats_AreOfTrainAndAConstantChannelDividesByOne(t *testing.T) {
	f := files{"train/a/1.png": pngOf(t, 1, 1, color.RGBA{0, 51, 255, 255}), "train/a/2.png": pngOf(t, 1, 1,
		color.RGBA{255, 51, 0, 255}),
		"test/a/1.png": pngOf(t, 1, 1, color.RGBA{9, 9, 9, 255})}
	set, report := imported(t, f.folder(t, "set"), ImportOptions{})
	// By hand: two pixels at 0 and 255 have mean and deviation 1/2; 51 is a fifth of 255.
	if !slices.Equal(report.Mean, []float64{0.5, 0.2, 0.5}) || !slices.Equal(report.Std, []float64{0.5, 0, 0.5}) {
		t.Errorf("mean %v, std %v", report.Mean, report.Std)
	}
	// The green channel has one value: it must not be divided by 0.
	if mean, std := set.Stats(); !slices.Equal(mean, report.Mean) || !slices.Equal(std, []float64{0.5, 1, 0.5}) {
		t.Errorf("for normalization: mean %v, std %v", mean, std)
	}
}

// grayAlpha returns a PNG of color type 4 (gray with alpha), which image/png reads and does not write: 1x1 pixel, one
// filter byte and then the samples (https://www.w3.org/TR/png-3/#11IHDR).
func grayAlpha(t *testing.T, bits byte, samples ...byte) string {
	t.Helper()
	var data bytes.Buffer
	w := zlib.NewWriter(&data)
	if _, err := w.Write(append([]byte{0}, samples...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []string{"IHDR\x00\x00\x00\x01\x00\x00\x00\x01" + string(bits) + "\x04\x00\x00\x00",
		"IDAT" + data.String(), "IEND"} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-4))
		out = append(out, chunk...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE([]byte(chunk)))
	}
	return string(out)
}

func TestDecode_GrayWithAlphaIsReplicatedAndItsAlphaDropped(t *testing.T) {
	for name, content := range map[string]string{
		"8 bit": grayAlpha(t, 8, 77, 3), "16 bit": grayAlpha(t, 16, 77, 255, 0, 0),
	} {
		set, _ := imported(t, files{"a/1.png": content}.folder(t, "set"), ImportOptions{})
		if sp, _ := split(t, set, "train"); !slices.Equal(sp.Pixels, []byte{77, 77, 77}) {
			t.Errorf("%s: pixels are %v", name, sp.Pixels)
		}
	}
}

func TestDecode_AGrayJPEGIsReplicated(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = 77
	}
	set, _ := imported(t, files{"a/1.jpg": jpegOf(t, img)}.folder(t, "set"), ImportOptions{})
	sp, _ := split(t, set, "train")
	for _, v := range sp.Pixels {
		if v < 76 || v > 78 {
			t.Fatalf("pixels are %v, want about 77", sp.Pixels)
		}
	}
}
