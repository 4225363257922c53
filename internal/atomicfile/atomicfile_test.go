package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite_PutsItsTemporaryFileInTheSameFolder(t *testing.T) {
	elsewhere, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	err := Write(filepath.Join(dir, "f"), func(io.Writer) error {
		if entries, _ := os.ReadDir(elsewhere); len(entries) != 0 {
			t.Errorf("%s is in TMPDIR", entries[0].Name())
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%d entries are in the folder of the file, want its temporary one", len(entries))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrite_KeepsTheContentWhenItFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	put := func(text string, err error) error {
		return Write(path, func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		})
	}
	if err := put("first", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := put("second", broken); !errors.Is(err, broken) {
		t.Fatalf("got %v, want the error of fill", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "first" {
		t.Errorf("content is %q, want that of before", got)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d entries are left in the folder, want 1", len(entries))
	}
}
