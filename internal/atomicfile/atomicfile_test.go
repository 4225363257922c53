package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestAFailedWriteKeepsTheFormerContentAndLeavesNothing(t *testing.T) {
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
		t.Errorf("content is %q, want the former one", got)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d entries left beside the file, want 1", len(entries))
	}
}
