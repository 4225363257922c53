package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/words"
)

// Check is a part of the machine that [Doctor] looked at. The JSON keys are a stable contract.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Fix is how to fix it, a shell command where there is one; empty when OK.
	Fix string `json:"fix"`
	// Plugin is the plugin that has to be installed, for [Install]; empty where that does not help.
	Plugin string `json:"-"`
}

// Report is what [Doctor] found. The JSON keys are a stable contract.
type Report struct {
	OK      bool    `json:"ok"` // every check is
	Backend Info    `json:"backend"`
	Checks  []Check `json:"checks"`
}

// Doctor looks at the machine, the plugins and the folders, opens the backend that [Open] would choose and runs a small
// product on it. It downloads nothing; it creates the cache folder when that is missing.
//
// Where clone is a clone of this module, Doctor also runs the programs that scripts/notebook installed below its folder
// .venv, to see whether they start. It runs none of them anywhere else, nor where everybody can write; "" leaves them
// out.
func Doctor(ctx context.Context, clone string) Report {
	var report Report
	report.Checks = append(machineChecks(), folderChecks()...)
	report.Checks = append(report.Checks, toolChecks(ctx)...)
	report.Checks = append(report.Checks, pluginChecks(ctx)...)
	chosen, info := chosenCheck(ctx)
	report.Checks = append(report.Checks, chosen)
	report.Backend = info
	report.Checks = append(report.Checks, notebookChecks(ctx, clone)...)

	// One failure keeps no other check from being run, so that a report has them all.
	report.OK = true
	for _, c := range report.Checks {
		report.OK = report.OK && c.OK
	}
	return report
}

// chosenCheck runs a product on the backend that Open chooses.
func chosenCheck(ctx context.Context) (Check, Info) {
	c := Check{Name: "product of two matrices"}

	// A look changes nothing: no installation, and no warning next to the report.
	h, err := Open(ctx, Options{NoInstall: true, Warn: func(string) {}})
	if err != nil {
		c.Detail, c.Fix = err.Error(), "unset "+ConfigEnv
		return c, Info{}
	}
	defer h.Close()

	// A plugin can load and still not compile: only a result proves that it works.
	if err := product(h.Backend); err != nil {
		c.Detail, c.Plugin = fmt.Sprintf("%s: %v", h.Name, err), cpu
		c.Fix = "install the plugin cpu"
		return c, h.Info()
	}

	c.OK, c.Detail = true, fmt.Sprintf("compiled and run on %s (%s)", h.Name, h.Device)
	return c, h.Info()
}

// product compiles and runs a 2x2 matrix product, and compares the result.
func product(b compute.Backend) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot run a graph: %v", p)
		}
	}()

	// [2, 2] x [2, 2], small whole numbers: the result is exact on every device.
	x := [][]float32{{1, 2}, {3, 4}}
	out, err := graph.ExecOnce(b, func(x *graph.Node) *graph.Node { return graph.Dot(x, x).Product() }, x)
	if err != nil {
		return fmt.Errorf("cannot run a graph: %w", err)
	}

	if want := [][]float32{{7, 10}, {15, 22}}; !reflect.DeepEqual(out.Value(), want) {
		return fmt.Errorf("the product is %v, not %v", out.Value(), want)
	}
	return nil
}

// What training on CIFAR-10 needs at most, and a data cache with a few packed sets.
const (
	needMemory = 4 << 30
	needDisk   = 1 << 30
)

func machineChecks() []Check {
	checks := []Check{{Name: "processor", OK: true, Detail: cpuText()}}
	bytes := memory()
	if bytes == 0 {
		return checks
	}
	c := Check{Name: "memory", OK: bytes >= needMemory, Detail: gib(bytes) + " for this process"}
	if !c.OK {
		c.Fix = "end other programs, or train with a smaller batch"
	}
	return append(checks, c)
}

