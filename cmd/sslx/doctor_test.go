package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDoctorSaysWhatANotebookLacksAndTheCommandThatMendsIt(t *testing.T) {
	if got := notebookChecks(t.Context(), t.TempDir()); got != nil {
		t.Errorf("outside of a clone: %+v", got)
	}
	const kernel = "share/jupyter/kernels/sslx/kernel.json"
	for _, c := range []struct {
		claim   string
		spoil   func(venv string) error
		lacking string
		fix     string
	}{
		{"all is well", func(string) error { return nil }, "", ""},
		{"nothing was set up", os.RemoveAll, "", ""},
		{"Python was removed", func(venv string) error { return os.Remove(filepath.Join(venv, "bin/python")) },
			"Python environment", "rm -r .venv && scripts/notebook --no-open"},
		{"the clone was moved, so that jupyter finds no Python", func(venv string) error {
			return os.WriteFile(filepath.Join(venv, "bin/jupyter"), []byte("#!/gone/.venv/bin/python\n"), 0o755)
		}, "JupyterLab", "rm -r .venv && scripts/notebook --no-open"},
		{"no kernel is installed", func(venv string) error { return os.Remove(filepath.Join(venv, kernel)) },
			"Go kernel", "scripts/notebook --no-open"},
		{"the kernel has no program", func(venv string) error {
			return os.WriteFile(filepath.Join(venv, kernel), []byte("{}"), 0o644)
		}, "Go kernel", "scripts/notebook --no-open"},
		{"the kernel's program is gone", func(venv string) error { return os.Remove(filepath.Join(venv, "bin/gonb")) },
			"Go kernel", "scripts/notebook --no-open"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			clone := t.TempDir()
			venv := filepath.Join(clone, ".venv")
			program := "#!/bin/sh\necho 1.2.3\n"
			for path, text := range map[string]string{"scripts/notebook": "", ".venv/bin/python": program, ".venv/bin/jupyter": program,
				".venv/bin/gonb": program, ".venv/" + kernel: `{"argv": ["` + venv + `/bin/gonb", "--kernel"]}`} {
				path = filepath.Join(clone, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.spoil(venv); err != nil {
				t.Fatal(err)
			}
			checks := notebookChecks(t.Context(), clone)
			var lacking, fix string
			for _, check := range checks {
				if !check.OK {
					lacking, fix = check.Name, check.Fix
				}
			}
			if lacking != c.lacking || fix != c.fix {
				t.Errorf("%q is mended by %q: %+v", lacking, fix, checks)
			}
		})
	}
}
