//go:build cgo && linux

package layers

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forEffect holds the packages that are imported for their effect on the process, or that import one on purpose.
var forEffect = []string{
	module + "/cmd/sslx",
	module + "/internal/testbackend",
	module + "/notebooks/show",
	module + "/sslx/backend/tuned",
}

// TestImports_ChangeNothingInTheProcess builds a program that imports every package of the module but those that are
// imported for their effect, and looks at its environment and its allocator.
func TestImports_ChangeNothingInTheProcess(t *testing.T) {
	var all []string
	for _, p := range packages(t) {
		// imported by its parent
		deeper := strings.Contains(strings.TrimPrefix(p.ImportPath, module+"/internal/"), "/internal/")
		if p.Name != "main" && !deeper && !slices.Contains(forEffect, p.ImportPath) &&
			len(p.GoFiles)+len(p.CgoFiles) > 0 {
			all = append(all, p.ImportPath)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d packages: %q", len(all), all)
	}

	environment, arenas := runImporting(t, all) // without HOME, of which go-xla would log
	if environment != "SSLX_TEST=1" {
		t.Errorf("the environment became %q", environment)
	}
	if arenas < 2 {
		t.Errorf("glibc has %d arena: one of the packages changed malloc", arenas)
	}

	// The measurement would see it.
	if _, arenas := runImporting(t, []string{module + "/sslx/backend/tuned"}); arenas != 1 {
		t.Errorf("with package tuned, whose malloc needs no arena for threads, glibc has %d, not 1", arenas)
	}
}

// runImporting runs the program testdata/effects with the imports, in an environment that holds nothing but
// SSLX_TEST=1.
func runImporting(t *testing.T, imports []string) (environment string, arenas int) {
	t.Helper()
	var lines strings.Builder
	for _, path := range imports {
		fmt.Fprintf(&lines, "import _ %q\n", path)
	}
	dir := t.TempDir()
	source, overlay, program := filepath.Join(dir, "imports.go"), filepath.Join(dir, "overlay"),
		filepath.Join(dir, "program")

	// The overlay adds a file to the program, which lies inside the module, where it may import internal packages.
	const effects = "./internal/layers/testdata/effects"
	replace := map[string]map[string]string{"Replace": {filepath.Join(root(t), effects, "imports.go"): source}}
	text, err := json.Marshal(replace)
	err = errors.Join(err, os.WriteFile(overlay, text, 0o644),
		os.WriteFile(source, []byte("package main\n\n"+lines.String()), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", program, effects)
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	run := exec.Command(program)
	run.Env = []string{"SSLX_TEST=1"}
	var logged strings.Builder
	run.Stderr = &logged
	out, err := run.Output()
	if err != nil || logged.Len() > 0 {
		t.Fatalf("%v; logged %q", err, logged.String())
	}
	environment, info, _ := strings.Cut(string(out), "\n<malloc")
	return environment, strings.Count(info, "<heap nr=")
}
