package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// betonOf returns a .beton file of gray images of 5x6 pixels, of which every second one is a JPEG, with the fields
// image, label and score. It is written from ffcv/types.py: numpy aligns the whole numbers of a row.
func betonOf(t testing.TB, first int, labels ...int64) string {
	t.Helper()
	const width, height = 5, 6
	le := binary.LittleEndian
	var fields, table, data, allocated []byte
	for _, field := range []struct {
		kind byte
		name string
	}{{2, "image"}, {1, "label"}, {0, "score"}} {
		fields = append(append(fields, field.kind), make([]byte, betonFieldSize-1)...)
		copy(fields[len(fields)-betonFieldSize+1:], field.name)
	}
	const row = 16 + 8 + 8
	start := betonHead + len(fields) + row*len(labels)
	for i, label := range labels {
		content := bytes.Repeat([]byte{byte(first + i)}, width*height*3)
		mode := byte(1)
		if i%2 == 1 {
			mode = 0
			img := image.NewGray(image.Rect(0, 0, width, height))
			for k := range img.Pix {
				img.Pix[k] = byte(first + i)
			}
			var b bytes.Buffer
			if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
				t.Fatal(err)
			}
			content = b.Bytes()
		}
		at := uint64(start + len(data))
		table = append(table, mode)
		table = le.AppendUint16(table, width)
		table = le.AppendUint16(table, height)
		table = append(le.AppendUint64(table, at), 0, 0, 0) // 13 bytes, aligned to 16
		table = le.AppendUint64(le.AppendUint64(table, uint64(label)), 0)
		allocated = le.AppendUint64(le.AppendUint64(le.AppendUint64(allocated, uint64(i)), at), uint64(len(content)))
		data = append(data, content...)
	}
	head := le.AppendUint16(le.AppendUint16(nil, betonVersion), 3)
	head = le.AppendUint64(le.AppendUint32(head, 1<<14), uint64(len(labels)))
	head = le.AppendUint64(head, uint64(start+len(data)))
	return string(slices.Concat(head, fields, table, data, allocated))
}

func TestBeton_PixelsJPEGsLabelsAndSplits(t *testing.T) {
	source := files{"train.beton": betonOf(t, 10, 2, 0, 1), "val.beton": betonOf(t, 50, 1, 1)}.folder(t, "set")
	set, report := imported(t, source, ImportOptions{})
	if want := []SplitCount{{"train", 3}, {"val", 2}}; !slices.Equal(report.Splits, want) {
		t.Errorf("splits %v, want %v", report.Splits, want)
	}
	train, labels := split(t, set, "train")
	if !slices.Equal(labels, []int32{2, 0, 1}) || !bytes.Equal(firstBytes(set, train), []byte{10, 11, 12}) {
		t.Errorf("labels %v, images %v", labels, firstBytes(set, train))
	}
	if set.Height() != 6 || set.Width() != 5 || set.Tasks()[0].Name != "label" {
		t.Errorf("%dx%d, tasks %v", set.Height(), set.Width(), set.Tasks())
	}
}

func TestBeton_RefusesWithASentence(t *testing.T) {
	good := betonOf(t, 0, 1, 0)
	version := "\x03" + good[1:]
	unknown := good[:betonHead] + "\x63" + good[betonHead+1:]
	noImage := good[:betonHead] + "\x05" + good[betonHead+1:]
	for name, c := range map[string]struct{ content, says string }{
		"empty":           {"", "it is not a .beton file"},
		"another version": {version, "version 3 of the format"},
		"unknown field":   {unknown, "has type 99, which FFCV does not define"},
		"no images":       {noImage, "has no field of RGB images"},
		"cut in table":    {good[:betonHead+3*betonFieldSize+4], "cut short"},
		"cut in data":     {good[:len(good)-3*betonAllocated], "cut short"},
	} {
		_, _, err := Import(t.Context(), archived(t, "x.beton", c.content), ImportOptions{Cache: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func TestBeton_AFlippedByteNeverCrashes(t *testing.T) {
	good := []byte(betonOf(t, 0, 1, 0, 2))
	file := filepath.Join(t.TempDir(), "x.beton")
	for at := 0; at < len(good); at += 13 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		planned(t, file)
	}
}

func TestSTL10_HasLabelsOrTheUnlabeledImages(t *testing.T) {
	const record, area = 3 * stl10Side * stl10Side, stl10Side * stl10Side
	image := func(v byte) []byte {
		planes := bytes.Repeat([]byte{v}, record)
		planes[1], planes[area+stl10Side] = 200, 201 // red of the second row, green of the second column
		return planes
	}
	source := files{
		"train_X.bin": string(slices.Concat(image(1), image(2))), "train_y.bin": "\x02\x01",
		"test_X.bin": string(image(3)), "test_y.bin": "\x01", "unlabeled_X.bin": string(image(4)),
		"class_names.txt": "airplane\nbird\n",
	}
	set, report := imported(t, source.folder(t, "stl10_binary"), ImportOptions{})
	train, labels := split(t, set, "train")
	if !slices.Equal(labels, []int32{1, 0}) || !slices.Equal(set.Tasks()[0].Classes, []string{"airplane", "bird"}) {
		t.Errorf("labels %v of %v", labels, set.Tasks())
	}
	if p := train.At(0); p[0] != 1 || p[stl10Side*3] != 200 || p[3+1] != 201 {
		t.Errorf("pixels %v, %v, %v", p[0], p[stl10Side*3], p[4])
	}
	if len(report.Notes) == 0 || !strings.HasPrefix(report.Notes[0], "the 1 images of unlabeled_X.bin were left out") {
		t.Errorf("notes %q", report.Notes)
	}

	set, _ = imported(t, source.folder(t, "stl10_unlabeled"), ImportOptions{ClassesAt: levelNone})
	unlabeled, err := set.Split("train")
	if err != nil || len(set.Tasks()) != 0 || unlabeled.N != 1 || unlabeled.At(0)[0] != 4 {
		t.Errorf("%d unlabeled images, tasks %v: %v", unlabeled.N, set.Tasks(), err)
	}
}

func TestSTL10_RefusesFilesThatDoNotFit(t *testing.T) {
	one := strings.Repeat("x", 3*stl10Side*stl10Side)
	whole := files{"train_X.bin": one, "train_y.bin": "\x01", "test_X.bin": one, "test_y.bin": "\x01"}
	for name, c := range map[string]struct {
		change files
		says   string
	}{
		"cut images":     {files{"train_X.bin": one[1:]}, "not a multiple of 27648"},
		"no images":      {files{"test_X.bin": ""}, "not a multiple of 27648"},
		"too few labels": {files{"train_y.bin": ""}, "has 0 labels for 1 images"},
		"label 0":        {files{"train_y.bin": "\x00"}, "has label 0"},
		"new label":      {files{"test_y.bin": "\x02"}, "has label 2"},
	} {
		_, _, err := Import(t.Context(), whole.with(c.change).folder(t, "x"), ImportOptions{Cache: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
