package dataset

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/jpeg"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// importError imports a source and returns its error.
func importError(t *testing.T, source string, opt ImportOptions) error {
	t.Helper()
	opt.Cache = t.TempDir()
	_, _, err := Import(t.Context(), source, opt)
	if err == nil {
		t.Fatal("it was accepted")
	}
	if left := leftBehind(t, opt.Cache); left != nil {
		t.Errorf("left behind: %v", left)
	}
	return err
}

func TestCIFAR_FilesOfSeveralSetsAreNamed(t *testing.T) {
	ten, hundred := cifar10Files(), files{"train.bin": record(1, 2, 3, 19, 99), "test.bin": record(4, 5, 6, 2, 0)}
	for name, f := range map[string]files{
		"twice":        ten.below("a").with(ten.below("b")),
		"one copy":     ten.with(files{"copy/data_batch_1.bin": ten["data_batch_1.bin"]}),
		"two versions": ten.below("a").with(hundred.below("b")),
		"one folder":   ten.with(hundred),
		"scattered":    hundred.with(files{"b/train.bin": hundred["train.bin"], "train.bin": ""}),
	} {
		err := importError(t, f.folder(t, "set"), ImportOptions{})
		if !usage.Is(err) || !strings.Contains(err.Error(), "CIFAR files of several sets") ||
			strings.Count(err.Error(), ".bin") != 2 {
			t.Errorf("%s: got %v, want both files", name, err)
		}
	}
}

func TestIDX_FilesOfSeveralSetsAreNamed(t *testing.T) {
	digits, clothes := mnistFiles(), mnistFiles()
	clothes["train-labels-idx1-ubyte"] = idxContent(idxLabels, []uint32{3}, "\x02\x02\x02")
	other := digits.with(files{"train-images-idx3-ubyte.gz": gzipped(t, "x")})
	for name, f := range map[string]files{
		"torchvision's raw folders": digits.below("MNIST/raw").with(clothes.below("FashionMNIST/raw")),
		"the same twice":            digits.below("a").with(digits.below("b")),
		"labels elsewhere": {"a/train-images-idx3-ubyte": digits["train-images-idx3-ubyte"],
			"b/train-labels-idx1-ubyte": digits["train-labels-idx1-ubyte"]},
		"plain and gzipped differ": other.with(files{"train-images-idx3-ubyte.gz": gzipped(t,
			digits["train-images-idx3-ubyte"]+"x")}),
	} {
		err := importError(t, f.folder(t, "set"), ImportOptions{})
		if !usage.Is(err) || !strings.Contains(err.Error(), "idx files of several sets") ||
			strings.Count(err.Error(), "-ubyte") != 2 {
			t.Errorf("%s: got %v, want both files", name, err)
		}
	}
}

func TestIDX_TheSameFileTwiceInOneSetIsTakenOnce(t *testing.T) {
	want, _ := imported(t, mnistFiles().folder(t, "set"), ImportOptions{})
	raw, kaggle := mnistFiles(), files{}
	for name, content := range mnistFiles() {
		raw[name+".gz"] = gzipped(t, content)
		kaggle[strings.Replace(name, "-idx", ".idx", 1)] = content
		kaggle[name+"/"+name] = content
	}
	for name, f := range map[string]files{"plain and gzipped": raw, "each in a folder of its name": kaggle} {
		if got, _ := imported(t, f.folder(t, "set"), ImportOptions{}); got.Fingerprint() != want.Fingerprint() {
			t.Errorf("%s: another set", name)
		}
	}
}

func TestIDX_UnpackedBytesAreBounded(t *testing.T) {
	f := files{}
	for name, content := range mnistFiles() {
		f[name+".gz"] = gzipped(t, content)
	}
	f["train-images-idx3-ubyte.gz"] = gzipped(t, mnistFiles()["train-images-idx3-ubyte"]+strings.Repeat("\x00", 1<<20))
	source := f.folder(t, "set")
	err := importError(t, source, ImportOptions{MaxUnpacked: 1 << 16})
	if !strings.Contains(err.Error(), "train-images-idx3-ubyte.gz cannot be unpacked: it unpacks to more bytes") {
		t.Errorf("got %v", err)
	}

	// Within the limit, what is read takes no memory of its size.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := importError(t, source, ImportOptions{}); !strings.Contains(err.Error(), "cut short or damaged") {
		t.Errorf("got %v", err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
		t.Errorf("%d bytes of memory were taken", taken)
	}
}

