package dataset

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// data makes a data folder with the archive animals.tar.gz and the folder plants.
func data(t *testing.T) string {
	t.Helper()
	f := animals(t)
	dir := filepath.Dir(f.folder(t, "plants"))
	write(t, filepath.Join(dir, "animals.tar.gz"), gzipped(t, f.tar(t, f.names())))
	return dir
}

func TestLocate_FindsWhatANameMeans(t *testing.T) {
	dir, cache := data(t), t.TempDir()
	opt := LocateOptions{Cache: cache, DataDir: dir}
	locate := func(name string) *Set {
		t.Helper()
		set, err := Locate(context.Background(), name, opt)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = set.Close() })
		return set
	}
	first := locate("animals")
	if locate("plants").Name() != "plants" {
		t.Error("a folder in the data folder was not found")
	}
	for _, name := range []string{first.Path(), filepath.Join(dir, "animals.tar.gz"), filepath.Join(dir, "plants")} {
		if locate(name).Fingerprint() != first.Fingerprint() {
			t.Errorf("%s leads to another set", name)
		}
	}
	if err := os.Remove(filepath.Join(dir, "animals.tar.gz")); err != nil {
		t.Fatal(err)
	}
	if locate("animals").Path() != first.Path() {
		t.Error("the pack in the cache was not found")
	}
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(filepath.Join("animals", "checkpoint"), 0o755); err != nil {
		t.Fatal(err)
	}
	if locate("animals").Path() != first.Path() {
		t.Error("a folder without images, such as a run's, hides the set of its name")
	}
}

func TestLocate_ReadsTheEnvironment(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("SSLX_CACHE", cache)
	t.Setenv("SSLX_DATA", data(t))
	set, err := Locate(context.Background(), "animals", LocateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	if want := filepath.Join(cache, "packs", "animals-4x4-native-"); !strings.HasPrefix(set.Path(), want) {
		t.Errorf("the pack is %s, want %s…", set.Path(), want)
	}
}

func TestLocate_ChoosesTheSize(t *testing.T) {
	cache, source := t.TempDir(), animals(t).folder(t, "animals")
	imported(t, source, ImportOptions{Cache: cache, Size: 2})
	height := func(size int) (int, error) {
		set, err := Locate(context.Background(), "animals", LocateOptions{Cache: cache, DataDir: t.TempDir(),
			Size: size})
		if err != nil {
			return 0, err
		}
		defer func() { _ = set.Close() }()
		return set.Height(), nil
	}
	if h, err := height(0); h != 2 || err != nil {
		t.Errorf("the only pack was not taken: %d, %v", h, err)
	}
	imported(t, source, ImportOptions{Cache: cache, Size: 3})
	if _, err := height(0); !usage.Is(err) || !strings.Contains(err.Error(), "2x2 (short-crop), 3x3 (short-crop)") {
		t.Errorf("two sizes and none given: %v", err)
	}
	if h, err := height(3); h != 3 || err != nil {
		t.Errorf("size 3 gave %d, %v", h, err)
	}
	imported(t, source, ImportOptions{Cache: cache})
	if h, err := height(0); h != 4 || err != nil {
		t.Errorf("the images' own size was not preferred: %d, %v", h, err)
	}
}

func TestLocate_SaysWhereItLookedAndWhatToDo(t *testing.T) {
	dir, cache := data(t), t.TempDir()
	_, report := imported(t, animals(t).folder(t, "beasts"), ImportOptions{Cache: cache})
	imported(t, animals(t).folder(t, "birds"), ImportOptions{Cache: cache, Size: 5})
	for _, c := range []struct {
		name string
		size int
		data string
		says string
	}{
		{"animal", 0, dir, `no data set "animal"|` + cache + "|" + dir + `|did you mean "animals"?|import a folder`},
		{"beast", 0, dir, `did you mean "beasts"?`},
		{"cifar10", 0, dir, ": download it"},
		{"mnist", 0, "", `no data set "mnist"|SSLX_DATA is not set|: download it`},
		{"fashion-mnist", 0, dir, "download it|Debian's package dataset-fashion-mnist"},
		{"factor", 0, dir, `did you mean "factors"?`},
		{"zzzzzzzz", 0, "", "SSLX_DATA is not set"},
		{"./none", 0, dir, `no pack, folder or archive "./none"`},
		{"", 0, dir, "the name of a set"},
		{"factors", 64, dir, "32x32"},
		{"birds", 9, dir, "5x5 (short-crop)|import its source with size 9"},
		{report.Pack, 9, dir, "holds 4x4 images, not 9"},
	} {
		t.Setenv("SSLX_DATA", "")
		opt := LocateOptions{Cache: cache, DataDir: c.data, Size: c.size, system: t.TempDir()}
		_, err := Locate(context.Background(), c.name, opt)
		if !usage.Is(err) {
			t.Errorf("%q: got %v, want a usage error", c.name, err)
			continue
		}
		for part := range strings.SplitSeq(c.says, "|") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q: error %q lacks %q", c.name, err, part)
			}
		}
	}
}

