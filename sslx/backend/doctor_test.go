package backend

import (
	"encoding/json"
	"errors"
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

func TestDoctor_NamesThePluginThatIsMissing(t *testing.T) {
	if raceEnabled {
		t.Skip("-race turns checkptr on, which stops GoMLX's pure-Go product (compute v0.1.2, nosimd_small.go:253)")
	}
	t.Setenv(FolderEnv, t.TempDir())
	t.Setenv(ConfigEnv, "")
	t.Setenv("SSLX_CACHE", filepath.Join(t.TempDir(), "cache"))
	r := Doctor(t.Context(), "")
	plugin := checkNamed(t, r, "XLA plugin for CPU")
	if r.OK || plugin.OK || plugin.Fix == "" || builtWithXLA && plugin.Plugin != cpu {
		t.Errorf("a missing plugin gives %+v", plugin)
	}
	if c := checkNamed(t, r, "product of two matrices"); !c.OK || r.Backend.Name != "go" {
		t.Errorf("the pure-Go backend %q gives %+v", r.Backend.Name, c)
	}
	if c := checkNamed(t, r, "cache folder"); !c.OK {
		t.Errorf("a cache folder that can be made gives %+v", c)
	}
}

func TestDoctor_NamesACacheFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSLX_CACHE", filepath.Join(file, "cache"))
	if c := folderChecks()[0]; c.OK || c.Fix == "" || !strings.Contains(c.Detail, file) {
		t.Errorf("got %+v", c)
	}
}

func TestReport_HasTheKeysOfTheContract(t *testing.T) {
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

func TestDoctor_SaysWhatNotebooksLack(t *testing.T) {
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
			for path, text := range map[string]string{"scripts/notebook": "",
				"go.mod": "module github.com/sslx-go/lab\n", ".venv/bin/python": program, ".venv/bin/jupyter": program,
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
				t.Errorf("%q is fixed by %q: %+v", lacking, fix, checks)
			}
		})
	}
}

func TestDoctor_RunsOnlyProgramsOfThisModulesClone(t *testing.T) {
	for _, c := range []struct{ name, module, kernel string }{
		{"another project", "module example.com/other\n", ".venv/bin/gonb"},
		{"a kernel from elsewhere", "module github.com/sslx-go/lab\n", "elsewhere/gonb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clone := t.TempDir()
			ran := filepath.Join(clone, "ran")
			program := "#!/bin/sh\necho \"$0\" >> " + ran + "\necho 1.2.3\n"
			for path, text := range map[string]string{
				"go.mod": c.module, "scripts/notebook": "", ".venv/bin/python": program, ".venv/bin/jupyter": program,
				c.kernel: program,
				".venv/share/jupyter/kernels/sslx/kernel.json": `{"argv": ["` + filepath.Join(clone, c.kernel) + `"]}`,
			} {
				path = filepath.Join(clone, path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
					os.WriteFile(path, []byte(text), 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			checks := notebookChecks(t.Context(), clone)
			text, _ := os.ReadFile(ran)
			if strings.Contains(string(text), c.kernel) || c.module != "module github.com/sslx-go/lab\n" &&
				(len(text) > 0 || checks != nil) {
				t.Errorf("it ran %q: %+v", text, checks)
			}
		})
	}
}

func TestPluginText_CountsNoDevicesOfACPU(t *testing.T) {
	for plugin, want := range map[string]string{cpu: "/p.so, PJRT C API 0.81", cuda: "/p.so, PJRT C API 0.81, 4 GPUs"} {
		if got := pluginText(Info{Plugin: "/p.so", Version: "0.81", Devices: 4}, plugin); got != want {
			t.Errorf("%s: got %q, want %q", plugin, got, want)
		}
	}
}
