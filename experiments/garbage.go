package experiments

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/sslx/record"
)

// runLock returns the lock of the process that makes the run of a key in the folder work.
func runLock(work, key string) *flock.Flock { return flock.New(filepath.Join(work, "."+key+".lock")) }

// Garbage says why nothing is lost with the run folder dir, or "" when something would be: a process holds it, or training
// could go on in it, or it was trained and its record is not among the records.
func Garbage(dir string, records Records) (why string) {
	if _, holding := record.HolderOf(dir); holding == record.Held {
		return ""
	}
	return useless(dir, records)
}

func useless(dir string, records Records) (why string) {
	if r, ok := records[record.Name(dir)]; ok {
		return fmt.Sprintf("its record is kept (scale %s)", r.Scale)
	}
	if _, err := os.Stat(record.CheckpointPath(dir)); errors.Is(err, os.ErrNotExist) {
		return "it ended before its first checkpoint"
	}
	return ""
}

// Discard deletes a run folder that is garbage. It does not when a process has taken it meanwhile.
func Discard(dir string, records Records) (done bool, err error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	sweep := runLock(filepath.Dir(path), filepath.Base(path))
	if _, missing := os.Stat(sweep.Path()); missing == nil { // a sweep made the run
		if ok, err := sweep.TryLock(); err != nil || !ok {
			return false, err
		}
		defer func() { err = errors.Join(err, sweep.Close()) }()
	}
	if Garbage(dir, records) == "" {
		return false, nil
	}
	run, err := record.Open(dir)
	if err != nil {
		return false, err
	}
	if useless(dir, records) == "" {
		return false, run.Close()
	}
	return true, run.Remove()
}