func TestLocate_NamesADamagedPack(t *testing.T) {
	cache := t.TempDir()
	_, report := imported(t, animals(t).folder(t, "beasts"), ImportOptions{Cache: cache})
	if err := os.Truncate(report.Pack, 5000); err != nil {
		t.Fatal(err)
	}
	_, err := Locate(context.Background(), "beasts", LocateOptions{Cache: cache, DataDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), report.Pack) || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("got %v", err)
	}
}

func TestList_ShowsPacksAndOtherSets(t *testing.T) {
	dir, cache := data(t), t.TempDir()
	imported(t, filepath.Join(dir, "plants"), ImportOptions{Cache: cache})
	write(t, filepath.Join(cache, "packs", "old-1x1-native.sslx"), "?")
	opt := LocateOptions{Cache: cache, DataDir: dir, system: t.TempDir()}
	list, err := List(opt)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range list {
		got = append(got, l.Name+": "+l.State)
	}
	want := "old: damaged, plants: packed, factors: built in, animals: source, " +
		"cifar10: download, cifar100: download, fashion-mnist: download, mnist: download"
	if joined := strings.Join(got, ", "); joined != want {
		t.Errorf("listed %s, want %s", joined, want)
	}
	opt.Cache = filepath.Join(cache, "none")
	if list, err := List(opt); err != nil || len(list) != 7 {
		t.Errorf("without a cache: %v, %v", list, err)
	}
}

func TestLocate_AnInstalledSetComesAfterTheDataFolder(t *testing.T) {
	system := filepath.Dir(mnistFiles().folder(t, "fashion-mnist"))
	write(t, filepath.Join(system, "cifar10"), "a file that no package installs")
	opt := LocateOptions{Cache: t.TempDir(), DataDir: t.TempDir(), system: system}
	list, err := List(opt)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(l Listing) bool { return l.Name == "fashion-mnist" })
	if l := list[at]; len(list) != 5 || l.State != StateSource || l.Path != filepath.Join(system, "fashion-mnist") {
		t.Errorf("%d listed, with %+v", len(list), l)
	}
	train := func() int {
		t.Helper()
		set, err := Locate(context.Background(), "fashion-mnist", opt)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = set.Close() }()
		sp, _ := split(t, set, "train")
		return sp.N
	}
	if n := train(); n != 3 {
		t.Errorf("%d images, want the 3 of the installed set", n)
	}
	write(t, filepath.Join(opt.DataDir, "fashion-mnist.zip"), animals(t).zip(t))
	if n := train(); n != 3 {
		t.Errorf("%d images, want the 3 of the pack", n)
	}
	opt.Cache = t.TempDir()
	if n := train(); n != 4 {
		t.Errorf("%d images, want the 4 of the data folder", n)
	}
}

func TestLocate_APackOfAnotherSizeGivesWhatItsSourceWould(t *testing.T) {
	dir, cache := data(t), t.TempDir()
	opt := LocateOptions{Cache: cache, DataDir: dir}
	fingerprint := func(opt LocateOptions) string {
		t.Helper()
		set, err := Locate(context.Background(), "animals", opt)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = set.Close() }()
		return set.Fingerprint()
	}
	imported := opt
	imported.Cache, imported.Size = t.TempDir(), 9
	want := fingerprint(imported)
	native := fingerprint(opt)
	if err := os.Remove(filepath.Join(dir, "animals.tar.gz")); err != nil {
		t.Fatal(err)
	}
	opt.Size = 9
	for range 2 { // made, and found
		if got := fingerprint(opt); got != want || got == native {
			t.Errorf("the resized pack is %s, the source gives %s", got, want)
		}
	}
	if ok, hint := Available(opt, "animals"); !ok {
		t.Error("it is not available: " + hint)
	}
}