// memory returns the bytes of memory that the process may use: the machine's, or less where a control group limits
// it; 0 when it is not known.
func memory() uint64 {
	text, _ := os.ReadFile("/proc/meminfo")
	m := regexp.MustCompile(`(?m)^MemTotal:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		return 0
	}

	kb, _ := strconv.ParseUint(string(m[1]), 10, 64)

	// A container has less than the machine; "max" stands for no limit, and is no number.
	limit := uint64(math.MaxUint64)
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil {
			limit = n
		}
	}
	return min(kb<<10, limit)
}

// folderChecks tells whether the cache folder can be written, and how much room it and the plugin folder have.
func folderChecks() []Check {
	var checks []Check
	cache, err := cacheFolder()
	c := Check{Name: "cache folder", Detail: cache, Fix: "export SSLX_CACHE=/a/folder/you/can/write"}
	if err == nil {
		err = writable(cache)
	}
	if err != nil {
		c.Detail = err.Error()
		return append(checks, c)
	}

	// Data and plugins may lie on different disks.
	c.OK, c.Fix = true, ""
	checks = append(checks, c, diskCheck("free disk for data", cache, "SSLX_CACHE"))
	if folders, err := pluginFolders(""); err == nil {
		checks = append(checks, diskCheck("free disk for plugins", folders[0], FolderEnv))
	}
	return checks
}

// cacheFolder returns $SSLX_CACHE or the folder sslx in the user's cache folder.
func cacheFolder() (string, error) {
	if folder := os.Getenv("SSLX_CACHE"); folder != "" {
		return folder, nil
	}
	folder, err := os.UserCacheDir()
	return filepath.Join(folder, "sslx"), err
}

func writable(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".sslx-doctor-*")
	if err != nil {
		return err
	}
	_ = file.Close()
	return os.Remove(file.Name())
}

// diskCheck measures the nearest folder above the given one that exists.
func diskCheck(name, folder, env string) Check {
	at := folder
	for at != filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil {
			break
		}
		at = filepath.Dir(at)
	}

	// Unknown is no failure: some file systems do not say.
	free, err := freeDisk(at)
	if err != nil {
		return Check{Name: name, OK: true, Detail: fmt.Sprintf("not known in %s (%v)", folder, err)}
	}
	c := Check{Name: name, OK: free >= needDisk, Detail: fmt.Sprintf("%s in %s", gib(free), folder)}
	if !c.OK {
		c.Fix = "export " + env + "=/a/folder/with/1GiB/of/room"
	}
	return c
}

// toolChecks looks for what notebooks and builds need: a C compiler is missed only where Go is there.
func toolChecks(ctx context.Context) []Check {
	out, err := exec.CommandContext(ctx, "go", "version").Output()
	if err != nil {
		return nil
	}
	checks := []Check{{Name: "Go toolchain", OK: true, Detail: strings.TrimSpace(string(out))}}

	// $CC wins, as for the go command.
	for _, compiler := range []string{os.Getenv("CC"), "gcc", "clang", "cc"} {
		if path, err := exec.LookPath(compiler); compiler != "" && err == nil {
			return append(checks, Check{Name: "C compiler", OK: true, Detail: path})
		}
	}

	fix := "sudo apt-get install gcc"
	if runtime.GOOS == "darwin" {
		fix = "xcode-select --install"
	}
	return append(checks, Check{Name: "C compiler", Detail: "none found; needed to build sslx and in notebooks",
		Fix: fix})
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }

// pluginChecks loads each plugin that the machine could use.
func pluginChecks(ctx context.Context) []Check {
	checks := []Check{pluginCheck(ctx, "XLA plugin for CPU", cpu)}
	if HasGPU() {
		checks = append(checks, Check{Name: "NVIDIA GPU", OK: true, Detail: gpuText("found")},
			pluginCheck(ctx, "XLA plugin for CUDA", cuda))
	} else {
		checks = append(checks, Check{Name: "NVIDIA GPU", OK: true, Detail: "none found; the CPU is used"})
	}
	return append(checks, goCheck())
}

func pluginCheck(ctx context.Context, name, plugin string) Check {
	h, err := Open(ctx, Options{Config: "xla:" + plugin, NoInstall: true})
	var missing *PluginError
	if errors.As(err, &missing) {
		return Check{Name: name, Detail: err.Error(), Fix: "install the plugin " + missing.Plugin,
			Plugin: missing.Plugin}
	}
	if err != nil {
		return Check{Name: name, Detail: err.Error()}
	}
	defer h.Close()
	return Check{Name: name, OK: true, Detail: pluginText(h.Info(), plugin)}
}

// pluginText describes a plugin that was opened. It counts no devices of a CPU, where XLA simulates some that share
// its cores.
func pluginText(i Info, plugin string) string {
	text := fmt.Sprintf("%s, PJRT C API %s", i.Plugin, i.Version)
	if plugin != cpu {
		text += ", " + words.Count(i.Devices, "GPU")
	}
	return text
}

func goCheck() Check {
	c := Check{Name: "pure-Go backend"}
	h, err := openGo()
	if err == nil {
		defer h.Close()
		err = product(h.Backend)
	}
	if err != nil {
		c.Detail, c.Fix = err.Error(), "report it: this build of sslx is broken"
		return c
	}

	c.OK, c.Detail = true, "works; too slow to train with"
	return c
}

// How scripts/notebook installs what notebooks need; it leaves alone what is installed already.
const (
	setUpNotebooks      = "scripts/notebook --no-open"
	setUpNotebooksAgain = "rm -r .venv && " + setUpNotebooks
)

var ownModule = regexp.MustCompile(`(?m)^module github\.com/sslx-go/lab$`)

// notebookChecks looks at what scripts/notebook has installed into a clone of the repository. Outside of one there is
// nothing to say.
func notebookChecks(ctx context.Context, clone string) []Check {
	// Both files must exist, so that the .venv of another project is never run.
	if text, err := os.ReadFile(filepath.Join(clone, "go.mod")); clone == "" || err != nil || !ownModule.Match(text) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(clone, "scripts/notebook")); err != nil {
		return nil
	}

	venv := filepath.Join(clone, ".venv")
	if _, err := os.Stat(venv); err != nil {
		return []Check{{Name: "notebooks", OK: true, Detail: "not set up; scripts/notebook does it"}}
	}

	// The program is the one that JupyterLab would start.
	kernel, err := kernelProgram(filepath.Join(venv, "share/jupyter/kernels/sslx/kernel.json"))
	kernelCheck := Check{Name: "Go kernel", Fix: setUpNotebooks}
	if err != nil {
		kernelCheck.Detail = err.Error()
	} else {
		kernelCheck = versionCheck(ctx, venv, "Go kernel", setUpNotebooks, kernel, "-V")
	}

	return []Check{
		versionCheck(ctx, venv, "Python environment", setUpNotebooksAgain, filepath.Join(venv, "bin/python"),
			"--version"),
		versionCheck(ctx, venv, "JupyterLab", setUpNotebooksAgain, filepath.Join(venv, "bin/jupyter"), "lab",
			"--version"),
		kernelCheck,
	}
}

// kernelProgram returns the program that JupyterLab would start.
func kernelProgram(path string) (string, error) {
	var spec struct{ Argv []string }
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err == nil && len(spec.Argv) == 0 {
		err = fmt.Errorf("%s names no program", path)
	}
	if err != nil {
		return "", err
	}
	return spec.Argv[0], nil
}

// versionCheck runs a program of the environment venv that says its version.
func versionCheck(ctx context.Context, venv, name, fix, program string, args ...string) Check {
	if err := belongsTo(venv, program); err != nil {
		return Check{Name: name, Detail: fmt.Sprintf("%s was not run: %v", program, err), Fix: fix}
	}
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return Check{Name: name, Detail: fmt.Sprintf("%s does not run: %v", program, err), Fix: fix}
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return Check{Name: name, OK: true, Detail: fmt.Sprintf("%s, from running %s %s", version, program,
		strings.Join(args, " "))}
}

// belongsTo returns an error unless a program lies in the environment venv, and only its owners can change it.
func belongsTo(venv, program string) error {
	root, err := filepath.Abs(venv)
	if err != nil {
		return err
	}
	at, err := filepath.Abs(program)
	if err != nil {
		return err
	}

	// Where the name lies counts, not what it links to: an environment's python is a link out of it.
	if below, err := filepath.Rel(root, at); err != nil || !filepath.IsLocal(below) {
		return fmt.Errorf("it is not in %s", venv)
	}
	if _, err := os.Lstat(at); err != nil {
		return err
	}
	return protected(filepath.Dir(at))
}
