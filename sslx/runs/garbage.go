package runs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/sslx/record"
)

// Garbage is a run folder that can be deleted without losing anything. The JSON keys are a stable contract.
type Garbage struct {
	Run     string `json:"run"`
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Why     string `json:"why"`
	Deleted bool   `json:"deleted"`
}

// Kept returns why the run folder dir is no longer needed, because what it gave is kept elsewhere, or "". Dir is no
// symbolic link.
type Kept func(dir string) (why string)

// FindGarbage returns the runs that can be deleted without losing anything: those that kept names, and those that ended
// before their first checkpoint. Runs that a process holds, that can be resumed, or that were trained and are not kept
// elsewhere are none.
func FindGarbage(states []State, kept Kept) []Garbage {
	found := []Garbage{}
	for _, s := range states {
		if why := garbage(s.Path, kept); why != "" {
			found = append(found, Garbage{Run: s.Run, Path: s.Path, Why: why, Bytes: bytesIn(s.Path)})
		}
	}
	return found
}

// garbage says why the run folder dir can be deleted without losing anything, or "".
func garbage(dir string, kept Kept) (why string) {
	if _, holding := record.HolderOf(dir); holding == record.Held || holding == record.Unknown {
		return ""
	}
	return useless(dir, kept)
}

// useless is garbage for a run that this process holds.
func useless(dir string, kept Kept) (why string) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}

	// A link has another name than the run.
	if why := kept(real); why != "" {
		return why
	}

	// Without a checkpoint nothing can be resumed; a whole log or a result is still worth keeping.
	_, err = os.Stat(record.CheckpointPath(dir))
	_, d, _ := read(dir)
	if errors.Is(err, fs.ErrNotExist) && !d.logged() && d.Results == 0 {
		return "it ended before its first checkpoint"
	}
	return ""
}

// Lock returns the lock of the process that makes the run of that name in a folder, for a sweep whose processes share
// the work. It is not locked yet.
func Lock(folder, run string) *flock.Flock {
	return flock.New(filepath.Join(folder, "."+run+".lock"), flock.SetPermissions(0o666))
}

// Discard deletes a run folder that is garbage, and reports whether it did: it does not when a process has taken the
// run meanwhile. Through a symbolic link it deletes the folder and leaves the link.
func Discard(dir string, kept Kept) (done bool, err error) {
	path, err := filepath.EvalSymlinks(dir)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return false, err
	}

	sweep := Lock(filepath.Dir(path), filepath.Base(path))
	if _, missing := os.Stat(sweep.Path()); missing == nil { // a sweep made the run
		if ok, err := sweep.TryLock(); err != nil || !ok {
			return false, err
		}
		defer func() { err = errors.Join(err, sweep.Close()) }()
	}

	// It was listed a while ago; since then it may have been taken, or trained further.
	if garbage(path, kept) == "" {
		return false, nil
	}

	run, err := record.Open(path)
	if err != nil {
		return false, err
	}

	// Asked again under the lock of the run: now nobody can change the answer.
	if useless(path, kept) == "" {
		return false, run.Close()
	}
	return true, run.Remove()
}

// bytesIn returns the size of the files in a folder; what vanishes meanwhile does not count.
func bytesIn(dir string) (sum int64) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}
