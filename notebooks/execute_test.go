package notebooks

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// replaceIn calls the function of scripts/notebook-execute.py that writes a notebook, in a process whose files may have
// so many bytes at most, as on a disk that fills up.
const replaceIn = `
import importlib.util, resource, signal, sys
spec = importlib.util.spec_from_file_location("execute", "../scripts/notebook-execute.py")
execute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(execute)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
execute.replace(sys.argv[1], sys.argv[3] * 100000)
`

func TestExecute_LeavesTheNotebookWhenTheDiskIsFull(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3, which writes the notebook in this test, is not in PATH")
	}
	folder := t.TempDir()
	target := filepath.Join(folder, "a.ipynb")
	if err := errors.Join(os.WriteFile(target, []byte("before"), 0o640),
		os.Symlink("a.ipynb", filepath.Join(folder, "link.ipynb"))); err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct{ name, limit, want string }{
		{"a full disk", "1000", "before"},
		{"room", "1000000", strings.Repeat("x", 100000)},
	} {
		out, err := exec.Command("python3", "-c", replaceIn, filepath.Join(folder, "link.ipynb"), c.limit,
			"x").CombinedOutput()
		if failed := err != nil; failed != (c.want == "before") {
			t.Errorf("%s: %v, %s", c.name, err, out)
		}
		text, err := os.ReadFile(target)
		if err != nil || string(text) != c.want {
			t.Errorf("%s: the notebook holds %d bytes (%v)", c.name, len(text), err)
		}
		if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: %v, %v", c.name, info.Mode(), err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
			t.Errorf("%s: the folder holds %d entries (%v)", c.name, len(entries), err)
		}
	}
}
