package show

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/sslx-go/lab/experiments"
)

// runsVariable names the folder of runs in the environment.
const runsVariable = "SSLX_RUNS"

var ownModule = regexp.MustCompile(`(?m)^module github\.com/sslx-go/lab$`)

// root returns the folder of this repository around the notebook, or the folder of the notebook outside of it.
func root() string {
	here := Must(os.Getwd())
	for dir := here; ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && ownModule.Match(text) {
			return dir
		}

		// The root of the file system is its own parent.
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}

// Runs returns the folder of a run: it is below $SSLX_RUNS, or runs in the repository (next to the notebook outside of
// it).
func Runs(name ...string) string {
	dir := os.Getenv(runsVariable)
	if dir == "" {
		dir = filepath.Join(root(), "runs")
	}
	return filepath.Join(append([]string{dir}, name...)...)
}

// Mine are the records of the claims that were run here.
func Mine(s experiments.Scale) experiments.Store {
	return experiments.Store{Path: Runs("claims", string(s)+".jsonl")}
}

// Committed are the records of the claims that the repository holds.
func Committed(s experiments.Scale) experiments.Store {
	return experiments.Store{Path: filepath.Join(root(), experiments.RecordsFolder, string(s)+".jsonl")}
}
