package probe

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Cache keeps features on disk, so that an encoder sees an image once. An entry is a file named by the hash of
// everything that decides its values, and holds a header, the values and a checksum. An entry that cannot be read or is
// damaged is as good as none. Several processes may use one folder.
type Cache struct {
	// Dir is the folder; it is made when it is needed.
	Dir string

	// Limit is the largest size of all entries in bytes; the least recently used go first.
	Limit int64
}

const (
	cacheMagic = "SSLXFEAT1"
	cacheExt   = ".features"
)

// CacheKey returns the name of the entry that the given parts decide: hashes and names, in an order that the caller
// fixes.
func CacheKey(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		sum.Write(length[:])
		sum.Write([]byte(part))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (c Cache) path(key string) string { return filepath.Join(c.Dir, key+cacheExt) }

// Get returns the features of a key, and whether they were there, whole.
func (c Cache) Get(key string) (Features, bool) {
	file, err := os.Open(c.path(key))
	if err != nil {
		return Features{}, false
	}
	defer func() { _ = file.Close() }()

	// What is read goes through the checksum as well.
	sum := sha256.New()
	reader := io.TeeReader(bufio.NewReaderSize(file, 1<<20), sum)
	header := struct {
		Magic [len(cacheMagic)]byte
		N, D  int64
	}{}
	if err := binary.Read(reader, binary.LittleEndian, &header); err != nil || string(header.Magic[:]) != cacheMagic {
		return Features{}, false
	}

	// The sizes are checked against the file's before anything of that size is allocated.
	info, err := file.Stat()
	size := int64(binary.Size(header)) + sha256.Size
	if err != nil || header.N < 1 || header.D < 1 || header.N > info.Size() || header.D > info.Size() ||
		info.Size() != size+4*header.N*header.D {
		return Features{}, false
	}

	f := Features{N: int(header.N), D: int(header.D), X: make([]float32, header.N*header.D)}
	if err := binary.Read(reader, binary.LittleEndian, f.X); err != nil {
		return Features{}, false
	}

	// The sum so far: the checksum that follows is not part of it.
	want := sum.Sum(nil)
	got := make([]byte, sha256.Size)
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != string(want) {
		return Features{}, false
	}

	now := time.Now()
	_ = os.Chtimes(c.path(key), now, now) // a folder that is read only does not age
	return f, true
}

// Put keeps the features of a key, and removes the least recently used entries beyond the limit. An entry appears whole
// or not at all.
func (c Cache) Put(key string, f Features) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}

	err := atomicfile.Write(c.path(key), func(w io.Writer) error {
		sum := sha256.New()
		buffered := bufio.NewWriterSize(w, 1<<20)
		both := io.MultiWriter(buffered, sum)

		_, err := io.WriteString(both, cacheMagic)
		err = errors.Join(err, binary.Write(both, binary.LittleEndian, []int64{int64(f.N), int64(f.D)}),
			binary.Write(both, binary.LittleEndian, f.X))
		_, last := buffered.Write(sum.Sum(nil))
		return errors.Join(err, last, buffered.Flush())
	})
	if err != nil {
		return err
	}
	return c.prune()
}

// prune removes what killed processes left, and the oldest entries until the rest is within the limit.
func (c Cache) prune() error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return err
	}

	var files []fs.FileInfo
	var total int64
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil: // another process has just removed it
		case isLeftover(info):
			if err := c.remove(info); err != nil {
				return err
			}
		case strings.HasSuffix(info.Name(), cacheExt):
			files = append(files, info)
			total += info.Size()
		}
	}

	// The modification time is the time of the last use; see Get.
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range files {
		if total <= c.Limit {
			return nil
		}
		if err := c.remove(info); err != nil {
			return err
		}
		total -= info.Size()
	}
	return nil
}

// leftoverAge is how old the file of an entry that is not yet whole must be to be a leftover: an entry is written in
// seconds.
const leftoverAge = time.Hour

// isLeftover reports whether a file is an entry that a killed process did not finish: ".KEY.features" and digits.
func isLeftover(info fs.FileInfo) bool {
	rest, hidden := strings.CutPrefix(info.Name(), ".")
	_, digits, found := strings.Cut(rest, cacheExt)
	return hidden && found && digits != "" && strings.Trim(digits, "0123456789") == "" &&
		time.Since(info.ModTime()) > leftoverAge
}

func (c Cache) remove(info fs.FileInfo) error {
	err := os.Remove(filepath.Join(c.Dir, info.Name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
