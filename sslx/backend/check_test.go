package backend

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func checkNamed(t *testing.T, r Report, name string) Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q", name)
	return Check{}
}

func TestDoctorSaysWhatIsMissingAndTheCommandThatMendsIt(t *testing.T) {
	if raceEnabled {
		t.Skip("-race turns checkptr on, which stops GoMLX's pure-Go product (compute v0.1.2, nosimd_small.go:253)")
	}
	t.Setenv(FolderEnv, t.TempDir())
	t.Setenv(ConfigEnv, "")
	t.Setenv("SSLX_CACHE", filepath.Join(t.TempDir(), "cache"))
	r := Doctor(t.Context())
	plugin := checkNamed(t, r, "XLA plugin for CPU")
	if r.OK || plugin.OK || builtWithXLA && plugin.Fix != "sslx backend install cpu" {
		t.Errorf("a missing plugin gives %+v", plugin)
	}
	if c := checkNamed(t, r, "product of two matrices"); !c.OK || r.Backend.Name != "go" {
		t.Errorf("the pure-Go backend %q gives %+v", r.Backend.Name, c)
	}
	if c := checkNamed(t, r, "cache folder"); !c.OK {
		t.Errorf("a cache folder that can be made gives %+v", c)
	}
}

func TestDoctorNamesACacheFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSLX_CACHE", filepath.Join(file, "cache"))
	if c := folderChecks()[0]; c.OK || c.Fix == "" || !strings.Contains(c.Detail, file) {
		t.Errorf("got %+v", c)
	}
}

func TestTheReportHasTheKeysOfTheContract(t *testing.T) {
	text, err := json.Marshal(Report{Checks: []Check{{}}})
	if err != nil {
		t.Fatal(err)
	}
	// design.md, "What --json prints": doctor.
	const want = `{"ok":false,"backend":{"name":"","plugin":"","version":"","devices":0},` +
		`"checks":[{"name":"","ok":false,"detail":"","fix":""}]}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
