package dataset

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAvailableAgreesWithLocateAndSharesItsWords(t *testing.T) {
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

func TestTheGeneratedSetIsAvailableBeforeItIsMade(t *testing.T) {
	cache := t.TempDir()
	if ok, hint := Available(LocateOptions{Cache: cache}, FactorsName); !ok || hint != "" || leftBehind(t, cache) != nil {
		t.Errorf("available is %v, hint %q, files %v", ok, hint, leftBehind(t, cache))
	}
}
