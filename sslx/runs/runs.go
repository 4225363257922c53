// Package runs finds, lists and compares run folders, and says which ones are no longer needed. It only reads, but for
// [Discard]; other processes may train in the runs meanwhile.
package runs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// Folder is where runs are looked for by their bare name.
const Folder = "runs"

// In returns the run folders at and below dir, in lexical order. Symbolic links to folders are followed; a folder that
// is reached on several ways is returned once. A missing dir is an error that wraps [fs.ErrNotExist]; folders below it
// that cannot be read are left out.
func In(dir string) (found []string, err error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	collect(dir, seen, &found)
	return found, nil
}

// collect adds the run folders at and below dir; seen holds the folders that were visited, without links.
func collect(dir string, seen map[string]bool, found *[]string) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil || seen[real] {
		return
	}

	// Kept without links: one to a folder above would never end.
	seen[real] = true

	// A run holds no runs.
	if record.IsRun(dir) {
		*found = append(*found, dir)
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			collect(path, seen, found)
		}
	}
}

// Names returns the names of the runs directly in [Folder].
func Names() (names []string) {
	entries, _ := os.ReadDir(Folder)
	for _, e := range entries {
		if record.IsRun(filepath.Join(Folder, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

// Find returns the run folder that is meant by name: a path, or a run in [Folder] or below it, by its name or by a
// beginning that no other has. The error for a name that is none is about the argument "run" and suggests the nearest.
func Find(name string) (dir string, err error) {
	inFolder := filepath.Join(Folder, name)

	// An exact name wins over the beginning of another.
	switch {
	case record.IsRun(name):
		return name, nil
	case name == filepath.Base(name) && record.IsRun(inFolder):
		return inFolder, nil
	}

	below, _ := In(Folder)
	matching := slices.DeleteFunc(below, func(dir string) bool { return !strings.HasPrefix(record.Name(dir), name) })
	switch len(matching) {
	case 1:
		return matching[0], nil
	case 0:
		if near := usage.Nearest(filepath.Base(name), Names()); near != "" {
			return "", usage.Errorf("there is no run %q: did you mean %q?", name, near)
		}
		return "", usage.About("run", "there is no run %q, neither here nor in %s/", name, Folder)
	}

	return "", usage.Errorf("%d runs begin with %q, %s and %s among them: give a path", len(matching), name,
		matching[0], matching[1])
}

// FindAll returns the run folders that are meant by names; see [Find].
func FindAll(names []string) (dirs []string, err error) {
	for _, name := range names {
		dir, err := Find(name)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// List returns the states of the runs at and below dir; "" stands for [Folder], which may be missing.
func List(dir string) ([]State, error) {
	dirs, err := In(cmp.Or(dir, Folder))
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && dir != "":
		return nil, usage.Errorf("there is no folder %s: give one that holds runs", dir)
	case err != nil && !missing:
		return nil, fmt.Errorf("cannot read folder %s: %w", dir, err)
	}

	// Not nil, so that JSON has a list.
	states := []State{}
	for _, run := range dirs {
		states = append(states, StateOf(run))
	}
	return states, nil
}
