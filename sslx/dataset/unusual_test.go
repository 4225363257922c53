package dataset

import (
	"context"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestASetOfOneClassIsImported(t *testing.T) {
	f := files{"train/cat/1.png": gray(t, 1), "train/cat/2.png": gray(t, 2), "test/cat/1.png": gray(t, 3)}
	set, report := imported(t, f.folder(t, "set"), ImportOptions{})
	sp, labels := split(t, set, "train")
	if classes := set.Tasks()[0].Classes; !slices.Equal(classes, []string{"cat"}) || sp.N != 2 ||
		!slices.Equal(labels, []int32{0, 0}) || report.Notes != nil {
		t.Errorf("%d images of classes %v with labels %v, notes %q", sp.N, classes, labels, report.Notes)
	}
}

func TestASplitThatLacksClassesOfTrainIsImportedWithANote(t *testing.T) {
	f := animals(t)
	delete(f, "test/dog/3.png")
	many := files{"test/a/1.png": gray(t, 1)}
	for class := range strings.SplitSeq("a b c d e f g h", " ") {
		many["train/"+class+"/1.png"] = gray(t, 1)
	}
	for name, c := range map[string]struct {
		files files
		opt   ImportOptions
		note  string
	}{
		"in test": {f, ImportOptions{}, "test lacks 1 of the 2 classes of train: dog"},
		"in val": {animals(t).with(files{"val/dog/1.png": gray(t, 1)}), ImportOptions{},
			"val lacks 1 of the 2 classes of train: cat"},
		"many": {many, ImportOptions{}, "test lacks 7 of the 8 classes of train: b, c, d, e, f and 2 more"},
		"bad test only": {f.with(files{"test/dog/1.png": "x"}), ImportOptions{SkipBad: true},
			"test lacks 1 of the 2 classes of train: dog"},
		"of idx files": {mnistFiles(), ImportOptions{}, "test lacks 2 of the 3 classes of train: 0, 1"},
	} {
		t.Run(name, func(t *testing.T) {
			source, cache := c.files.folder(t, "set"), t.TempDir()
			for range 2 { // the second report is read from the pack
				c.opt.Cache = cache
				if _, report := imported(t, source, c.opt); !slices.Equal(report.Notes, []string{c.note}) {
					t.Errorf("notes are %q, want %q", report.Notes, c.note)
				}
			}
		})
	}
}

func TestUnequalSizesNameBothAndTheFlag(t *testing.T) {
	source := animals(t).with(files{"train/dog/9.png": pngOf(t, 5, 3, color.White)}).folder(t, "set")
	_, _, err := Import(context.Background(), source, ImportOptions{Cache: t.TempDir()})
	if want := "images in " + source + " differ in size: train/dog/9.png is 5x3 and others are 4x4: choose a size that " +
		"all are brought to"; !usage.Is(err) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	set, _ := imported(t, source, ImportOptions{Size: 2})
	sp, labels := split(t, set, "train")
	if set.Height() != 2 || set.Width() != 2 || sp.N != 5 || !slices.Equal(labels, []int32{0, 0, 1, 1, 1}) ||
		!slices.Equal(firstBytes(set, sp), []byte{10, 20, 30, 40, 255}) {
		t.Errorf("with a size: %dx%d, %d images %v with labels %v", set.Height(), set.Width(), sp.N, firstBytes(set, sp),
			labels)
	}
}

func TestAnUnreadableFileIsNamedWithWhatToDo(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, file string) error{
		"without permission": func(t *testing.T, file string) error {
			if os.Geteuid() == 0 {
				t.Skip("the superuser may read every file")
			}
			return os.Chmod(file, 0)
		},
		"a link to nothing": func(_ *testing.T, file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Symlink(file+".gone", file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			source, cache := animals(t).folder(t, "set"), t.TempDir()
			file := filepath.Join(source, "train", "cat", "1.png")
			if err := spoil(t, file); err != nil {
				t.Fatal(err)
			}
			_, _, err := Import(context.Background(), source, ImportOptions{Cache: cache})
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range []string{"file cannot be read", file, "make it readable or remove it"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if left := leftBehind(t, cache); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
