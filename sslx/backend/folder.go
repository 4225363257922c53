package backend

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/installer"
	"github.com/sslx-go/lab/internal/usage"
)

// Names of the plugins in file names and configurations.
const (
	cpu  = "cpu"
	cuda = "cuda"
)

// pluginFolders returns the absolute folders that may hold plugins, in order of preference; the first is where a
// plugin is installed. They are those that go-xla searches, so that a plugin serves other programs on GoMLX too.
func pluginFolders(first string) ([]string, error) {
	var folders []string
	if first != "" {
		folders = append(folders, first)
	}

	// The variable replaces the default folders; the one that the caller named stays first.
	if listed := os.Getenv(FolderEnv); listed != "" {
		folders = append(folders, filepath.SplitList(listed)...)
	} else {
		if home, err := installer.DefaultHomeLibPath(); err == nil {
			folders = append(folders, filepath.Join(home, "go-xla"))
		}
		folders = append(folders, "/usr/local/lib/go-xla")
		folders = append(folders, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	}

	folders = slices.DeleteFunc(folders, func(f string) bool { return f == "" })
	if len(folders) == 0 {
		return nil, usage.Errorf("$%s is set but names no folder", FolderEnv)
	}

	// A relative folder would mean another one after a change of the working directory.
	for i, f := range folders {
		abs, err := filepath.Abs(f)
		if err != nil {
			return nil, err
		}
		folders[i] = abs
	}
	return folders, nil
}

// find returns the file of the plugin in the first folder that has it, or "". go-xla puts CUDA's in a folder "nvidia"
// with its libraries, and adds a version to the name of the CPU's.
func find(folders []string, plugin string) string {
	for _, folder := range folders {
		for _, pattern := range []string{
			pluginFile(plugin), filepath.Join("nvidia", pluginFile(plugin)), pluginFile(plugin + "_v*"),
		} {
			paths, _ := filepath.Glob(filepath.Join(folder, pattern))

			// Sorted by name, so that the newest version is last.
			for _, path := range slices.Backward(paths) {
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					return path
				}
			}
		}
	}
	return ""
}

// pluginFile returns the file name that go-xla expects of a plugin, on macOS too.
func pluginFile(plugin string) string { return "pjrt_c_api_" + plugin + "_plugin.so" }

// pluginName is the reverse of pluginFile; it returns the base name of a file that is named otherwise.
func pluginName(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return strings.TrimSuffix(strings.TrimPrefix(base, "pjrt_c_api_"), "_plugin")
}
