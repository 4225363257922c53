package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/draw"

	"github.com/sslx-go/lab/internal/usage"
)

// mixed is an image folder of unequal sizes and kinds, two classes, train and test.
func mixed(t testing.TB) files {
	photo := photograph(1)
	deep, alpha := image.NewGray16(image.Rect(0, 0, 60, 41)), image.NewNRGBA64(image.Rect(0, 0, 33, 70))
	draw.Draw(deep, deep.Rect, photo, image.Pt(50, 50), draw.Src)
	for i := range 33 * 70 {
		alpha.SetNRGBA64(i%33, i/33, color.NRGBA64{uint16(900 * i), uint16(700 * i), uint16(i), uint16(50 * i)})
	}
	gray := image.NewGray(image.Rect(0, 0, 45, 45))
	draw.Draw(gray, gray.Rect, photo, image.Pt(200, 100), draw.Src)
	return files{
		"train/cat/1.png": encoded(t, deep), "train/cat/2.png": encoded(t, alpha),
		"train/cat/x/3.JPG": jpegOf(t, photo),
		"train/dog/1.jpeg":  jpegOf(t, gray), "train/dog/2.png": encoded(t, photo.SubImage(image.Rect(3, 5, 90, 37))),
		"test/dog/1.png": encoded(t, gray), "test/cat/1.jpg": jpegOf(t, photo.SubImage(image.Rect(0, 0, 32, 33))),
	}
}

func TestOpenFolder_EqualsThePackOfTheFolder(t *testing.T) {
	for name, c := range map[string]struct {
		files files
		size  int
	}{
		"unequal sizes brought to one": {mixed(t), 32},
		"enlarged":                     {mixed(t), 71},
		"their own size":               {animals(t), 0},
		"superclasses":                 {animals(t).with(files{"fine_to_coarse.txt": "cat pet\ndog pet\n"}), 0},
		"no split level":               {files{"b/1.png": gray(t, 3), "a/2.png": gray(t, 4)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			source := c.files.folder(t, "set")
			set, _ := imported(t, source, ImportOptions{Size: c.size})
			for _, name := range set.Splits() {
				folder, err := OpenFolder(t.Context(), source, name, c.size)
				if err != nil {
					t.Fatal(err)
				}
				sp, _ := split(t, set, name)
				l := NewLoader(t.Context(), folder, slices.Chunk(upTo(folder.Len()), 2), LoaderOptions{})
				defer l.Close()
				pixels, _, err := drain(l)
				if err != io.EOF || !bytes.Equal(pixels, sp.Pixels) {
					t.Errorf("%s: the pixels differ from the pack's, error %v", name, err)
				}
				for i, task := range folder.Tasks() {
					got, err := folder.Labels(task.Name)
					want, wantErr := sp.Labels(task.Name)
					if err != nil || wantErr != nil || !slices.Equal(got, want) {
						t.Errorf("%s: labels %v, want %v, errors %v, %v", name, got, want, err, wantErr)
					}
					if !slices.Equal(task.Classes, set.Tasks()[i].Classes) {
						t.Errorf("%s: classes %v", name, task.Classes)
					}
				}
			}
		})
	}
}

func TestOpenFolder_ACorruptImageIsNamedAfterThoseBeforeIt(t *testing.T) {
	f := files{}
	for i := range 12 {
		f[fmt.Sprintf("a/%02d.jpg", i)] = jpegOf(t, photograph(uint64(i)).SubImage(image.Rect(0, 0, 40, 30)))
	}
	whole := f["a/06.jpg"]
	for name, c := range map[string]struct{ content, says string }{
		"cut short":  {whole[:len(whole)*2/3], "it is cut short"},
		"no image":   {"hello", "unknown format"},
		"empty":      {"", "the file is empty"},
		"a bomb":     {bomb(), "100000x100000 pixels"},
		"other size": {jpegOf(t, photograph(1).SubImage(image.Rect(0, 0, 41, 30))), "differ in size"},
	} {
		t.Run(name, func(t *testing.T) {
			source := f.with(files{"a/06.jpg": c.content}).folder(t, "set")
			folder, err := OpenFolder(t.Context(), source, "train", 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, workers := range []int{1, 2, 5} {
				l := NewLoader(t.Context(), folder, slices.Chunk(upTo(12), 3), LoaderOptions{Workers: workers})
				_, indices, err := drain(l)
				l.Close()
				if err == nil || !strings.Contains(err.Error(), "a/06.jpg") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want the image's name and %q", err, c.says)
				}
				if len(indices) != 6 {
					t.Errorf("%d images came before it, want 6", len(indices))
				}
			}
		})
	}
}

func TestOpenFolder_AFileThatVanishesIsNamed(t *testing.T) {
	folder, err := OpenFolder(t.Context(), animals(t).folder(t, "set"), "train", 0)
	if err != nil {
		t.Fatal(err)
	}
	folder.images[1].path = "train/cat/gone.png"
	if err := folder.Read(make([]byte, 48), 1); err == nil || !strings.Contains(err.Error(), "train/cat/gone.png") {
		t.Errorf("got %v", err)
	}
}

func TestOpenFolder_RefusesWithItsSentence(t *testing.T) {
	f := animals(t)
	bad := f.with(files{"train/cat/0.png": "x"}).folder(t, "set")
	for name, c := range map[string]struct {
		path, split string
		size        int
		says        string
		usage       bool
	}{
		"missing":    {filepath.Join(t.TempDir(), "none"), "train", 8, "there is no file or folder", true},
		"an archive": {archived(t, "set.zip", f.zip(t)), "train", 8, "is an archive", true},
		"no image": {files{"a/1.txt": "x"}.folder(t, "set"), "train", 8, "holds no image that can be " +
			"read, but 1 .txt", true},
		"an unknown split":    {f.folder(t, "set"), "tset", 8, `did you mean "test"`, true},
		"a size out of range": {f.folder(t, "set"), "train", -1, "size -1", true},
		"a bad first image":   {bad, "train", 0, "image train/cat/0.png", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenFolder(t.Context(), c.path, c.split, c.size)
			if err == nil || !strings.Contains(err.Error(), c.says) || usage.Is(err) != c.usage {
				t.Errorf("got %v, want %q, usage error %v", err, c.says, c.usage)
			}
		})
	}
	folder, err := OpenFolder(t.Context(), f.folder(t, "set"), "train", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Labels("clas"); !usage.Is(err) || !strings.Contains(err.Error(), `did you mean "class"`) {
		t.Errorf("got %v", err)
	}
}
