package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// tree is a folder or an archive of one.
type tree interface {
	// walk visits every file and folder in the container's own order.
	walk(ctx context.Context, visit func(entry) error) error
	// stamp changes when the container's content changes, as far as names, sizes and times tell.
	stamp(ctx context.Context) (string, error)
}

// entry is one file or folder of a tree. open is valid during the visit only.
type entry struct {
	path string // relative, with slashes
	dir  bool
	size int64
	open func() (io.ReadCloser, error)
}

// archiveSuffixes are the endings of the archives that can be read.
var archiveSuffixes = []string{".tar.gz", ".tgz", ".tar", ".zip"}

// openTree finds out what lies at source. maxUnpacked bounds what an archive may unpack to; 0 takes the default.
func openTree(source string, maxUnpacked int64) (tree, error) {
	info, err := os.Stat(source)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usage.Errorf("there is no file or folder %s: check the path", source)
	}
	if err != nil {
		return nil, fmt.Errorf("source cannot be read: %w", err)
	}
	if info.IsDir() {
		return dirTree{source}, nil
	}
	if maxUnpacked == 0 {
		maxUnpacked = max(1<<30, 100*info.Size())
	}
	switch suffix := archiveSuffix(source); suffix {
	case ".zip":
		return zipTree{source, maxUnpacked}, nil
	case ".tar", ".tar.gz", ".tgz":
		return tarTree{source, suffix != ".tar", maxUnpacked}, nil
	}
	return nil, usage.Errorf("%s is neither a folder nor an archive: give a folder or one of %s", source,
		strings.Join(archiveSuffixes, ", "))
}

func archiveSuffix(name string) string {
	for _, suffix := range archiveSuffixes {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return suffix
		}
	}
	return ""
}

// fileStamp identifies an archive by its size and time of change.
func fileStamp(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("archive %d %d", info.Size(), info.ModTime().UnixNano()), nil
}

// checkMember refuses names that would lie outside the folder that an archive is unpacked into.
func checkMember(archive, name string) error {
	if strings.Contains(name, `\`) || !filepath.IsLocal(name) || path.IsAbs(name) || len(name) > 1 && name[1] == ':' {
		return fmt.Errorf("archive %s holds %q, which writes outside its folder: refused", archive, name)
	}
	return nil
}

func refuseLink(archive, name string) error {
	return fmt.Errorf("archive %s holds %q, which is a link or a device and not a file: refused", archive, name)
}

func damagedArchive(archive string, err error) error {
	return fmt.Errorf("archive %s is cut short or damaged (%w): fetch it again", archive, err)
}

// errTooLarge marks a file above the limit for one file.
var errTooLarge = errors.New("file is too large")

// readEntry reads the whole file, at most limit bytes.
func readEntry(e entry, limit int64) ([]byte, error) {
	if e.size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes and %d are allowed", errTooLarge, e.path, e.size, limit)
	}
	r, err := e.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	// An archive may state any size: memory is taken as bytes come.
	data := bytes.NewBuffer(make([]byte, 0, min(e.size, 1<<16)))
	if _, err := io.CopyN(data, r, e.size); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", e.path, err)
	}
	// A read at the end lets a zip compare its checksum.
	switch n, err := r.Read(make([]byte, 1)); {
	case n != 0:
		return nil, fmt.Errorf("%s is longer than the %d bytes that are stated", e.path, e.size)
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("%s cannot be read: %w", e.path, err)
	}
	return data.Bytes(), nil
}

// memberReader turns failures inside a member into those of its archive.
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
