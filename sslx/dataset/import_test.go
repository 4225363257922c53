package dataset

import (
	"context"
	"errors"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestImport_AnUnchangedSourceIsReused(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, first := imported(t, source, ImportOptions{Cache: cache})
	_, again := imported(t, source, ImportOptions{Cache: cache})
	if first.Reused || !again.Reused || first.Pack != again.Pack || first.Fingerprint != again.Fingerprint {
		t.Errorf("first %+v, again %+v", first, again)
	}
	write(t, filepath.Join(source, "train", "cat", "9.png"), gray(t, 90))
	if _, changed := imported(t, source, ImportOptions{Cache: cache}); changed.Reused || changed.Splits[0].N != 5 {
		t.Errorf("after a change: %+v", changed)
	}
	if left := leftBehind(t, cache); len(left) != 1 {
		t.Errorf("the cache holds %v, want one pack", left)
	}
}

func TestImport_ReplacesADamagedPack(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, first := imported(t, source, ImportOptions{Cache: cache})
	content, err := os.ReadFile(first.Pack)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)-1] ^= 1
	write(t, first.Pack, string(content))
	if _, again := imported(t, source, ImportOptions{Cache: cache}); again.Reused {
		t.Error("a damaged pack was reused")
	}
}

func TestImport_SeveralAtOnceMakeOnePack(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	var made atomic.Int32
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, report, err := Import(context.Background(), source, ImportOptions{Cache: cache})
			if err != nil {
				t.Error(err)
			}
			if !report.Reused {
				made.Add(1)
			}
		})
	}
	group.Wait()
	if left := leftBehind(t, cache); made.Load() != 1 || len(left) != 1 {
		t.Errorf("%d imports made a pack and the cache holds %v", made.Load(), left)
	}
}

func TestImport_CanceledLeavesNothing(t *testing.T) {
	f := animals(t)
	goroutines := runtime.NumGoroutine()
	for name, source := range map[string]string{
		"folder": f.folder(t, "set"), "archive": archived(t, "set.tgz", gzipped(t, f.tar(t, f.names()))),
	} {
		cache := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		stop := func(done, _ int64) {
			if done == 2 {
				cancel()
			}
		}
		_, _, err := Import(ctx, source, ImportOptions{Cache: cache, Progress: stop})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
		if left := leftBehind(t, cache); left != nil {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	waitForGoroutines(t, goroutines)
}

// The images that were decoded are whole: an interrupt while they are packed says nothing about them.
func TestAssembly_CanceledDoesNotBlameTheImages(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := assembly{ctx: ctx}
	_, err := a.add(func() io.Reader { return strings.NewReader("pixels") }, 6, io.Discard)
	if err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestImport_ProgressCountsEveryImageOnce(t *testing.T) {
	var seen []int64
	imported(t, animals(t).folder(t, "set"), ImportOptions{Progress: func(done, total int64) {
		if total != 6 {
			t.Errorf("total is %d, want 6", total)
		}
		seen = append(seen, done)
	}})
	if !slices.Equal(seen, []int64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("progress was %v", seen)
	}
}

func TestImport_RemovesLeftoversOfAKilledOne(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "set")
	_, report := imported(t, source, ImportOptions{Cache: cache})
	packs, pack := filepath.Split(report.Pack)
	write(t, filepath.Join(packs, "."+pack+"123456"), "half")
	if err := os.Remove(report.Pack); err != nil {
		t.Fatal(err)
	}
	imported(t, source, ImportOptions{Cache: cache})
	if left := leftBehind(t, cache); !slices.Equal(left, []string{report.Pack}) {
		t.Errorf("the cache holds %v", left)
	}
}

// The values are quoted in many CIFAR-10 recipes, for example https://github.com/kuangliu/pytorch-cifar/issues/19.
func TestCIFAR_TenHasThePublishedStatistics(t *testing.T) {
	source := findSource(os.Getenv("SSLX_DATA"), "cifar10")
	if source == "" {
		t.Skip("needs cifar10.tar.gz in $SSLX_DATA")
	}
	set, report := imported(t, source, ImportOptions{})
	mean, std := set.Stats()
	wantMean := []float64{0.49139968, 0.48215841, 0.44653091}
	wantStd := []float64{0.24703223, 0.24348513, 0.26158784}
	for k := range 3 {
		if diff := mean[k] - wantMean[k]; diff > 1e-8 || diff < -1e-8 {
			t.Errorf("mean %d is %.8f, want %.8f", k, mean[k], wantMean[k])
		}
		if diff := std[k] - wantStd[k]; diff > 1e-8 || diff < -1e-8 {
			t.Errorf("std %d is %.8f, want %.8f", k, std[k], wantStd[k])
		}
	}
	if want := []SplitCount{{"train", 50_000}, {"test", 10_000}}; !slices.Equal(report.Splits, want) {
		t.Errorf("splits are %v", report.Splits)
	}
	want := []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
	if got := set.Tasks()[0].Classes; !slices.Equal(got, want) {
		t.Errorf("classes are %v", got)
	}
	_, labels := split(t, set, "test")
	if keep, held := StratifiedHoldOut(labels, 0.1, 1); len(keep) != 9000 || len(held) != 1000 {
		t.Errorf("a tenth of test is %d, the rest %d", len(held), len(keep))
	}
}

func TestImport_ASetOfOneClassHasNoLabels(t *testing.T) {
	f := files{"train/cat/1.png": gray(t, 1), "train/cat/2.png": gray(t, 2), "test/cat/1.png": gray(t, 3)}
	set, report := imported(t, f.folder(t, "set"), ImportOptions{})
	sp, labels := split(t, set, "train")
	if len(set.Tasks()) != 0 || sp.N != 2 || labels != nil {
		t.Errorf("%d images of tasks %v with labels %v", sp.N, set.Tasks(), labels)
	}
	if want := []string{"all images are of one class, cat: the set has no labels"}; !slices.Equal(report.Notes, want) {
		t.Errorf("notes are %q", report.Notes)
	}
}

func TestImport_ASplitThatLacksClassesGetsANote(t *testing.T) {
	f := animals(t)
	delete(f, "test/dog/3.png")
	many := files{"test/a/1.png": gray(t, 2)}
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

func TestImport_UnequalSizesNameBothAndTheArgument(t *testing.T) {
	source := animals(t).with(files{"train/dog/9.png": pngOf(t, 5, 3, color.White)}).folder(t, "set")
	_, _, err := Import(context.Background(), source, ImportOptions{Cache: t.TempDir()})
	want := "images in " + source + " differ in size: train/dog/9.png is 5x3 and others are 4x4: " +
		"choose a size that all are brought to"
	if !usage.Is(err) || err.Error() != want || usage.ArgumentOf(err) != "size" {
		t.Errorf("got %v, want %s", err, want)
	}
	set, _ := imported(t, source, ImportOptions{Size: 2})
	sp, labels := split(t, set, "train")
	if set.Height() != 2 || set.Width() != 2 || sp.N != 5 {
		t.Errorf("with a size: %d images of %dx%d", sp.N, set.Height(), set.Width())
	}
	if got := firstBytes(set, sp); !slices.Equal(got, []byte{10, 20, 30, 40, 255}) {
		t.Errorf("with a size: images %v", got)
	}
	if !slices.Equal(labels, []int32{0, 0, 1, 1, 1}) {
		t.Errorf("with a size: labels %v", labels)
	}
}

func TestImport_AnUnreadableFileIsNamedWithWhatToDo(t *testing.T) {
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
