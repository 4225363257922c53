package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/sslx-go/lab"

// revision returns the source revision that the program was built from, with "+dirty" when files were changed: as the
// go command stamped it, or, since go run stamps none, that of the checkout of this module around the working folder.
// It is "unknown" when neither is there.
func revision(info *debug.BuildInfo) string {
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

	// go run does not: look for the module's checkout, from the working folder upward.
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
