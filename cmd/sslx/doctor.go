package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/sslx/backend"
)

func doctorCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is installed, what is missing, and the command that mends it",
		Long: `Look at the machine, the folders and the XLA plugins, open the backend that training would use, and run a
small product on it. In a clone of the repository, look at what scripts/notebook has installed there.
Nothing is downloaded. The exit status is 1 when something is missing.`,
		Example: `  sslx doctor
  sslx doctor --json`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) doctor(ctx context.Context, asJSON bool) error {
	report := backend.Doctor(ctx)
	for _, c := range notebookChecks(ctx, ".") {
		report.Checks = append(report.Checks, c)
		report.OK = report.OK && c.OK
	}
	print := func() error { return a.printChecks(report) }
	if asJSON {
		print = func() error { return a.printJSON(report) }
	}
	if err := print(); err != nil || report.OK {
		return err
	}
	return errors.New("something is missing or broken: the lines above say what mends it")
}

func (a *app) printChecks(report backend.Report) error {
	t := table{left: 3}
	for _, c := range report.Checks {
		mark := "ok"
		if !c.OK {
			mark = "!!"
		}
		t.add(mark, c.Name, sentence(c.Detail))
		if !c.OK && c.Fix != "" {
			t.add("", "", "to mend it: "+c.Fix)
		}
	}
	if err := t.print(a.stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "\nbackend: %s\n", orNone(report.Backend.Name))
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

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
