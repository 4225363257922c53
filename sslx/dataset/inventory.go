package dataset

import (
	"context"
	"fmt"
	"path"
	"strings"
)

// fileInfo is a file of a tree.
type fileInfo struct {
	path string
	size int64
}

// inventory lists a tree without hidden files, with the content of the small text files that name classes.
type inventory struct {
	files []fileInfo
	dirs  []string
	texts map[string][]byte // by base name
}

var textFiles = map[string]bool{
	"fine_to_coarse.txt": true, "batches.meta.txt": true, "fine_label_names.txt": true, "coarse_label_names.txt": true,
}

const maxText = 1 << 20

func takeInventory(ctx context.Context, t tree) (inventory, error) {
	inv := inventory{texts: map[string][]byte{}}
	seen := map[string]bool{}
	err := t.walk(ctx, func(e entry) error {
		if hidden(e.path) {
			return nil
		}
		if e.dir {
			inv.dirs = append(inv.dirs, e.path)
			return nil
		}
		if seen[e.path] {
			return fmt.Errorf("the archive holds %q twice: refused", e.path)
		}
		seen[e.path] = true
		inv.files = append(inv.files, fileInfo{e.path, e.size})
		if base := path.Base(e.path); textFiles[base] {
			text, err := readEntry(e, maxText)
			inv.texts[base] = text
			return err
		}
		return nil
	})
	return inv, err
}

// hidden reports whether any part of the path starts with a dot or is the folder that macOS adds to archives.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" {
			return true
		}
	}
	return false
}
