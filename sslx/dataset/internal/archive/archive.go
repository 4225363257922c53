// Package archive reads a folder, or an archive of one, without unpacking it. Archives are hostile until proved
// otherwise: links, devices, names outside the folder, sizes that lie and more unpacked bytes than allowed are errors.
package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// Tree is a folder or an archive of one.
type Tree interface {
	// Walk visits every file and folder in the container's own order. It ends when ctx does.
	Walk(ctx context.Context, visit func(Entry) error) error
	// Stamp changes when the container's content changes, as far as names, sizes and times tell.
	Stamp(ctx context.Context) (string, error)
}

// Entry is one file or folder of a tree.
type Entry struct {
	// Path is relative to the tree's root and has slashes.
	Path string
	Dir  bool
	// Size is the number of bytes that the container states.
	Size int64
	// Open is valid during the visit only.
	Open func() (io.ReadCloser, error)
}

// Suffixes are the endings of the archives that can be read.
var Suffixes = []string{
	".tar.gz", ".tgz", ".tar", ".zip", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz",
}

// minUnpacked is the number of bytes that every archive may unpack to.
const minUnpacked = 1 << 30

// MaxUnpacked returns the bytes that an archive of a size may unpack to unless something else is asked for: 100 times
// its size, and 1 GiB at least.
func MaxUnpacked(size int64) int64 { return max(minUnpacked, 100*size) }

// Open finds out what lies at source. An archive may unpack to maxUnpacked bytes; 0 takes [MaxUnpacked] of its size.
// A usage error means that there is nothing, or something else.
func Open(source string, maxUnpacked int64) (Tree, error) {
	info, err := os.Stat(source)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usage.Errorf("there is no file or folder %s: check the path", source)
	}
	if err != nil {
		return nil, fmt.Errorf("source cannot be read: %w", err)
	}
	if info.IsDir() {
		return Dir{source}, nil
	}

	// A small archive that unpacks to very much is a bomb more often than data.
	if maxUnpacked == 0 {
		maxUnpacked = MaxUnpacked(info.Size())
	}
	switch suffix := Suffix(source); suffix {
	case ".zip":
		return zipTree{source, maxUnpacked}, nil
	case "":
	default:
		return tarTree{file: source, maxUnpacked: maxUnpacked}, nil
	}
	return nil, usage.Errorf("%s is neither a folder nor an archive: give a folder or one of %s", source,
		strings.Join(Suffixes, ", "))
}

// File is a tree of one file.
type File struct{ Path string }

// Walk visits the file.
func (f File) Walk(ctx context.Context, visit func(Entry) error) error {
	e, _, err := Dir{filepath.Dir(f.Path)}.Entry(filepath.Base(f.Path))
	if err != nil {
		return err
	}
	return visit(e)
}

// Stamp identifies the file by its size and time of change.
func (f File) Stamp(context.Context) (string, error) { return fileStamp(f.Path) }

// Suffix returns the ending of an archive's name, in lower case, or "".
func Suffix(name string) string {
	for _, suffix := range Suffixes {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return suffix
		}
	}
	return ""
}

// litter are the names, in lower case, of what systems and programs leave in folders: macOS in archives, Windows,
// Synology's storage boxes, and disks.
var litter = []string{"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "#recycle", "$recycle.bin",
	"system volume information", "lost+found", "icon\r"}

// IsTar reports whether a name has the ending of a tar file, compressed or not.
func IsTar(name string) bool {
	suffix := Suffix(name)
	return suffix != "" && suffix != ".zip"
}

// Hidden reports whether any part of the path starts with a dot or is litter of a system.
func Hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || slices.Contains(litter, strings.ToLower(part)) {
			return true
		}
	}
	return false
}

// ErrTooLarge marks a file above the limit for one file.
var ErrTooLarge = errors.New("file is too large")

// Read returns the content of a file of at most limit bytes, in memory that may be given to [buffer.Keep].
func Read(e Entry, limit int64) ([]byte, error) {
	if e.Size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes and %d are allowed", ErrTooLarge, e.Path, e.Size, limit)
	}
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()

	// An archive may state any size: much memory is taken as bytes come. A read behind the end notices a longer file,
	// and lets a zip compare its checksum.
	data, n := buffer.Bytes(int(min(e.Size, 1<<20))+1), 0
	for {
		if n == len(data) {
			data = append(data, make([]byte, min(int64(n), e.Size+1-int64(n)))...)
		}
		more, err := r.Read(data[n:])
		n += more
		switch {
		case int64(n) > e.Size:
			return nil, fmt.Errorf("%s is longer than the %d bytes that are stated", e.Path, e.Size)
		case err == io.EOF && int64(n) == e.Size:
			return data[:n], nil
		case err != nil:
			return nil, fmt.Errorf("%s cannot be read: %w", e.Path, err)
		}
	}
}

// fileStamp identifies an archive by its size and time of change.
func fileStamp(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("archive %d %d", info.Size(), info.ModTime().UnixNano()), nil
}

// checkMember refuses names that would lie outside the folder that an archive is unpacked into, on any system.
func checkMember(archive, name string) error {
	slashed := strings.ReplaceAll(name, `\`, "/")
	if !filepath.IsLocal(slashed) || path.IsAbs(slashed) || len(name) > 1 && name[1] == ':' {
		return fmt.Errorf("archive %s holds %q, which lies outside its folder: refused", archive, name)
	}
	return nil
}

func refuseLink(archive, name string) error {
	return fmt.Errorf("archive %s holds %q, which is a link or a device and not a file: refused", archive, name)
}

func damagedArchive(archive string, err error) error {
	return fmt.Errorf("archive %s is cut short or damaged (%w): fetch it again", archive, err)
}

// memberReader makes a failure inside a member a failure of its archive.
type memberReader struct {
	io.ReadCloser
	failure func(error) error
}

func (m memberReader) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = m.failure(err)
	}
	return n, err
}
