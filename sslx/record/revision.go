package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/sslx-go/lab"

// unknownRevision is the revision of a program that was built without version control information.
const unknownRevision = "unknown"

// revision returns the source revision of sslx that the program was built from, with "+dirty" when files were changed:
// as the go command stamped it, or, since go run stamps none, the one of the checkout of this module around the working
// folder. In a program of another module, which has a stamp of its own, it is the version of this module, or the
// revision of the checkout that replaces it. It is "unknown" when nothing is there.
func revision(info *debug.BuildInfo) string {
	if info.Main.Path != modulePath {
		switch dep := dependency(info); {
		case dep == nil:
			return checkout("")
		case dep.Replace == nil:
			return dep.Version
		case isVersion(dep.Replace.Version):
			return dep.Replace.Path + "@" + dep.Replace.Version
		case filepath.IsAbs(dep.Replace.Path):
			return checkout(dep.Replace.Path)
		}
		return checkout("") // what a relative path is relative to is not known
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

	return checkout("") // go run does not
}

// program returns the module of another's program and its version, and "" for sslx's own program.
func program(info *debug.BuildInfo) string {
	switch m := info.Main; m.Path {
	case modulePath, "":
		return ""
	default:
		if isVersion(m.Version) {
			return m.Path + " " + m.Version
		}
		return m.Path + " (built without version control information)"
	}
}

// isVersion tells the version of a module from what the go command writes where there is none, as for a local folder.
func isVersion(text string) bool { return text != "" && text != "(devel)" }

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

// checkout returns the revision of the checkout of this module that a folder is in; "" is the working folder.
func checkout(dir string) string {
	dir, err := filepath.Abs(dir)
	for err == nil && !isModule(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return unknownRevision
		}
		dir = parent
	}

	head, err := git(dir, "rev-parse", "HEAD")
	if err != nil {
		return unknownRevision
	}

	// Untracked files do not count: they may be notes or data. Nor do records, to which the program itself adds.
	changed, err := git(dir, "status", "--porcelain", "--untracked-files=no", "--", ".",
		":(exclude)experiments/results")
	if err != nil || changed != "" {
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
