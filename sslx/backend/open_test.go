package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// fake is an opener on a machine that has the given plugins installed and can install those in installable.
type fake struct {
	gpu         bool
	loads       map[string]error // by plugin; absent: it loads
	installable map[string]bool
	installed   []string
	warnings    []string
}

func (f *fake) open(t *testing.T, opt Options) (*Handle, error) {
	t.Helper()
	if opt.Folder == "" {
		opt.Folder = t.TempDir()
	}
	t.Setenv(FolderEnv, opt.Folder)
	opt.Warn = func(s string) { f.warnings = append(f.warnings, s) }
	o := opener{
		Options: opt,
		hasGPU:  func() bool { return f.gpu },
		load: func(plugin, path, _ string) (*Handle, error) {
			if err := f.loads[plugin]; err != nil {
				return nil, err
			}
			return &Handle{Name: "xla:" + plugin, PluginPath: path}, nil
		},
		install: func(ctx context.Context, which string, opt InstallOptions) (string, error) {
			f.installed = append(f.installed, which)
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			if !f.installable[which[:min(4, len(which))]] {
				return "", explain("install it", opt.Folder, noHost)
			}
			delete(f.loads, which)
			return filepath.Join(opt.Folder, which), nil
		},
	}
	return o.open(t.Context())
}

func needXLA(t *testing.T) {
	t.Helper()
	if !builtWithXLA {
		t.Skip("built without XLA")
	}
}

func TestOpen_ChoosesWhatTheMachineHas(t *testing.T) {
	needXLA(t)
	broken := errors.New("no driver")
	for _, c := range []struct {
		name     string
		machine  fake
		opt      Options
		want     string
		installs string
		warned   int
	}{
		{"installs the CPU plugin", fake{installable: map[string]bool{cpu: true}}, Options{}, "xla:cpu", "[cpu]", 0},
		{"prefers a GPU", fake{gpu: true, installable: map[string]bool{cpu: true, cuda: true}}, Options{}, "xla:cuda",
			"[" + cudaFor(driverMajor()) + "]", 0},
		{"warns once when the GPU cannot be used", fake{gpu: true, loads: map[string]error{cuda: broken},
			installable: map[string]bool{cpu: true, cuda: true}}, Options{}, "xla:cpu",
			"[" + cudaFor(driverMajor()) + " cpu]", 1},
		{"warns once when nothing can be installed", fake{gpu: true}, Options{}, "go",
			"[" + cudaFor(driverMajor()) + " cpu]", 1},
		{"downloads nothing when told so", fake{}, Options{NoInstall: true}, "go", "[]", 1},
		{"xla alone is the automatic choice", fake{}, Options{Config: "xla"}, "go", "[cpu]", 1},
		{"go needs no plugin", fake{}, Options{Config: "go"}, "go", "[]", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := c.machine.open(t, c.opt)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			if h.Name != c.want || fmt.Sprint(c.machine.installed) != c.installs ||
				len(c.machine.warnings) != c.warned {
				t.Errorf("got %s after installing %v with warnings %q", h.Name, c.machine.installed, c.machine.warnings)
			}
			if c.want == "go" && c.warned > 0 && !strings.Contains(c.machine.warnings[0], "install the plugin") {
				t.Errorf("the warning does not say what to run: %q", c.machine.warnings[0])
			}
		})
	}
}

func TestOpen_FailsForANamedBackend(t *testing.T) {
	needXLA(t)
	for _, c := range []struct {
		config, want string
		usage        bool
	}{
		{"xla:cpu", "no network", false},
		{"xla:cuda", "no NVIDIA GPU was found", false},
		{"xla:cup", `did you mean "cpu"?`, true},
		{"gpu", "must be xla:cpu, xla:cuda or go", true},
	} {
		m := fake{}
		_, err := m.open(t, Options{Config: c.config})
		if err == nil || !strings.Contains(err.Error(), c.want) || usage.Is(err) != c.usage || len(m.warnings) > 0 {
			t.Errorf("%s: got %v (usage %v), want %q", c.config, err, usage.Is(err), c.want)
		}
	}
}

func TestOpen_ReplacesADamagedPlugin(t *testing.T) {
	needXLA(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, pluginFile(cpu)), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	m := fake{loads: map[string]error{cpu: errDamaged}, installable: map[string]bool{cpu: true}}
	if h, err := m.open(t, Options{Folder: folder}); err != nil || h.Name != "xla:cpu" {
		t.Errorf("got %v, %v", h, err)
	}
}

func TestFind_KnowsTheNamesThatGoXLAUses(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for _, name := range []string{
		filepath.Join(second, "pjrt_c_api_cpu_v0.114.0_plugin.so"),
		filepath.Join(second, "nvidia", "pjrt_c_api_cuda_plugin.so"),
		filepath.Join(first, "pjrt_c_api_tpu_plugin.so"),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(FolderEnv, first+":"+second)
	folders, err := pluginFolders("")
	if err != nil {
		t.Fatal(err)
	}
	for plugin, want := range map[string]string{
		cpu:  filepath.Join(second, "pjrt_c_api_cpu_v0.114.0_plugin.so"),
		cuda: filepath.Join(second, "nvidia", "pjrt_c_api_cuda_plugin.so"),
		"x":  "",
	} {
		if got := find(folders, plugin); got != want {
			t.Errorf("%s: found %q, want %q", plugin, got, want)
		}
	}
}

func TestCUDAFor_ReadsTheDriversVersion(t *testing.T) {
	// Lines of /proc/driver/nvidia/version.
	for text, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024": "cuda12",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build":        "cuda13",
		"": "cuda13",
	} {
		if got := cudaFor(parseDriver(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
