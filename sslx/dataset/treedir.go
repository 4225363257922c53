package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// maxDepth bounds the folders in folders, so that a link to a parent folder ends in an error.
const maxDepth = 24

// dirTree is a folder. Links are followed, as torchvision does.
type dirTree struct{ root string }

func (t dirTree) walk(ctx context.Context, visit func(entry) error) error {
	return t.folder(ctx, ".", 0, visit)
}

func (t dirTree) folder(ctx context.Context, dir string, depth int, visit func(entry) error) error {
	if depth > maxDepth {
		return usage.Errorf("folders below %s are nested more than %d deep: is there a link that loops at %s?",
			t.root, maxDepth, dir)
	}
	children, err := os.ReadDir(filepath.Join(t.root, filepath.FromSlash(dir)))
	if err != nil {
		return fmt.Errorf("folder cannot be read: %w", err)
	}
	for _, child := range children {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := path.Join(dir, child.Name())
		if hidden(name) {
			continue
		}
		e, mode, err := t.entry(name)
		if err != nil {
			return err
		}
		if !e.dir && !mode.IsRegular() {
			continue
		}
		if err := visit(e); err != nil {
			return err
		}
		if e.dir {
			if err := t.folder(ctx, name, depth+1, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry returns the file or folder with a path in the tree, and its mode.
func (t dirTree) entry(name string) (entry, os.FileMode, error) {
	full := filepath.Join(t.root, filepath.FromSlash(name))
	info, err := os.Stat(full)
	if err != nil {
		return entry{}, 0, unreadable(err)
	}
	open := func() (io.ReadCloser, error) {
		file, err := os.Open(full)
		if err != nil {
			return nil, unreadable(err)
		}
		return file, nil
	}
	return entry{name, info.IsDir(), info.Size(), open}, info.Mode(), nil
}

// unreadable is the error of a file that cannot be opened; err names it.
func unreadable(err error) error {
	return fmt.Errorf("file cannot be read (%w): make it readable or remove it", err)
}

func (t dirTree) stamp(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := t.walk(ctx, func(e entry) error {
		if e.dir {
			fmt.Fprintf(sum, "%q\n", e.path)
			return nil
		}
		info, err := os.Stat(filepath.Join(t.root, filepath.FromSlash(e.path)))
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %d %d\n", e.path, e.size, info.ModTime().UnixNano())
		return nil
	})
	return "folder " + hex.EncodeToString(sum.Sum(nil)), err
}

// errSeen ends a walk that has seen enough.
var errSeen = errors.New("seen")

// holdsImages reports whether the folder may be a source: it has an image in a folder, or a file of a binary set, or
// cannot be read, which its import will say.
func holdsImages(ctx context.Context, folder string) bool {
	return dirTree{folder}.walk(ctx, func(e entry) error {
		inFolder := isImage(e.path) && strings.Contains(e.path, "/")
		if !e.dir && (inFolder || isCIFARFile(e.path) || isIDXFile(e.path)) {
			return errSeen
		}
		return nil
	}) != nil
}
