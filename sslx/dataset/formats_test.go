package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/sslx-go/lab/internal/usage"
)

// turnedJPEG is a JPEG of 8x4 pixels that is to be turned to the right by a quarter.
func turnedJPEG(t testing.TB) string {
	t.Helper()
	plain := jpegOf(t, image.NewGray(image.Rect(0, 0, 8, 4)))
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" +
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	segment := binary.BigEndian.AppendUint16([]byte("\xff\xe1"), uint16(len(exif)+2))
	return plain[:2] + string(segment) + exif + plain[2:]
}

func noteWith(notes []string, part string) bool {
	return slices.ContainsFunc(notes, func(note string) bool { return strings.Contains(note, part) })
}

func TestImport_ContentTellsTheFormat(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.RGBA{200, 100, 50, 255}, color.Black})
	var asGIF, asBMP, asTIFF bytes.Buffer
	for _, err := range []error{gif.Encode(&asGIF, img, nil), bmp.Encode(&asBMP, img), tiff.Encode(&asTIFF, img, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f := files{"a/1.jpg": asGIF.String(), "a/2.png": asBMP.String(), "a/3.webp": asTIFF.String(),
		"a/4.tif": encoded(t, img), "a/5.JFIF": asGIF.String()}

	set, report := imported(t, f.folder(t, "set"), ImportOptions{SplitFrom: "none"})
	sp, _ := split(t, set, "train")
	if sp.N != 5 {
		t.Fatalf("%d images, and notes %q", sp.N, report.Notes)
	}
	for i := range sp.N {
		if got := sp.At(i)[:3]; !slices.Equal(got, []byte{200, 100, 50}) {
			t.Errorf("image %d is %v", i, got)
		}
	}

	// A folder that is read without a pack gives the same bytes.
	folder, err := OpenFolder(t.Context(), set.Origin(), "train", 0)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, sp.Stride())
	for i := range folder.Len() {
		if err := folder.Read(dst, i); err != nil || !bytes.Equal(dst, sp.At(i)) {
			t.Errorf("unpacked image %d differs (%v)", i, err)
		}
	}
}

func TestImport_TurnsImagesUprightAndCountsThem(t *testing.T) {
	source := files{"a/1.jpg": turnedJPEG(t), "a/2.jpg": turnedJPEG(t)}.folder(t, "set")
	set, report := imported(t, source, ImportOptions{})
	if set.Height() != 8 || set.Width() != 4 {
		t.Errorf("it is %dx%d", set.Height(), set.Width())
	}
	if !noteWith(report.Notes, "2 of 2 images were turned upright") {
		t.Errorf("notes are %q", report.Notes)
	}

	set, report = imported(t, source, ImportOptions{AsStored: true})
	if set.Height() != 4 || set.Width() != 8 || noteWith(report.Notes, "upright") {
		t.Errorf("as stored it is %dx%d, with notes %q", set.Height(), set.Width(), report.Notes)
	}
}

func TestImport_ADifferentChoiceOfPixelsIsAnotherImport(t *testing.T) {
	cache, source := t.TempDir(), files{"a/1.jpg": turnedJPEG(t), "a/2.jpg": turnedJPEG(t)}.folder(t, "set")
	for i, opt := range []ImportOptions{{}, {AsStored: true}, {AsStored: true}, {}} {
		opt.Cache = cache
		_, report := imported(t, source, opt)
		if want := i >= 2; report.Reused != want {
			t.Errorf("import %d: reused is %v", i, report.Reused)
		}
	}
}

// deepImages are images of 16 bits that use n bits.
func deepImages(t testing.TB, bits int) files {
	t.Helper()
	f := files{}
	for i := range 3 {
		img := image.NewGray16(image.Rect(0, 0, 4, 4))
		for k := range 16 {
			img.SetGray16(k%4, k/4, color.Gray16{uint16((1<<bits - 1) * (k + i) / 17)})
		}
		f[fmt.Sprintf("a/%d.png", i)] = encoded(t, img)
	}
	return f
}

func TestImport_SaysWhenDeepImagesUseLittleOfTheirRange(t *testing.T) {
	dark := deepImages(t, 12).folder(t, "set")
	_, report := imported(t, dark, ImportOptions{})
	if !noteWith(report.Notes, "less than a quarter of the range (0 to 4095 of 65535)") ||
		!noteWith(report.Notes, "sample range 12") {
		t.Errorf("notes are %q", report.Notes)
	}

	// What the note proposes ends it, and the pixels use their range.
	set, report := imported(t, dark, ImportOptions{Range: "12", SplitFrom: "none"})
	sp, _ := split(t, set, "train")
	if noteWith(report.Notes, "quarter") || slices.Max(sp.Pixels) != 255 {
		t.Errorf("notes are %q, the largest byte is %d", report.Notes, slices.Max(sp.Pixels))
	}

	_, report = imported(t, deepImages(t, 16).folder(t, "set"), ImportOptions{})
	if noteWith(report.Notes, "quarter") || !noteWith(report.Notes, "by their high byte") {
		t.Errorf("notes are %q", report.Notes)
	}
	_, _, err := Import(t.Context(), dark, ImportOptions{Cache: t.TempDir(), Range: "8"})
	if !usage.Is(err) || usage.ArgumentOf(err) != "sample-range" {
		t.Errorf("got %v", err)
	}
}

func TestImport_AnEarlyEndIsKeptWhereBadImagesAreSkipped(t *testing.T) {
	whole := jpegOf(t, photograph(1).SubImage(image.Rect(0, 0, 96, 96)))
	f := files{"a/1.jpg": whole, "a/2.jpg": whole[:len(whole)-8], "a/3.jpg": whole[:len(whole)/2]}
	err := importError(t, f.folder(t, "set"), ImportOptions{SplitFrom: "none"})
	if !strings.Contains(err.Error(), "it is cut short") || usage.ArgumentOf(err) != "skip-bad" {
		t.Errorf("got %v", err)
	}

	set, report := imported(t, f.folder(t, "set"), ImportOptions{SkipBad: true, SplitFrom: "none"})
	sp, _ := split(t, set, "train")
	if sp.N != 2 || len(report.Skipped) != 1 || report.Skipped[0].Name != "a/3.jpg" {
		t.Errorf("%d images, without %v", sp.N, report.Skipped)
	}
	if !noteWith(report.Notes, "1 of 2 images end early") {
		t.Errorf("notes are %q", report.Notes)
	}
}

func TestImport_ALargeJPEGIsDecodedAtReducedSize(t *testing.T) {
	large := jpegOf(t, image.NewGray(image.Rect(0, 0, 400, 300)))
	source := files{"a/1.jpg": large, "a/2.jpg": large}.folder(t, "set")
	err := importError(t, source, ImportOptions{MaxPixels: 100_000})
	if !strings.Contains(err.Error(), "400x300 pixels and 100000 are allowed") ||
		usage.ArgumentOf(err) != "max-pixels" {
		t.Errorf("got %v, about %q", err, usage.ArgumentOf(err))
	}
	imported(t, source, ImportOptions{MaxPixels: 120_000})
	imported(t, source, ImportOptions{MaxPixels: 10_000, Size: 32})

	// Reduced pixels are bounded as well.
	err = importError(t, source, ImportOptions{MaxPixels: 5_000, Size: 32})
	if !strings.Contains(err.Error(), "5000 are allowed") {
		t.Errorf("got %v", err)
	}
}

func TestImport_APackOfOlderRulesIsMadeAgain(t *testing.T) {
	cache, source := t.TempDir(), files{"a/1.jpg": turnedJPEG(t), "a/2.jpg": turnedJPEG(t)}.folder(t, "set")
	set, report := imported(t, source, ImportOptions{Cache: cache})
	old := set.header
	old.Rules = rules - 1
	writeHeader(t, set, &old, report.Pack)
	if _, again := imported(t, source, ImportOptions{Cache: cache}); again.Reused {
		t.Error("a pack of older rules was taken")
	}
	if _, again := imported(t, source, ImportOptions{Cache: cache}); !again.Reused {
		t.Error("a pack of the same rules was made again")
	}
}
