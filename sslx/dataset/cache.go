package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
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
	stem := base[:len(base)-len(archive.Suffix(base))]
	if info, err := os.Stat(absolute); err == nil && !info.IsDir() && stem == base {
		stem = strings.TrimSuffix(base, filepath.Ext(base))
	}
	name := strings.ReplaceAll(stem, " ", "-")
	if !setName.MatchString(name) {
		return "", usage.About("name", "cannot make a name for the set from %s: choose one of letters, digits, dots "+
			"and dashes", source)
	}
	return name, nil
}

// originOf returns the absolute path of a source, links resolved: what tells sources of one name apart.
func originOf(source string) (string, error) {
	absolute, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// originSum is the part of a pack's file name that tells the packs of two sources apart.
func originSum(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:4])
}

// packFile matches the file names of packs. The first group is the set's name.
var packFile = regexp.MustCompile(`^(.+)-[0-9]+x[0-9]+(?:x[0-9]+)?-(?:` + howNative + `|` + howCrop + `|v[0-9]+(?:-seed.*)?)` +
	`(?:-[0-9a-f]{8})?\` + packExt + `$`)

// nameInFile returns the set's name as the file name of its pack has it.
func nameInFile(path string) string {
	base := filepath.Base(path)
	if match := packFile.FindStringSubmatch(base); match != nil {
		return match[1]
	}
	return strings.TrimSuffix(base, packExt)
}

// lockName holds the lock under which sets of one name are written, until unlock is called. Other users of a shared
// cache may hold it too.
func lockName(ctx context.Context, dir, name string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cache folder cannot be made: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "."+name+".lock"), flock.SetPermissions(0o666))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("cannot lock data set %s in %s: %w", name, dir, err)
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

// removeOld deletes the pack of the same images that an older sslx wrote under a name without the source. The caller
// holds the lock of its name.
func removeOld(h *header, dir string) {
	old := *h
	old.Origin = ""
	path := filepath.Join(dir, old.fileName())
	set, err := openPack(path)
	if err != nil {
		return
	}

	// The same stamp and the same content: it is a copy under another name.
	same := set.header.Origin == "" && set.header.Source == h.Source && set.header.Fingerprint == h.Fingerprint
	if set.Close() == nil && same {
		_ = os.Remove(path)
	}
}

// cachedPack is a pack in the cache. err says why its header cannot be read.
type cachedPack struct {
	path    string
	changed time.Time
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
		// Hidden files are locks, and packs that are being written.
		if strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != packExt {
			continue
		}
		pack := cachedPack{path: filepath.Join(dir, e.Name())}
		if info, err := e.Info(); err == nil {
			pack.changed = info.ModTime()
		}
		// Without a header, the name of the file is what is left of the set's name.
		if set, err := openPack(pack.path); err != nil {
			pack.err = err
			pack.Name = nameInFile(pack.path)
		} else {
			pack.header = set.header
			_ = set.Close()
		}
		packs = append(packs, pack)
	}
	return packs, nil
}

// packsNamed returns the packs of a name: all whose header cannot be read, and all of the source that the name means. A
// name means the source that was imported last.
func packsNamed(packs []cachedPack, name string) []cachedPack {
	var named []cachedPack
	newest := -1
	for _, pack := range packs {
		if pack.Name != name {
			continue
		}
		if pack.err == nil && (newest < 0 || pack.changed.After(named[newest].changed)) {
			newest = len(named)
		}
		named = append(named, pack)
	}
	if newest < 0 {
		return named
	}

	// Packs of other sources keep their files and lose the name.
	origin := named[newest].Origin
	return slices.DeleteFunc(named, func(p cachedPack) bool { return p.err == nil && p.Origin != origin })
}
