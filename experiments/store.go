package experiments

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Store is a file of records, one JSON object a line. Several processes may append to it.
type Store struct{ Path string }

// Read returns the records; a file that does not exist has none. A last line that was cut off is left out, and a later
// line of a key replaces an earlier one. Any other damage is an error that names the line, also when a line differs
// from its checksum.
func (s Store) Read() (Records, error) {
	records := Records{}
	file, err := os.Open(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return records, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()

	number := 0
	for line, err := range atomicfile.Lines(file) {
		if err != nil {
			return nil, err
		}
		number++

		r, err := parsed(line)
		if err != nil {
			return nil, fmt.Errorf("%s is damaged at line %d (%w): delete the line, and the sweep makes the run again",
				s.Path, number, err)
		}
		records[r.Key] = r
	}
	return records, nil
}

// sumKey begins the end of a line, which holds the SHA-256 of the line without it.
const sumKey = `,"sha256":"`

// summed returns a line with its checksum.
func summed(line []byte) []byte {
	sum := sha256.Sum256(line)
	return fmt.Appendf(line[:len(line)-1:len(line)-1], "%s%x\"}", sumKey, sum)
}

// parsed returns the record of a line. Lines of earlier versions have no checksum.
func parsed(line []byte) (r Record, err error) {
	if at := bytes.LastIndex(line, []byte(sumKey)); at >= 0 && !bytes.Equal(line, summed(append(line[:at:at], '}'))) {
		return r, errors.New("it differs from its checksum")
	}
	if err = json.Unmarshal(line, &r); err == nil && r.Key == "" {
		err = errors.New("it has no key")
	}
	return r, err
}

// Append adds a record, synced to the disk. A partial line that a killed process left behind is removed first.
func (s Store) Append(r Record) error {
	// The checksum is part of the line: what cannot be read again is noticed there.
	line, err := json.Marshal(r)
	if err == nil {
		err = s.append(append(summed(line), '\n'))
	}
	if err != nil {
		return fmt.Errorf("record %s cannot be kept: %w", r.Key, err)
	}
	return nil
}

func (s Store) append(line []byte) (err error) {
	dir := filepath.Dir(s.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}

	// One process appends at a time.
	lock := flock.New(filepath.Join(dir, "."+filepath.Base(s.Path)+".lock"), flock.SetPermissions(0o666))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()

	file, err := os.OpenFile(s.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	// The record goes behind the last whole line; if it cannot be written, nothing of it stays.
	end, err := wholeLines(file)
	if err != nil {
		return err
	}
	if err := file.Truncate(end); err != nil {
		return err
	}
	if _, err := file.WriteAt(line, end); err != nil {
		return errors.Join(err, file.Truncate(end))
	}

	// A file that is new is on the disk only when its folder is.
	if err := file.Sync(); err != nil || end > 0 {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// wholeLines returns the length of a file up to its last line's end.
func wholeLines(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}

	// Read backward, a block at a time, to the last line break.
	end := info.Size()
	for block := make([]byte, 4096); end > 0; {
		n := min(end, int64(len(block)))
		if _, err := file.ReadAt(block[:n], end-n); err != nil {
			return 0, err
		}

		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			return end - n + int64(at) + 1, nil
		}
		end -= n
	}
	return 0, nil
}
