package backend

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

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
	for _, compiler := range []string{os.Getenv("CC"), "gcc", "clang", "cc"} {
		if path, err := exec.LookPath(compiler); compiler != "" && err == nil {
			return append(checks, Check{Name: "C compiler", OK: true, Detail: path})
		}
	}
	fix := "sudo apt-get install gcc"
	if runtime.GOOS == "darwin" {
		fix = "xcode-select --install"
	}
	return append(checks, Check{Name: "C compiler", Detail: "none found; needed to build sslx and in notebooks", Fix: fix})
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }
