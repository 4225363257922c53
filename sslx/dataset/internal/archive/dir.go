package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/sslx-go/lab/internal/usage"
)

// maxDepth bounds the folders in folders, so that a link to a parent folder ends in an error.
const maxDepth = 24

// Dir is a folder. Links are followed, as torchvision does; hidden files are left out.
type Dir struct{ Root string }

// Walk visits the folder and those below it, each in the order of its names.
func (d Dir) Walk(ctx context.Context, visit func(Entry) error) error {
	return d.folder(ctx, ".", 0, visit)
}

func (d Dir) folder(ctx context.Context, dir string, depth int, visit func(Entry) error) error {
	if depth > maxDepth {
		return usage.Errorf("folders below %s are nested more than %d deep: is there a link that loops at %s?",
			d.Root, maxDepth, dir)
	}
	children, err := os.ReadDir(filepath.Join(d.Root, filepath.FromSlash(dir)))
	if err != nil {
		return fmt.Errorf("folder cannot be read: %w", err)
	}

	// ReadDir sorts, so that the walk is the same on every machine.
	for _, child := range children {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := path.Join(dir, child.Name())
		if Hidden(name) {
			continue
		}
		e, mode, err := d.Entry(name)
		if err != nil {
			return err
		}
		// Pipes, sockets and devices are no files of a set.
		if !e.Dir && !mode.IsRegular() {
			continue
		}
		if err := visit(e); err != nil {
			return err
		}
		if e.Dir {
			if err := d.folder(ctx, name, depth+1, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// Entry returns the file or folder with a path in the tree, and its mode.
func (d Dir) Entry(name string) (Entry, os.FileMode, error) {
	full := filepath.Join(d.Root, filepath.FromSlash(name))
	info, err := os.Stat(full)
	if err != nil {
		return Entry{}, 0, unreadable(err)
	}
	open := func() (io.ReadCloser, error) {
		file, err := os.Open(full)
		if err != nil {
			return nil, unreadable(err)
		}
		return file, nil
	}
	return Entry{name, info.IsDir(), info.Size(), open}, info.Mode(), nil
}

// unreadable is the error of a file that cannot be opened; err names it.
func unreadable(err error) error {
	return fmt.Errorf("file cannot be read (%w): make it readable or remove it", err)
}

// Stamp hashes the names, sizes and times of all files.
func (d Dir) Stamp(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := d.Walk(ctx, func(e Entry) error {
		if e.Dir {
			fmt.Fprintf(sum, "%q\n", e.Path)
			return nil
		}
		info, err := os.Stat(filepath.Join(d.Root, filepath.FromSlash(e.Path)))
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %d %d\n", e.Path, e.Size, info.ModTime().UnixNano())
		return nil
	})
	return "folder " + hex.EncodeToString(sum.Sum(nil)), err
}
