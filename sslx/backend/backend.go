// Package backend finds, installs and opens what sslx computes on: an XLA/PJRT plugin for the CPU or an NVIDIA GPU, or,
// as a last resort, the pure-Go backend of GoMLX.
//
// A PJRT plugin is a shared library that is loaded while the program runs. [Open] looks for one, installs the CPU
// plugin by itself on first use, and says in one warning when it had to settle for less. [Install] does the same on
// demand, and [Doctor] says what is there and what is missing.
//
// Importing this package changes nothing in the process. [Open] sets $TF_CPP_MIN_LOG_LEVEL to 3 before it loads a
// plugin, unless it is set: XLA then reports errors only through what it returns. On the CPU, XLA is a good deal faster
// with another setting of the C allocator and with other flags: package tuned, which a program imports for its effect,
// sets them.
package backend

import (
	"context"
	"fmt"
	"os"

	"github.com/gomlx/compute"
)

// Environment variables that this package reads.
const (
	// ConfigEnv names the backend when [Options.Config] is empty. GoMLX reads it too.
	ConfigEnv = "GOMLX_BACKEND"
	// NoInstallEnv, when set to anything but the empty text, stops every automatic download. go-xla reads it too.
	NoInstallEnv = "GOMLX_NO_AUTO_INSTALL"
	// FolderEnv lists, separated by ":", the folders that hold plugins, instead of the default ones; plugins are
	// installed into the first. go-xla reads it too.
	FolderEnv = "PJRT_PLUGIN_LIBRARY_PATH"
)

// Options of [Open]. The zero value is the automatic choice.
type Options struct {
	// Config names the backend: "xla:cpu", "xla:cuda", "xla:" and the absolute path of a plugin, "go", or "" for
	// $GOMLX_BACKEND and, when that is empty too, the automatic choice ("xla" is that choice as well). Options of
	// go-xla follow after a comma, as in "xla:cuda,tf32=false".
	Config string
	// Folder is searched first for plugins and receives a plugin that Open installs. Empty: see [FolderEnv].
	Folder string
	// NoInstall stops Open from downloading anything, as [NoInstallEnv] does.
	NoInstall bool
	// Progress, when not nil, follows a download.
	Progress Progress
	// Warn receives the one sentence that says what Open settled for; nil writes it to standard error.
	Warn func(sentence string)
}

// Handle is an open backend. Close it when its last graph has run.
type Handle struct {
	// Backend is what GoMLX compiles and runs graphs on.
	Backend compute.Backend
	// Name is "xla:cpu", "xla:cuda" or "go": a value for [Options.Config] that opens the same backend again.
	Name string
	// Device describes the hardware, for instance "AMD EPYC 7B13 (family 25, model 1), 2 cores" or
	// "NVIDIA H100 80GB HBM3".
	Device string
	// NumDevices counts the devices that the backend shows. XLA shows several on one CPU.
	NumDevices int
	// PluginPath is the file of the PJRT plugin, empty for the pure-Go backend.
	PluginPath string
	// PluginVersion is the version of the plugin's PJRT C API, for instance "0.81"; empty for the pure-Go backend.
	PluginVersion string
}

// Info is the part of a [Handle] that a [Report] holds. The JSON keys are a stable contract.
type Info struct {
	Name    string `json:"name"`
	Plugin  string `json:"plugin"`
	Version string `json:"version"`
	Devices int    `json:"devices"`
}

// Info returns the handle's name, plugin, version and number of devices.
func (h *Handle) Info() Info {
	return Info{Name: h.Name, Plugin: h.PluginPath, Version: h.PluginVersion, Devices: h.NumDevices}
}

// Close releases the backend. Tensors that still live on it become invalid. Closing twice does nothing. XLA on the CPU
// stays in the process, with the programs that it compiled last (about 200 MB at most), for the next handle.
func (h *Handle) Close() {
	if h.Backend != nil && !h.Backend.IsFinalized() {
		h.Backend.Finalize()
	}
}

// Open finds a backend, installs the CPU plugin when there is none, and opens it. It may be called several times in
// a process. Handles share the loaded plugin and, on the CPU, compiled programs: a process compiles a program once.
//
// The automatic choice is: CUDA when an NVIDIA GPU is there and its plugin is installed or can be, else XLA on the
// CPU, else the pure-Go backend with a warning. A backend that Config names is opened or Open fails: there is no
// fallback. An unknown name is a usage error (sslx.IsUsage); a missing or damaged plugin, where Open may not install
// one, is a [PluginError]. A plugin that is not what its checksum says, or that everybody can write to, is not loaded.
// When ctx is canceled during a download, nothing is left.
func Open(ctx context.Context, opt Options) (*Handle, error) {
	if opt.Config == "" {
		opt.Config = os.Getenv(ConfigEnv)
	}
	if os.Getenv(NoInstallEnv) != "" {
		opt.NoInstall = true
	}
	if opt.Warn == nil {
		opt.Warn = warn
	}
	o := opener{Options: opt, hasGPU: HasGPU, load: load, install: Install}
	return o.open(ctx)
}

// warn is where warnings go that nobody else takes.
func warn(sentence string) { fmt.Fprintln(os.Stderr, "sslx: warning:", sentence) }

// BuiltWithXLA reports whether this program can load XLA: it was built with cgo, on a platform that go-xla supports.
func BuiltWithXLA() bool { return builtWithXLA }
