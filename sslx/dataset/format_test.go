package dataset_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
)

// write makes the files below a new folder "set".
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "set")
	for name, content := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func npyFiles() map[string]string {
	return map[string]string{"x/images.npy": npyFile(), "x/labels.txt": "one two one"}
}

func TestFormat_OfAnotherModuleGetsArchivesCacheAndResizing(t *testing.T) {
	cache, folder := t.TempDir(), write(t, npyFiles())
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, content := range npyFiles() {
		if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, content)
	}
	_ = w.Close()
	archive := filepath.Join(t.TempDir(), "set.tar")
	if err := os.WriteFile(archive, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}

	var last int64
	opt := dataset.ImportOptions{Cache: cache, Progress: func(done, _ int64) { last = done }}
	_, first, err := dataset.Import(t.Context(), folder, opt)
	if err != nil || last != 3 || first.Kind != "npy" {
		t.Fatalf("%d images of %q: %v", last, first.Kind, err)
	}
	if _, again, err := dataset.Import(t.Context(), folder, opt); err != nil || !again.Reused {
		t.Errorf("it was imported again: %v", err)
	}
	_, packed, err := dataset.Import(t.Context(), archive, opt)
	if err != nil || packed.Fingerprint != first.Fingerprint {
		t.Errorf("the archive gives %s, the folder %s: %v", packed.Fingerprint, first.Fingerprint, err)
	}

	set, err := dataset.Locate(t.Context(), "set", dataset.LocateOptions{Cache: cache, Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		t.Fatal(err)
	}
	labels, err := train.Labels("class")
	if err != nil || !slices.Equal(labels, []int32{0, 1, 0}) {
		t.Errorf("labels are %v: %v", labels, err)
	}
	if set.Height() != 4 || train.At(2)[0] != 20 {
		t.Errorf("resized to %d, the last image starts with %d", set.Height(), train.At(2)[0])
	}
}

func TestFormat_FilesOfTwoFormatsAreNamed(t *testing.T) {
	files := npyFiles()
	files["y/train.bin"] = "x"
	_, _, err := dataset.Import(t.Context(), write(t, files), dataset.ImportOptions{Cache: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "x/images.npy (npy) and y/train.bin (CIFAR)") {
		t.Errorf("got %v", err)
	}
}

// broken is a format whose plan is spoiled.
type broken struct{ spoil func(*dataset.Plan) }

func (broken) Name() string             { return "broken" }
func (broken) Matches(name string) bool { return strings.HasSuffix(name, ".broken") }
func (broken) Texts() []string          { return nil }

// spoiled is what the registered broken format does to its plan.
var spoiled func(*dataset.Plan)

func init() { dataset.Register(broken{}) }

func (broken) Plan(context.Context, *dataset.Files) (*dataset.Plan, error) {
	p := &dataset.Plan{Tasks: []dataset.Task{{Name: "class", Classes: []string{"a"}}},
		Splits: []dataset.SplitCount{{Name: "train", N: 2}}, Height: 1, Width: 1,
		Items: items(dataset.Item{Position: 0, Data: []byte("abc"), Labels: []int32{0}},
			dataset.Item{Position: 1, Data: []byte("def"), Labels: []int32{0}})}
	spoiled(p)
	return p, nil
}

func items(all ...dataset.Item) func(context.Context, func(dataset.Item) error) error {
	return func(_ context.Context, emit func(dataset.Item) error) error {
		for _, it := range all {
			if err := emit(it); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestFormat_MistakesOfAPlanAreErrors(t *testing.T) {
	item := func(position int, data string, labels ...int32) dataset.Item {
		return dataset.Item{Name: "x", Position: position, Data: []byte(data), Labels: labels}
	}
	good := item(0, "abc", 0)
	for name, c := range map[string]struct {
		spoil func(*dataset.Plan)
		says  string
	}{
		"no splits":        {func(p *dataset.Plan) { p.Splits = nil }, "items or splits are missing"},
		"no items":         {func(p *dataset.Plan) { p.Items = nil }, "items or splits are missing"},
		"no class":         {func(p *dataset.Plan) { p.Tasks[0].Classes = nil }, `task "class" has 0 classes`},
		"no train":         {func(p *dataset.Plan) { p.Splits[0].Name = "test" }, `split "test" is out of the order`},
		"an empty split":   {func(p *dataset.Plan) { p.Splits[0].N = 0 }, "split train has 0 images"},
		"too many images":  {func(p *dataset.Plan) { p.Splits[0].N = 1 << 40 }, "split train has 1099511627776 images"},
		"half a size":      {func(p *dataset.Plan) { p.Width = 0 }, "images are 1x0"},
		"a position twice": {func(p *dataset.Plan) { p.Items = items(good, good) }, "is the second"},
		"a position of no image": {func(p *dataset.Plan) { p.Items = items(good, item(2, "abc", 0)) },
			"position 2 of 2"},
		"a label of no class": {func(p *dataset.Plan) { p.Items = items(item(0, "abc", 1)) },
			"label 1 of the 1 classes"},
		"a label is missing":   {func(p *dataset.Plan) { p.Items = items(item(0, "abc")) }, "0 labels for 1 tasks"},
		"an image is missing":  {func(p *dataset.Plan) { p.Items = items(good) }, "1 of 2 images came"},
		"data of another size": {func(p *dataset.Plan) { p.Items = items(good, item(1, "ab", 0)) }, "it has 2 bytes"},
		"no size of what is drawn": {func(p *dataset.Plan) {
			p.Height, p.Width = 0, 0
			p.Draw = func(dataset.Item) (image.Image, error) { return image.NewGray(image.Rect(0, 0, 1, 1)), nil }
		}, "no fixed size"},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled = c.spoil
			source := write(t, map[string]string{"a.broken": "x"})
			_, _, err := dataset.Import(t.Context(), source, dataset.ImportOptions{Cache: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func TestFormat_DrawsImagesOfTheirOwnSizes(t *testing.T) {
	spoiled = func(p *dataset.Plan) {
		p.Height, p.Width = 0, 0
		side := func(it dataset.Item) int { return 4 * (1 + it.Position) }
		p.Size = func(it dataset.Item) (height, width int, err error) { return side(it), side(it), nil }
		p.Draw = func(it dataset.Item) (image.Image, error) {
			img := image.NewNRGBA(image.Rect(0, 0, side(it), side(it)))
			for i := range side(it) * side(it) {
				img.Set(i%side(it), i/side(it), color.NRGBA{it.Data[0], 0, 0, 7}) // alpha is dropped
			}
			return img, nil
		}
	}
	opt := dataset.ImportOptions{Cache: t.TempDir(), Size: 2}
	pack, _, err := dataset.Import(t.Context(), write(t, map[string]string{"a.broken": "x"}), opt)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil || train.At(0)[0] != 'a' || train.At(1)[0] != 'd' {
		t.Errorf("the images start with %c and %c: %v", train.At(0)[0], train.At(1)[0], err)
	}
}

func TestRegister_PanicsOnATakenName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second format of one name was accepted")
		}
	}()
	dataset.Register(npy{})
}

func TestFormat_ErrorsOfItemsEndTheImport(t *testing.T) {
	lost := errors.New("the disk is lost")
	spoiled = func(p *dataset.Plan) {
		p.Items = func(context.Context, func(dataset.Item) error) error { return lost }
	}
	source := write(t, map[string]string{"a.broken": "x"})
	_, _, err := dataset.Import(t.Context(), source, dataset.ImportOptions{Cache: t.TempDir()})
	if !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}
