package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOpen_WaitsForNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if file, err := Open(path); err == nil {
		_ = file.Close()
		t.Error("a pipe is opened")
	}
	if _, err := Read(filepath.Dir(path)); err == nil {
		t.Error("a folder is read")
	}
}

func TestWrite_TemporaryFileIsBesideItsTarget(t *testing.T) {
	elsewhere := t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	path := filepath.Join(t.TempDir(), "target.json")
	err := Write(path, func(io.Writer) error {
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			return err
		}
		if len(entries) != 1 || !IsTemporary(entries[0].Name(), "target.json") {
			t.Errorf("in the folder of the target are %v", entries)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 0 {
		t.Errorf("$TMPDIR has %v (%v)", entries, err)
	}
}

func TestWrite_PermissionsAreThoseOfTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o002))
	path := filepath.Join(t.TempDir(), "a")
	if err := Write(path, func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o664 {
		t.Errorf("%v (%v)", info.Mode(), err)
	}
}

func TestIsTemporary(t *testing.T) {
	for name, want := range map[string]bool{".a.json12": true, ".a.json": false, "a.json12": false, ".a.jsonx": false,
		".b.json12": false} {
		if IsTemporary(name, "a.json") != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestLines_RefusesALineThatIsTooLong(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes int64 // of the second line
		lines int
		want  string
	}{
		{"the longest line", maxLine, 3, ""},
		{"a longer line", maxLine + 1, 1, "line 2 of "},
	} {
		// A hole takes no room on the disk, and reads as zeros.
		file, err := os.Create(filepath.Join(t.TempDir(), "lines"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		for at, text := range map[int64]string{0: "first\n", 6 + c.bytes - 1: "\nthird\ncut off"} {
			if _, err := file.WriteAt([]byte(text), at); err != nil {
				t.Fatal(err)
			}
		}

		lines, failure := 0, ""
		for line, err := range Lines(file) {
			if err != nil {
				failure = err.Error()
				break
			}
			if lines++; lines == 3 && string(line) != "third" {
				t.Errorf("%s: the third line is %q", c.name, line)
			}
		}
		if lines != c.lines || !strings.HasPrefix(failure, c.want) || (failure == "") != (c.want == "") {
			t.Errorf("%s: %d lines, then %q", c.name, lines, failure)
		}
	}
}