func TestAvailable_AgreesWithLocateAndSharesItsWords(t *testing.T) {
	dir, cache, system := data(t), t.TempDir(), filepath.Dir(mnistFiles().folder(t, "fashion-mnist"))
	_, report := imported(t, animals(t).folder(t, "beasts"), ImportOptions{Cache: cache})
	imported(t, animals(t).folder(t, "birds"), ImportOptions{Cache: cache, Size: 5})
	write(t, filepath.Join(cache, "packs", "old-1x1-native.sslx"), "?")
	t.Chdir(t.TempDir())
	for _, folder := range []string{"cifar10/checkpoint", "empty"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "notes", "x")
	for _, c := range []struct {
		name   string
		size   int
		system string
		hint   string // "" where it is available
	}{
		{"factors", 64, system, "leave the size out"},
		{"beasts", 0, system, ""},
		{"beasts", 9, system, ""},
		{"birds", 9, system, "import its source with size 9"},
		{report.Pack, 4, system, ""},
		{report.Pack, 9, system, "import its source with that size"},
		{"animals", 0, system, ""},
		{filepath.Join(dir, "plants"), 0, system, ""},
		{"fashion-mnist", 0, dir, "download it, or install Debian's package dataset-fashion-mnist"},
		{"fashion-mnist", 0, system, ""},
		{"mnist", 0, system, "download it"},
		{"cifar10", 0, system, "download it"},
		{"empty", 0, system, "import a folder or an archive of images under that name"},
		{"animal", 0, system, "did you mean \"animals\"? Otherwise import a folder"},
		{"./none", 0, system, "give the path of one, or the name of a set"},
		{"notes", 0, system, "notes is neither a folder nor an archive: give a folder or one of .tar.gz"},
		{"old", 0, system, "old-1x1-native.sslx"},
	} {
		opt := LocateOptions{Cache: cache, DataDir: dir, Size: c.size, system: c.system}
		before := len(leftBehind(t, cache))
		ok, hint := Available(opt, c.name)
		if ok != (c.hint == "") || !strings.HasPrefix(hint, c.hint) && c.name != "old" || strings.Contains(hint, "\n") {
			t.Errorf("%s, size %d: available is %v, hint %q, want %q", c.name, c.size, ok, hint, c.hint)
		}
		if after := len(leftBehind(t, cache)); after != before {
			t.Errorf("%s: the cache holds %d files, before %d", c.name, after, before)
		}
		set, err := Locate(context.Background(), c.name, opt)
		if (err == nil) != ok {
			t.Errorf("%s, size %d: available is %v and Locate gives %v", c.name, c.size, ok, err)
		}
		if err == nil {
			_ = set.Close()
		} else if !strings.HasSuffix(err.Error(), hint) {
			t.Errorf("%s: Locate's error %q does not end in the hint %q", c.name, err, hint)
		}
	}
}

func TestAvailable_TheGeneratedSetIsThereBeforeItIsMade(t *testing.T) {
	cache := t.TempDir()
	ok, hint := Available(LocateOptions{Cache: cache}, FactorsName)
	if !ok || hint != "" || leftBehind(t, cache) != nil {
		t.Errorf("available is %v, hint %q, files %v", ok, hint, leftBehind(t, cache))
	}
}

func TestLocate_APackOfOlderRulesIsMadeAgain(t *testing.T) {
	source := files{"a/1.jpg": turnedJPEG(t), "a/2.jpg": turnedJPEG(t)}
	tests := map[string]struct {
		options ImportOptions
		gone    bool // the source
		unnamed bool // the pack does not say where its source is
		again   bool
	}{
		"its source is there":              {again: true},
		"its source is named by SSLX_DATA": {unnamed: true, again: true},
		"its source is gone":               {gone: true},
		"somebody decided":                 {options: ImportOptions{HoldOut: -1}},
		"it has another name":              {options: ImportOptions{Name: "photos"}, again: true},
		"it is of another size":            {options: ImportOptions{Size: 4}, again: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			folder := source.folder(t, "set")
			tt.options.Cache = t.TempDir()
			set, report := imported(t, folder, tt.options)
			old := set.header
			old.Rules = rules - 1
			if tt.unnamed {
				old.Origin = ""
			}
			writeHeader(t, set, &old, report.Pack)
			if tt.gone {
				if err := os.RemoveAll(folder); err != nil {
					t.Fatal(err)
				}
			}

			var warnings []string
			got, err := Locate(context.Background(), set.Name(), LocateOptions{
				Cache:   tt.options.Cache,
				DataDir: filepath.Dir(folder),
				Size:    tt.options.Size,
				Warn:    func(s string) { warnings = append(warnings, s) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = got.Close() }()
			if again := got.header.Rules == rules; again != tt.again || got.Name() != set.Name() {
				t.Errorf("set %s of rules %d", got.Name(), got.header.Rules)
			}
			warned := strings.Contains(strings.Join(warnings, "\n"), "older version")
			if warned == tt.again {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}
