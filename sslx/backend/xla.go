//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
	"k8s.io/klog/v2"

	"github.com/sslx-go/lab/internal/before"
	"github.com/sslx-go/lab/internal/tuning"
)

const builtWithXLA = true

// loading serializes the loading of plugins: it changes the environment and the logger of the process.
var loading sync.Mutex

// init undoes what importing go-xla does to the environment.
func init() { before.Restore() }

// load opens the plugin in the file path; options are go-xla's, separated by commas. The plugin is loaded once a
// process. What go-xla logs meanwhile is dropped: the returned error says it.
func load(plugin, path, options string) (h *Handle, err error) {
	if err := errors.Join(checkLibrary(path), protected(path)); err != nil {
		return nil, fmt.Errorf("cannot load the XLA plugin %s: %w", path, err)
	}
	loading.Lock()
	defer loading.Unlock()

	// A plugin reads the environment when it is loaded.
	if os.Getenv(before.LogLevelEnv) == "" {
		if err := os.Setenv(before.LogLevelEnv, "3"); err != nil {
			return nil, err
		}
	}

	if plugin == cpu {
		if err := tuning.BeforeLoad(); err != nil {
			return nil, err
		}
	}

	defer silenceKlog()()
	defer func() {
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("cannot load the XLA plugin %s: %v", path, p)
		}
	}()
	file, done, err := plainPath(plugin, path)
	if err != nil {
		return nil, err
	}
	defer done()

	config := strings.TrimSuffix(file+","+options, ",")
	c := clients[config]
	if c == nil {
		c = newClient(nil, keptText)
		quietThreads(func() { c.Backend, err = xla.NewWithOptions(config, nil) })
	}
	if err != nil {
		delete(links, path)
		return nil, fmt.Errorf("cannot open the XLA plugin %s: %w", path, err)
	}

	h = &Handle{Backend: c.Backend, Name: "xla:" + plugin, Device: cpuText(), NumDevices: c.NumDevices(),
		PluginPath: path}
	if plugin == cpu && readsPrograms {
		c.kernels = registerKernels(file)
		clients[config] = c
		h.Backend = &cachedBackend{client: c}
	}

	if c.IsCUDA() {
		h.Device = gpuText(c.DeviceDescription(0))
	}
	if p, err := pjrt.GetPlugin(c.PluginName()); err == nil {
		major, minor := p.Version()
		h.PluginVersion = fmt.Sprintf("%d.%d", major, minor)
	}
	return h, nil
}

// clients holds the clients that handles share, by their configuration; loading guards it.
var clients = map[string]*client{}

// ForgetPrograms lets handles that are opened from now on compile their programs, whatever was compiled before. It is
// for measurements of how long compilation takes: the memory of earlier programs is not released.
func ForgetPrograms() {
	loading.Lock()
	defer loading.Unlock()
	clear(clients)
}

// silenceKlog drops what go-xla logs until the returned function is called.
func silenceKlog() (restore func()) {
	state := klog.CaptureState()
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	return state.Restore
}

// links holds, by path, the link through which a plugin was loaded, removed since; loading guards it.
var links = map[string]string{}

// plainPath returns path, or a link to it that go-xla reads as it should until done is called. go-xla tells a GPU from
// a CPU by words in the path, so that a home folder named "nvidia" turns the one into the other, and cuts at commas.
// A plugin that is loaded already goes by the same link, which need not exist any more.
func plainPath(plugin, path string) (file string, done func(), err error) {
	none := func() {}
	misread := plugin == cpu && pjrt.IsCUDAName(path) || strings.Contains(path, ",")
	if !misread || links[path] != "" {
		return cmp.Or(links[path], path), none, nil
	}

	// A folder of its own: go-xla reads the plugin's kind from the name of the link, which must be exact.
	folder, err := os.MkdirTemp("", "sslx-plugin-")
	if err != nil {
		return "", none, err
	}
	done = func() { _ = os.RemoveAll(folder) }
	file = filepath.Join(folder, pluginFile(plugin))
	if err := os.Symlink(path, file); err != nil {
		done()
		return "", none, err
	}

	links[path] = file
	return file, done, nil
}

// releaseURL returns the address of the CPU plugin that go-xla's own installer would fetch on this platform.
func releaseURL(ctx context.Context) (string, error) {
	return await(ctx, func() (string, error) {
		return installer.CPUGetDownloadURL(runtime.GOOS+"_"+runtime.GOARCH, pjrt.DefaultCPUVersion)
	})
}
