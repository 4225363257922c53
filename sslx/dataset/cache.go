package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/sslx-go/lab/internal/usage"
)

// CacheDir returns the folder in which sslx keeps packs: $SSLX_CACHE, or sslx in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("SSLX_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", usage.Errorf("there is no cache folder (%v): set SSLX_CACHE to a folder", err)
	}
	return filepath.Join(dir, "sslx"), nil
}

// packsDir returns the folder of packs below cache, or below CacheDir when cache is empty.
func packsDir(cache string) (string, error) {
	if cache == "" {
		dir, err := CacheDir()
		if err != nil {
			return "", err
		}
		cache = dir
	}
	return filepath.Join(cache, "packs"), nil
}

var setName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// nameOf derives a set's name from the path of its source.
func nameOf(source string) (string, error) {
	absolute, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	base := filepath.Base(absolute)
	name := strings.ReplaceAll(base[:len(base)-len(archiveSuffix(base))], " ", "-")
	if !setName.MatchString(name) {
		return "",
			usage.Errorf("no name for the set can be made from %s: pass --name with letters, digits, dots and dashes",
				source)
	}
	return name, nil
}

// lockName holds the lock under which sets of one name are written, until unlock is called.
func lockName(ctx context.Context, dir, name string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cache folder cannot be made: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "."+name+".lock"))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock of set %s in %s was not got: %w", name, dir, err)
	}
	return func() { _ = lock.Close() }, nil
}

// removeLeftovers deletes temporary files that a killed process left for the pack. The caller holds the lock of its
// name.
func removeLeftovers(pack string) {
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(pack), "."+filepath.Base(pack)+"[0-9]*"))
	for _, file := range left {
		_ = os.Remove(file)
	}
}

// cachedPack is a pack in the cache. err says why its header cannot be read.
type cachedPack struct {
	path string
	header
	err error
}

// cachedPacks reads the headers of the packs in dir, in the order of their file names.
func cachedPacks(dir string) ([]cachedPack, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cache folder cannot be read: %w", err)
	}
	var packs []cachedPack
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != packExt {
			continue
		}
		pack := cachedPack{path: filepath.Join(dir, e.Name())}
		if set, err := openPack(pack.path); err != nil {
			pack.err = err
		} else {
			pack.header = set.header
			_ = set.Close()
		}
		packs = append(packs, pack)
	}
	return packs, nil
}
