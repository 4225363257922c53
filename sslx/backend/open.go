package backend

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute/gobackend"

	"github.com/sslx-go/lab/internal/usage"
)

// errNoXLA is returned where XLA is asked for and this program was built without it.
var errNoXLA = errors.New("this program was built without XLA (cgo was off, or go-xla does not support the platform)")

// errDamaged marks a plugin file that must not be loaded.
var errDamaged = errors.New("the file is damaged")

// PluginError is an error about a plugin that installing it helps against; see [Install].
type PluginError struct {
	Plugin string // "cpu", "cuda12" or "cuda13"
	err    error
}

func (e *PluginError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong with the plugin.
func (e *PluginError) Unwrap() error { return e.err }

// opener holds the choice that Open makes, apart from what it does to the machine.
type opener struct {
	Options
	hasGPU  func() bool
	load    func(plugin, path, options string) (*Handle, error)
	install func(ctx context.Context, which string, opt InstallOptions) (string, error)
}

func (o opener) open(ctx context.Context) (*Handle, error) {
	config, options, _ := strings.Cut(o.Config, ",")
	name, plugin, _ := strings.Cut(config, ":")
	switch {
	case name == "go":
		return openGo()
	case name != "" && name != "xla":
		return nil, usage.Errorf("unknown backend %q: it must be xla:cpu, xla:cuda or go", config)
	case plugin == "":
		return o.automatic(ctx, options)
	case filepath.IsAbs(plugin):
		// A plugin given by its path is the caller's: it is neither installed nor compared with a checksum.
		h, err := o.load(pluginName(plugin), plugin, options)
		if err != nil {
			return nil, err
		}
		h.Name = config
		return h, nil
	case plugin != cpu && plugin != cuda:
		return nil, usage.Unknown("XLA plugin", plugin, []string{cpu, cuda})
	}
	return o.named(ctx, plugin, options)
}

func (o opener) automatic(ctx context.Context, options string) (*Handle, error) {
	var why []string
	if o.hasGPU() {
		h, err := o.named(ctx, cuda, options)
		if err == nil {
			return h, nil
		}
		why = append(why, fmt.Sprintf("the NVIDIA GPU is not used (%v)", err))
	}

	h, err := o.named(ctx, cpu, options)

	// A canceled installation must not lead to training on the slow backend.
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		why = append(why, fmt.Sprintf("XLA is not available (%v); using the pure-Go backend, which is about a hundred "+
			"times slower in training: install the plugin when there is a network", err))
		h, err = openGo()
	}

	if len(why) > 0 {
		o.Warn(strings.Join(why, "; "))
	}
	return h, err
}

// named opens the plugin cpu or cuda, and installs it first when it is missing or damaged.
func (o opener) named(ctx context.Context, plugin, options string) (*Handle, error) {
	if !builtWithXLA {
		return nil, errNoXLA
	}
	folders, err := pluginFolders(o.Folder)
	if err != nil {
		return nil, err
	}

	// The driver decides which version of CUDA can run.
	which := plugin
	if plugin == cuda {
		which = cudaFor(driverMajor())
	}

	if path := find(folders, plugin); path != "" {
		var h *Handle
		err := checkSum(path, pinnedFor(path))
		if err == nil {
			h, err = o.load(plugin, path, options)
		}

		// A new copy helps against damage alone.
		if !errors.Is(err, errDamaged) {
			return h, err
		}
		if o.NoInstall {
			return nil, &PluginError{which, err}
		}
	}

	if plugin == cuda && !o.hasGPU() {
		return nil, errors.New("no NVIDIA GPU was found: use the backend xla:cpu")
	}
	if o.NoInstall {
		return nil, &PluginError{which, fmt.Errorf("no XLA plugin %q in %s", plugin, folders[0])}
	}

	path, err := o.install(ctx, which, InstallOptions{Folder: folders[0], Progress: o.Progress, Warn: o.Warn})
	if err != nil {
		return nil, err
	}
	return o.load(plugin, path, options)
}

func openGo() (*Handle, error) {
	// One operation after the other, each on all cores: operations at once, the default, wait for each other for ever
	// when all workers are taken by operations that want more of them (compute v0.1.2).
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("cannot open the pure-Go backend: %w", err)
	}
	return &Handle{Backend: b, Name: "go", Device: cpuText(), NumDevices: b.NumDevices()}, nil
}
