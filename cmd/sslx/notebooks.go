package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/sslx/backend"
)

const (
	setUpNotebooks = "scripts/notebook --no-open"
	// What is installed already is left alone by the set-up.
	setUpNotebooksAnew = "rm -r .venv && " + setUpNotebooks
)

// notebookChecks looks at what scripts/notebook has installed into a clone of the repository. Outside of one there is
// nothing to say.
func notebookChecks(ctx context.Context, clone string) []backend.Check {
	if _, err := os.Stat(filepath.Join(clone, "scripts/notebook")); err != nil {
		return nil
	}
	venv := filepath.Join(clone, ".venv")
	if _, err := os.Stat(venv); err != nil {
		return []backend.Check{{Name: "notebooks", OK: true, Detail: "not set up; scripts/notebook does it"}}
	}
	return []backend.Check{
		versionCheck(ctx, "Python environment", setUpNotebooksAnew, filepath.Join(venv, "bin/python"), "--version"),
		versionCheck(ctx, "JupyterLab", setUpNotebooksAnew, filepath.Join(venv, "bin/jupyter"), "lab", "--version"),
		kernelCheck(ctx, filepath.Join(venv, "share/jupyter/kernels/sslx/kernel.json")),
	}
}

// kernelCheck starts the program that JupyterLab would start.
func kernelCheck(ctx context.Context, path string) backend.Check {
	const name = "Go kernel"
	var spec struct{ Argv []string }
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err == nil && len(spec.Argv) == 0 {
		err = fmt.Errorf("%s names no program", path)
	}
	if err != nil {
		return backend.Check{Name: name, Detail: err.Error(), Fix: setUpNotebooks}
	}
	return versionCheck(ctx, name, setUpNotebooks, spec.Argv[0], "-V")
}

// versionCheck runs a program that says its version.
func versionCheck(ctx context.Context, name, fix, program string, args ...string) backend.Check {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return backend.Check{Name: name, Detail: fmt.Sprintf("%s does not run: %v", program, err), Fix: fix}
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return backend.Check{Name: name, OK: true, Detail: version + ", " + program}
}
