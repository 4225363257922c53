package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/sslx-go/lab"

// revision returns the source revision of sslx that the program was built from, with "+dirty" when files were changed:
// as the go command stamped it, or, since go run stamps none, the one of the checkout of this module around the working
// folder. In a program of another module, which has a stamp of its own, it is the version of this module. It is
// "unknown" when nothing is there.
func revision(info *debug.BuildInfo) string {
	if info.Main.Path != modulePath {
		if dep := dependency(info); dep != nil && dep.Replace == nil {
			return dep.Version
		}
		return checkout()
	}

	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}

	// go build and go install stamp the revision.
	if stamped := settings["vcs.revision"]; stamped != "" {
		if settings["vcs.modified"] == "true" {
			stamped += "+dirty"
		}
		return stamped
	}

	return checkout() // go run does not
}

// dependency returns the module of sslx among those that a program was built with, nil where it is the program's own.
func dependency(info *debug.BuildInfo) *debug.Module {
	for _, dep := range info.Deps {
		if dep.Path == modulePath {
			return dep
		}
	}
	return nil
}

// Version returns the version of sslx in a program: "(devel)" for a checkout.
func Version(info *debug.BuildInfo) string {
	version := info.Main.Version
	if info.Main.Path != modulePath {
		version = ""
		if dep := dependency(info); dep != nil && dep.Replace == nil {
			version = dep.Version
		}
	}
	if version == "" {
		return "(devel)"
	}
	return version
}

// checkout returns the revision of the checkout of this module that the working folder is in.
func checkout() string {
	dir, err := os.Getwd()
	for err == nil && !isModule(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return "unknown"
		}
		dir = parent
	}

	head, err := git(dir, "rev-parse", "HEAD")
	if err != nil {
		return "unknown"
	}

	// Untracked files do not count: they may be notes or data.
	if changed, err := git(dir, "status", "--porcelain", "--untracked-files=no"); err != nil || changed != "" {
		head += "+dirty"
	}
	return head
}

func isModule(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	first, _, _ := strings.Cut(string(text), "\n")
	return err == nil && strings.TrimSpace(first) == "module "+modulePath
}

func git(dir string, args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}
