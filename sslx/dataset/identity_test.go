package dataset

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// plants is an image folder like animals, with the same names and sizes and other pixels.
func plants(t testing.TB) files {
	return files{
		"train/cat/1.png": gray(t, 110), "train/cat/2.png": gray(t, 120), "train/dog/1.png": gray(t, 130),
		"train/dog/2.png": gray(t, 140), "test/cat/3.png": gray(t, 150), "test/dog/3.png": gray(t, 160),
	}
}

// located locates a set, closes it and returns it for its header.
func located(t *testing.T, name string, opt LocateOptions) *Set {
	t.Helper()
	set, err := Locate(t.Context(), name, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func TestImport_SourcesOfOneNameKeepTheirPacks(t *testing.T) {
	cache := t.TempDir()
	opt := LocateOptions{Cache: cache, DataDir: t.TempDir()}
	a, b := animals(t).folder(t, "images"), plants(t).folder(t, "images")
	_, first := imported(t, a, ImportOptions{Cache: cache})
	_, second := imported(t, b, ImportOptions{Cache: cache})
	if first.Pack == second.Pack || first.Replaces != "" {
		t.Errorf("packs are %s and %s; the first replaces %q", first.Pack, second.Pack, first.Replaces)
	}
	if err := Verify(first.Pack); err != nil {
		t.Errorf("the first pack is gone: %v", err)
	}

	// The second import says what happened to the name, and the name means it.
	note := "the name images now means " + b + "; until now it meant " + a
	if second.Replaces != a || !strings.HasPrefix(slices.Concat(second.Notes, []string{""})[0], note) {
		t.Errorf("it replaces %q and notes are %q, want %q", second.Replaces, second.Notes, note)
	}
	if got := located(t, "images", opt); got.Fingerprint() != second.Fingerprint || got.Origin() != b {
		t.Errorf("the name means %s", got.Origin())
	}

	// A run that was trained on the first is evaluated on the first, whatever the name means.
	opt.Fingerprint = first.Fingerprint
	if got := located(t, "images", opt); got.Fingerprint() != first.Fingerprint {
		t.Errorf("the recorded set is %s", got.Origin())
	}

	// A second pack of the same images does not rename it.
	opt.Name = "mine"
	if got := located(t, "images", opt); got.Name() != "mine" || got.Origin() != a {
		t.Errorf("the recorded set is %s of %s", got.Name(), got.Origin())
	}
	opt.Fingerprint = ""

	// Imported again, the first is found, and the name is its own again; in another size too.
	_, again := imported(t, a, ImportOptions{Cache: cache})
	if !again.Reused || again.Replaces != b {
		t.Errorf("imported again: reused %v, replaces %q", again.Reused, again.Replaces)
	}
	if got := located(t, "images", opt); got.Fingerprint() != first.Fingerprint {
		t.Errorf("the name means %s", got.Origin())
	}
	opt.Size = 3
	if got := located(t, "images", opt); got.Origin() != a {
		t.Errorf("resized, the name means %s", got.Origin())
	}
}

func TestLocate_GivesTheSourceAskedForAmongOthersOfItsName(t *testing.T) {
	opt := LocateOptions{Cache: t.TempDir(), DataDir: t.TempDir()}
	sources := []string{animals(t).folder(t, "images"), plants(t).folder(t, "images")}
	want := []string{located(t, sources[0], opt).Fingerprint(), located(t, sources[1], opt).Fingerprint()}
	if want[0] == want[1] {
		t.Fatal("two sources have one fingerprint")
	}

	var group sync.WaitGroup
	for i, source := range sources {
		for worker := range 2 {
			group.Go(func() {
				for turn := range 30 {
					if worker == 0 && turn%10 == 9 { // its pack is made again now and then
						now := filepath.Join(source, "train", "cat", "1.png")
						if err := os.Chtimes(now, timeOf(turn), timeOf(turn)); err != nil {
							t.Error(err)
						}
					}
					set, err := Locate(context.Background(), source, opt)
					if err != nil {
						t.Error(err)
						return
					}
					if set.Fingerprint() != want[i] {
						t.Errorf("source %d gave the other set", i)
					}
					_ = set.Close()
				}
			})
		}
	}
	group.Wait()
}

func TestLocate_FingerprintFindsThePackFromEveryFolder(t *testing.T) {
	opt := LocateOptions{Cache: t.TempDir(), DataDir: t.TempDir()}
	t.Chdir(filepath.Dir(animals(t).folder(t, "beasts")))
	fingerprint := located(t, "./beasts", opt).Fingerprint()
	absolute, err := filepath.Abs("beasts")
	if err != nil {
		t.Fatal(err)
	}

	t.Chdir(t.TempDir())
	if _, err := Locate(t.Context(), "./beasts", opt); !usage.Is(err) {
		t.Errorf("without a fingerprint: %v", err)
	}
	opt.Fingerprint = fingerprint
	if got := located(t, "./beasts", opt).Fingerprint(); got != fingerprint {
		t.Errorf("got %s, want %s", got, fingerprint)
	}
	opt.Size = 9 // of a configuration; the record decides
	if got := located(t, "./beasts", opt).Fingerprint(); got != fingerprint {
		t.Errorf("got %s, want %s", got, fingerprint)
	}
	opt.Fingerprint, opt.Size = "0", 0 // no pack has it: the name decides
	if got := located(t, absolute, opt).Fingerprint(); got != fingerprint {
		t.Errorf("got %s, want %s", got, fingerprint)
	}
}

func TestLocate_NamesAreMatchedExactly(t *testing.T) {
	cache := t.TempDir()
	opt := LocateOptions{Cache: cache, DataDir: t.TempDir()}
	_, small := imported(t, animals(t).folder(t, "imgs-small"), ImportOptions{Cache: cache})
	imported(t, plants(t).folder(t, "imgs"), ImportOptions{Cache: cache})
	if err := os.Truncate(small.Pack, 100); err != nil {
		t.Fatal(err)
	}
	if got := located(t, "imgs", opt).Name(); got != "imgs" {
		t.Errorf("got %s", got)
	}
	if _, err := Locate(t.Context(), "imgs-small", opt); err == nil || !strings.Contains(err.Error(), small.Pack) {
		t.Errorf("the damaged pack is not named: %v", err)
	}
}

func TestNameInFile_IsTheNameOfThePack(t *testing.T) {
	for file, want := range map[string]string{
		"imgs-4x4-native.sslx":                      "imgs",
		"imgs-small-64x64-short-crop-0a1b2c3d.sslx": "imgs-small",
		"a-4x4-native-8x8-short-crop.sslx":          "a-4x4-native",
		"factors-32x32-v1.sslx":                     "factors",
		"factors-32x32-v1-seed3-60+12.sslx":         "factors",
		"anything.sslx":                             "anything",
	} {
		if got := nameInFile(file); got != want {
			t.Errorf("%s has the name %q, want %q", file, got, want)
		}
	}
}

func TestImport_ReplacesThePackThatAnOlderVersionMadeOfTheSource(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "beasts")
	set, report := imported(t, source, ImportOptions{Cache: cache})
	old := set.header
	old.Origin = ""
	path := filepath.Join(cache, "packs", old.fileName())
	writeHeader(t, set, &old, path)
	if err := os.Remove(report.Pack); err != nil {
		t.Fatal(err)
	}

	// It is found by its name, as ever.
	opt := LocateOptions{Cache: cache, DataDir: t.TempDir()}
	if got := located(t, "beasts", opt); got.Path() != path {
		t.Errorf("the name means %s", got.Path())
	}
	_, report = imported(t, source, ImportOptions{Cache: cache})
	if report.Reused || report.Replaces != "" {
		t.Errorf("reused %v, replaces %q", report.Reused, report.Replaces)
	}
	if left := leftBehind(t, cache); !slices.Equal(left, []string{report.Pack}) {
		t.Errorf("the cache holds %v", left)
	}
}

func TestLocate_TakesAPackFromWhichBadImagesWereLeftOutOnPurpose(t *testing.T) {
	cache := t.TempDir()
	source := animals(t).with(files{"train/cat/0.png": ""}).folder(t, "photos")
	t.Chdir(filepath.Dir(source))
	imported(t, "photos", ImportOptions{Cache: cache, SkipBad: true})
	var said []string
	opt := LocateOptions{Cache: cache, DataDir: t.TempDir(), Warn: func(text string) { said = append(said, text) }}
	set := located(t, "photos", opt)
	if sp, _ := split(t, set, "train"); sp.N != 4 {
		t.Errorf("%d images", sp.N)
	}
	want := "data set photos: 1 bad images were left out, the first is train/cat/0.png: the file is empty"
	if !slices.Equal(said, []string{want}) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestLocate_WarnsOfTheNotesOfAnImport(t *testing.T) {
	source := files{"a/1.png": gray(t, 1), "b/1.png": gray(t, 2)}.folder(t, "photos")
	var said []string
	opt := LocateOptions{Cache: t.TempDir(), Warn: func(text string) { said = append(said, text) }}
	for range 2 { // once
		located(t, source, opt)
	}
	want := "data set photos: there is no test split: all 2 images are train"
	if !slices.Equal(said, []string{want}) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestLocate_MissingSetSaysWhetherItCanBeDownloaded(t *testing.T) {
	opt := LocateOptions{Cache: t.TempDir(), DataDir: t.TempDir(), system: t.TempDir()}
	for name, want := range map[string]string{"cifar10": "cifar10", "gtsrb": ""} {
		_, err := Locate(t.Context(), name, opt)
		if got := Downloadable(err); got != want || !usage.Is(err) || usage.ArgumentOf(err) != "data" {
			t.Errorf("%s: download %q, argument %q, error %v", name, got, usage.ArgumentOf(err), err)
		}
	}
}
