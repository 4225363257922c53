//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"k8s.io/klog/v2"
)

// installed returns the CPU plugin of the machine, or skips the test: tests download nothing.
func installed(t *testing.T) string {
	t.Helper()
	folders, err := pluginFolders("")
	if err != nil {
		t.Fatal(err)
	}
	path := find(folders, cpu)
	if path == "" {
		t.Skip("no XLA CPU plugin is installed: see Install")
	}
	return path
}

func TestXLA_OpensTwiceInOneProcess(t *testing.T) {
	path := installed(t)
	for range 2 {
		h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
		if err != nil {
			t.Fatal(err)
		}
		if h.Name != "xla:cpu" || h.PluginPath != path || h.PluginVersion == "" || h.NumDevices < 1 {
			t.Errorf("got %+v", h)
		}
		if err := product(h.Backend); err != nil {
			t.Error(err)
		}
		h.Close()
		h.Close()
	}
}

// Where the profiler's signals reach the threads of the plugin, the heap is damaged and the process aborts.
func TestXLA_ComputesUnderTheProfiler(t *testing.T) {
	installed(t)
	h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	side := shapes.Make(dtypes.Float32, 512, 512)
	exec := MustNewExec(h.Backend, func(g *Graph) *Node {
		x := OnesLike(IotaFull(g, side))
		for range 20 {
			x = MulScalar(MatMul(x, x), 1./512)
		}
		return ReduceAllMean(x)
	})
	defer exec.Finalize()

	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Skip(err) // the tests are profiled already
	}
	defer pprof.StopCPUProfile()
	for start := time.Now(); time.Since(start) < 2*time.Second; {
		out, err := exec.Exec1()
		if err != nil {
			t.Fatal(err)
		}
		if got := tensors.ToScalar[float32](out); got != 1 {
			t.Fatalf("the mean of a product of ones is %v", got)
		}
		out.MustFinalizeAll()
	}
}

func TestXLA_LoadsAPluginFromAFolderOfAnyName(t *testing.T) {
	source := installed(t)
	for _, folder := range []string{"elsewhere", "nvidia", "a,b"} {
		dir := filepath.Join(t.TempDir(), folder)
		link := filepath.Join(dir, pluginFile(cpu))
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Symlink(source, link)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			h, err := Open(t.Context(), Options{Config: "xla:cpu", Folder: dir, NoInstall: true})
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			if h.PluginPath != link || h.Backend.(*cachedBackend).IsCUDA() {
				t.Errorf("got %+v, want the plugin %s on the CPU", h, link)
			}
			if err := product(h.Backend); err != nil {
				t.Error(err)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "sslx-plugin-*")); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestXLA_RefusesATruncatedPlugin(t *testing.T) {
	source, err := os.Open(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	start := make([]byte, 1<<20)
	if _, err := io.ReadFull(source, start); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), pluginFile(cpu))
	if err := os.WriteFile(path, start, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Config: "xla:" + path}); !errors.Is(err, errDamaged) {
		t.Errorf("got %v, want errDamaged", err)
	}
}

func TestXLA_LogsNothingWhenOpeningFails(t *testing.T) {
	installed(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	former := os.Stderr
	os.Stderr = w
	_, err = Open(t.Context(), Options{Config: "xla:cpu,nonsense=1", NoInstall: true})
	klog.Flush()
	os.Stderr = former
	_ = w.Close()
	if err == nil {
		t.Error("an unknown option was accepted")
	}
	if logged, _ := io.ReadAll(r); len(logged) > 0 {
		t.Errorf("logged %q", logged)
	}
}

func TestOpen_RefusesAPluginWithAnotherChecksum(t *testing.T) {
	source, err := os.ReadFile(installed(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSLX_CACHE", t.TempDir())
	folder := t.TempDir()
	source[len(source)/2] ^= 1
	if err := os.WriteFile(filepath.Join(folder, pluginFile(cpu)), source, 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *PluginError
	_, err = Open(t.Context(), Options{Config: "xla:cpu", Folder: folder, NoInstall: true})
	if !errors.As(err, &damaged) || !errors.Is(err, errDamaged) || damaged.Plugin != cpu {
		t.Errorf("got %v", err)
	}
}