func TestArchive_AnEncryptedZipIsNamedSo(t *testing.T) {
	f := animals(t)
	content := []byte(f.zip(t))
	// Flags of the local headers and of the directory's, APPNOTE.TXT 4.3.7 and 4.3.12.
	for i := range content {
		switch {
		case bytes.HasPrefix(content[i:], []byte("PK\x03\x04")):
			content[i+6] |= 1
		case bytes.HasPrefix(content[i:], []byte("PK\x01\x02")):
			content[i+8] |= 1
		}
	}
	err := importError(t, archived(t, "set.zip", string(content)), ImportOptions{})
	if !usage.Is(err) || !strings.Contains(err.Error(), "set.zip is encrypted: unpack it with its password") {
		t.Errorf("got %v", err)
	}
}

func TestArchive_BackslashesOfAZipAreSlashes(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range animals(t).below("set") {
		member, err := w.CreateHeader(&zip.FileHeader{Name: strings.ReplaceAll(name, "/", `\`)})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(member, content)
	}
	_ = w.Close()
	set, _ := imported(t, archived(t, "set.zip", b.String()), ImportOptions{})
	if want, _ := imported(t, animals(t).folder(t, "set"), ImportOptions{}); set.Fingerprint() != want.Fingerprint() {
		t.Error("it is another set than its folder")
	}
}

func TestDecode_NamesWhatCannotBeRead(t *testing.T) {
	for content, says := range map[string]string{
		"":                               "the file is empty",
		"P6 1 1 255 abc":                 "it is a Netpbm image, which sslx does not read; it reads JPEG, PNG",
		"\x00\x00\x00\x0cJXL \r\n\x87\n": "it is a JPEG XL image",
		"8BPS\x00\x01":                   "it is a Photoshop document",
		"<html>":                         "it is a web page",
		"GIF89a\x01\x00":                 "it is cut short",
		"hello":                          "unknown format: it is none of JPEG, PNG",
	} {
		source := animals(t).with(files{"train/cat/0.jpg": content}).folder(t, "set")
		err := importError(t, source, ImportOptions{})
		if !strings.Contains(err.Error(), says) || usage.ArgumentOf(err) != "skip-bad" || usage.Is(err) {
			t.Errorf("%q: got %v, argument %q; want %q", content, err, usage.ArgumentOf(err), says)
		}
	}
}

// jpegOfScans returns a progressive JPEG of one gray block whose last scan is repeated.
func jpegOfScans(scans int) string {
	segment := func(marker byte, body ...byte) string {
		return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + string(body)
	}
	table := append([]byte{0}, slices.Repeat([]byte{1}, 64)...)
	huffman := append([]byte{0, 1}, make([]byte, 16)...) // one code of one bit, for the value 0
	text := "\xff\xd8" + segment(0xdb, table...) + segment(0xc2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)
	text += segment(0xc4, huffman...)
	text += segment(0xda, 1, 1, 0, 0, 0, 0x01) + "\x00" // the DC coefficient, all bits but the last
	refine := segment(0xda, 1, 1, 0, 0, 0, 0x10) + "\x00"
	return text + strings.Repeat(refine, scans-1) + "\xff\xd9"
}

func TestDecode_ScansOfAJPEGAreBounded(t *testing.T) {
	for scans, good := range map[int]bool{2: true, jpeg.MaxScans: true, jpeg.MaxScans + 1: false, 10_000: false} {
		_, _, err := pixels.Decode(t.Context(), []byte(jpegOfScans(scans)), pixels.Options{})
		if good != (err == nil) || !good && !strings.Contains(err.Error(), "scans or more, which take too long") {
			t.Errorf("%d scans: %v", scans, err)
		}
	}
}

// blank is a PNG of 16-bit RGBA zeros, written by hand: it is small and takes 8 bytes a pixel to decode.
func blank(t testing.TB, side int) string {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, blank16{side}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type blank16 struct{ side int }

func (b blank16) ColorModel() color.Model { return color.NRGBA64Model }
func (b blank16) Bounds() image.Rectangle { return image.Rect(0, 0, b.side, b.side) }
func (b blank16) At(int, int) color.Color { return color.NRGBA64{1, 2, 3, 4} }

func TestImport_MemoryOfImagesInWorkIsBounded(t *testing.T) {
	const side, n = 100, 40
	var inWork, most atomic.Int32
	p := &Plan{Tasks: []Task{{"class", []string{"a"}}}, Splits: []SplitCount{{"train", n}},
		Size: func(Item) (height, width int, err error) { return side, side, nil }}
	p.Items = func(_ context.Context, emit func(Item) error) error {
		for i := range n {
			if err := emit(Item{Position: i, Labels: []int32{0}}); err != nil {
				return err
			}
		}
		return nil
	}
	p.Draw = func(Item) (image.Image, error) {
		most.Store(max(most.Load(), inWork.Add(1)))
		time.Sleep(time.Millisecond)
		inWork.Add(-1)
		return image.NewRGBA(image.Rect(0, 0, side, side)), nil
	}

	// The budget of 12 bytes a pixel holds one image of 8 bytes a pixel.
	opt, err := ImportOptions{Cache: t.TempDir(), MaxPixels: side * side}.check()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writeSet(t.Context(), opt.Cache, "set", p, &header{Name: "set", How: howNative}, opt); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 1 {
		t.Errorf("%d images were in work at once", most.Load())
	}
}

func TestImport_AnImageOfTheLargestSizeIsTaken(t *testing.T) {
	source := files{"a/1.png": blank(t, 100)}.folder(t, "set")
	imported(t, source, ImportOptions{Size: 4, MaxPixels: 100 * 100})
}

func TestImport_AnImageThatTakesTooMuchMemoryIsRefused(t *testing.T) {
	// A progressive image of three full channels needs 19 bytes a pixel; this is its head.
	head := "\xff\xd8\xff\xc2\x00\x11\x08\x00\x64\x00\x64\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00" +
		"\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00"
	source := animals(t).with(files{"train/cat/0.jpg": head}).folder(t, "set")
	err := importError(t, source, ImportOptions{Size: 100, MaxPixels: 100 * 100})
	if !strings.Contains(err.Error(), "train/cat/0.jpg") || !strings.Contains(err.Error(), "of memory to decode") {
		t.Errorf("got %v", err)
	}
}

func TestImport_EndsSoonAfterItsContextInsideAnImage(t *testing.T) {
	f := files{"a/1.png": blank(t, 3000)}
	source := f.folder(t, "set")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	_, _, err := Import(ctx, source, ImportOptions{Cache: t.TempDir(), SkipBad: true})
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("it ended after %v with %v", took, err)
	}
}

func TestPack_CutShortWhileInUseIsAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be cut")
	}
	big := files{}
	for i := range 3 {
		big["a/"+string(rune('1'+i))+".png"] = pngOf(t, 64, 64, color.RGBA{byte(i + 1), 0, 0, 255})
	}
	set, report := imported(t, big.folder(t, "set"), ImportOptions{HoldOut: -1})
	sp, _ := split(t, set, "train")
	dst := make([]byte, sp.Stride())
	if err := errors.Join(sp.Read(dst, 2), set.Recheck(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(report.Pack, 8192); err != nil {
		t.Fatal(err)
	}

	sum := func() error {
		for _, v := range sp.Pixels {
			dst[0] += v
		}
		return nil
	}
	loader := NewLoader(t.Context(), sp, slices.Values([][]int{{0, 1, 2}}), LoaderOptions{Workers: 2})
	defer loader.Close()
	_, _, batch := loader.Next()
	for name, err := range map[string]error{"read": sp.Read(dst, 2), "guarded": set.Guard(sum), "batch": batch,
		"rechecked": set.Recheck(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), filepath.Base(report.Pack)+" cannot be read any more") {
			t.Errorf("%s: got %v", name, err)
		}
	}

	// Another panic stays one.
	defer func() {
		if recover() == nil {
			t.Error("a panic was swallowed")
		}
	}()
	_ = set.Guard(func() error { panic("mistake") })
}

func TestPack_OverwrittenWhileInUseIsFoundByRecheck(t *testing.T) {
	set, report := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	content, err := os.ReadFile(report.Pack)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(report.Pack, timeOf(1), timeOf(1)); err != nil {
		t.Fatal(err)
	}
	if err := set.Recheck(t.Context()); err != nil {
		t.Errorf("after a change of its time alone: %v", err)
	}

	content[len(content)-1] ^= 1
	file, err := os.OpenFile(report.Pack, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(content, 0)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := set.Recheck(t.Context()); err == nil || !strings.Contains(err.Error(), "pixels of split test") {
		t.Errorf("got %v", err)
	}
}
