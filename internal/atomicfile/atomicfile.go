// Package atomicfile writes files that are either whole or absent.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"
)

// Write calls fill with a writer to a new file in the folder of path, syncs it, renames it to path, and syncs the
// folder. When fill or the disk fails, path keeps its content (or stays absent) and no temporary file is left. A
// process that is killed leaves a file there, named as IsTemporary says. Permissions follow the process's umask.
func Write(path string, fill func(io.Writer) error) error {
	// Not in $TMPDIR: what is left there has no owner, and may be read by others.
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o666),
		renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer func() { _ = file.Cleanup() }()

	buffered := bufio.NewWriterSize(file, 1<<20)
	if err := fill(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}

	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// IsTemporary reports whether the file called name is what a killed Write left of the file called target.
func IsTemporary(name, target string) bool {
	digits, ok := strings.CutPrefix(name, "."+target)
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// Open opens a regular file for reading. Anything else, such as a pipe that would be waited for, is refused.
func Open(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Read returns what a regular file holds; see Open.
func Read(path string) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(file)
}

// maxDescription bounds what ReadDescription reads, in bytes: descriptions have kilobytes.
const maxDescription = 16 << 20

// ReadDescription is Read for a file that describes others, and refuses one that is too large for that: a file of
// somebody else may have holes, which take no room on the disk and fill the memory.
func ReadDescription(path string) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxDescription+1))
	if len(text) > maxDescription {
		return nil, fmt.Errorf("%s has more than the %d bytes that are allowed: restore it from a copy", path,
			maxDescription)
	}
	return text, err
}

// maxLine bounds a line of Lines, in bytes: records have kilobytes.
const maxLine = 16 << 20

// Lines yields the whole lines of a file, without their line breaks. A last line without one, which a killed process
// leaves, is left out. A line that is longer than a record can be, as of a file with holes, is an error that names it.
// Each line is valid until the next one.
func Lines(file *os.File) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		reader, number := bufio.NewReaderSize(file, 1<<16), 1
		var line []byte
		for {
			// A line that is longer than the buffer comes in parts.
			part, err := reader.ReadSlice('\n')
			line = append(line, part...)

			switch {
			case len(line) > maxLine:
				yield(nil, fmt.Errorf("line %d of %s has more than the %d bytes that are allowed: delete the line, or "+
					"restore the file from a copy", number, file.Name(), maxLine))
				return
			case errors.Is(err, bufio.ErrBufferFull):
				continue
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(nil, err)
				return
			}

			if !yield(line[:len(line)-1], nil) {
				return
			}
			line, number = line[:0], number+1
		}
	}
}

// SyncDir syncs a folder, so that the names of new files in it outlive a crash of the machine.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
