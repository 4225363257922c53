package fetch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Module is a version of a Go module that carries the files of a set.
type Module struct {
	Path, Version string
	// Folder holds the files in the module.
	Folder string
	// Sums are the SHA-256 of each file.
	Sums map[string]string
}

func (m *Module) String() string { return m.Path + "@" + m.Version }

// Fetch has the go command download the module and returns the folder with the files, in its module cache. Name is the
// name of the set, for errors.
func (m *Module) Fetch(ctx context.Context, name string, progress Progress) (string, error) {
	if progress != nil {
		progress(m.Path, 0, -1)
	}
	dir, err := m.download(ctx)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}

	source := filepath.Join(dir, m.Folder)
	if err == nil {
		err = m.check(source)
	}
	if err != nil {
		return "", fmt.Errorf("Go module %v cannot be used (%w): make `go mod download` work, or fetch the "+
			"%d files in %s of https://%s by hand into one folder and import it under the name %s", m, err,
			len(m.Sums), m.Folder, m.Path, name)
	}
	return source, nil
}

// download runs `go mod download -json`, which compares the module with the checksum database, and returns its folder
// (https://go.dev/ref/mod#go-mod-download). It runs in an empty folder, away from the user's modules and workspaces.
func (m *Module) download(ctx context.Context) (string, error) {
	empty, err := os.MkdirTemp("", "sslx-module-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(empty) }()

	// The user's flags and workspaces must not decide what is fetched.
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.String())
	cmd.Dir, cmd.WaitDelay = empty, time.Second
	cmd.Env = append(cmd.Environ(), "GO111MODULE=on", "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.Output()

	// The command answers in JSON even when it fails, unless it failed early.
	var answer struct{ Dir, Error string } // of its Module; absent where it failed early
	_ = json.Unmarshal(out, &answer)
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		answer.Error = cmp.Or(answer.Error, string(failed.Stderr), err.Error())
	} else if err != nil {
		return "", err
	}
	if answer.Error != "" || answer.Dir == "" {
		said := cmp.Or(strings.Join(strings.Fields(answer.Error), " "), "it names no folder")
		return "", fmt.Errorf("the go command says: %s", said)
	}
	return answer.Dir, nil
}

// check compares the files in dir with their sums.
func (m *Module) check(dir string) error {
	for _, file := range slices.Sorted(maps.Keys(m.Sums)) {
		got, err := sumOf(filepath.Join(dir, file), sha256.New())
		if err != nil {
			return err
		}
		if got != m.Sums[file] {
			return fmt.Errorf("%s in %s has SHA-256 %s and not %s", file, dir, got, m.Sums[file])
		}
	}
	return nil
}
