package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// largest bounds what is read of a file other than a log, in bytes.
const largest = 32 << 20

// openFile opens a regular file below a folder for reading. A symbolic link is refused, and so is a pipe, which would
// be waited for. Folders are those that were found without following a link.
func openFile(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is a symbolic link")}
	}

	// Another file may have taken the name meanwhile: the flags refuse a link, and do not wait for a pipe.
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err = f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// readFile returns what a file below a folder holds; a missing one holds nothing.
func readFile(root *os.Root, name string) ([]byte, error) {
	f, info, err := openFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info.Size() > largest {
		return nil, fmt.Errorf("%s has %d bytes: more than %d are not shown", name, info.Size(), largest)
	}
	// It may have grown since it was looked at.
	return io.ReadAll(io.LimitReader(f, largest))
}

// readLines decodes a file of JSON lines; a last line that is not finished is left out.
func readLines[T any](root *os.Root, name string) (values []T, err error) {
	text, err := readFile(root, name)
	if err != nil {
		return nil, err
	}
	for number := 1; ; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return values, nil
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return values, fmt.Errorf("%s is damaged at line %d: %w", name, number, err)
		}
		values, text = append(values, v), rest
	}
}

// tailBytes is how much of a log's end is read for its last lines.
const tailBytes = 16 << 10

// lastLines returns the last two whole lines of a file, fewer where it has fewer.
func lastLines(root *os.Root, name string) (lines [][]byte, err error) {
	f, info, err := openFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()

	begin := max(0, info.Size()-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, begin, info.Size()-begin))
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	all := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))

	// The first line of a part may have lost its beginning.
	if begin > 0 {
		all = all[1:]
	}
	if len(text) == 0 {
		return nil, nil
	}
	return all[max(0, len(all)-2):], nil
}

// stamp tells whether a file has changed.
type stamp struct {
	size, inode int64
	modified    time.Time
}

// stampOf returns the stamp of a file, the zero stamp where there is none.
func stampOf(name string) stamp {
	info, err := os.Lstat(name)
	if err != nil {
		return stamp{}
	}
	return stamp{info.Size(), inode(info), info.ModTime()}
}

// inode returns the number of a file, by which a rewritten log is told from one that has grown; 0 where files have
// none.
func inode(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(s.Ino)
	}
	return 0
}
