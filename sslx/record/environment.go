package record

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Environment says where and with what a run was made.
type Environment struct {
	Started     time.Time         `json:"started"`
	OS          string            `json:"os"`
	Arch        string            `json:"arch"`
	CPU         string            `json:"cpu"`
	Cores       int               `json:"cores"`
	Backend     string            `json:"backend"`
	Device      string            `json:"device"`
	Plugin      string            `json:"plugin_version"`
	Go          string            `json:"go"`
	Revision    string            `json:"revision"` // source revision; "+dirty" when files were changed
	Modules     map[string]string `json:"modules"`
	Data        string            `json:"data"`
	Fingerprint string            `json:"data_fingerprint"`
}

// numericModules are the modules whose versions can change a number.
var numericModules = []string{"github.com/gomlx/gomlx", "github.com/gomlx/go-xla", "github.com/gomlx/compute",
	"gonum.org/v1/gonum"}

// Describe returns the environment of this process; the caller adds backend and data.
func Describe() Environment {
	e := Environment{
		Started: time.Now().UTC().Truncate(time.Second),
		OS:      runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuModel(), Cores: runtime.NumCPU(),
		Go: runtime.Version(), Revision: "unknown", Modules: map[string]string{},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return e
	}
	for _, dep := range info.Deps {
		for _, name := range numericModules {
			if dep.Path == name {
				e.Modules[name] = dep.Version
			}
		}
	}
	e.Revision = revision(info)
	return e
}

// cpuModel returns the processor's name where Linux tells it, and the architecture elsewhere.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
