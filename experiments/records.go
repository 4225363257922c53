package experiments

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// codeVersion is part of the key of a run. It is raised by hand when a change of the code changes numbers by more than
// their last digits: former records then no longer count, and the sweep makes them again. A test of a short training
// notices such a change.
const codeVersion = 1

// Run is one training of a claim and how it is measured.
type Run struct {
	Scale      Scale
	Config     sslx.Config
	Tasks      []string
	Protocols  []string
	Validation bool // measured on validation images, not on test
	Floors     bool
}

// Key is the address of a run by what decides its numbers: configuration with the seed, content of the data, version of
// the code, and whether test is read.
func (r Run) Key(fingerprint string) string {
	c := r.Config
	c.Data, c.CheckpointSeconds, c.LogSteps = "", 0, 0
	text, err := json.Marshal(struct {
		Version     int
		Config      sslx.Config
		Fingerprint string
		Validation  bool
	}{codeVersion, c, fingerprint, r.Validation})
	if err != nil {
		panic(err) // a configuration that was checked can be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Record is a run that was made: all that a reader needs to doubt it.
type Record struct {
	Key         string             `json:"key"`
	Scale       Scale              `json:"scale"`
	Config      sslx.Config        `json:"config"`
	Validation  bool               `json:"validation,omitempty"`
	Environment record.Environment `json:"environment"`
	Finished    time.Time          `json:"finished"`

	Seconds float64 `json:"seconds"` // of training
	Images  int64   `json:"images"`  // seen
	Waited  float64 `json:"waited"`  // seconds in which steps waited for images

	Tasks   []string         `json:"tasks"` // as they were asked for
	Results []record.Result  `json:"results"`
	Log     []record.Metrics `json:"log"` // about ten lines of the training log
}

// Records are those of a store, by key.
type Records map[string]Record

// Store is a file of records, one JSON object a line. Several processes may append to it.
type Store struct{ Path string }

// Read returns the records. A last line that was cut off is left out; a later line of a key takes the place of an
// earlier one. Other damage, a line that differs from its checksum too, is an error that says where.
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
	reader := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return records, nil // an unfinished last line was never acknowledged
		}
		if err != nil {
			return nil, err
		}
		r, err := parsed(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return nil, fmt.Errorf("%s is damaged at line %d (%w): delete the line, and the sweep makes the run again",
				s.Path, number, err)
		}
		records[r.Key] = r
	}
}

// sumKey begins the end of a line, which holds the SHA-256 of the line without it.
const sumKey = `,"sha256":"`

// summed returns a line with its checksum.
func summed(line []byte) []byte {
	sum := sha256.Sum256(line)
	return fmt.Appendf(line[:len(line)-1:len(line)-1], "%s%x\"}", sumKey, sum)
}

// parsed returns the record of a line. Lines of former versions have no checksum.
func parsed(line []byte) (r Record, err error) {
	if at := bytes.LastIndex(line, []byte(sumKey)); at >= 0 && !bytes.Equal(line, summed(append(line[:at:at], '}'))) {
		return r, errors.New("it differs from its checksum")
	}
	if err = json.Unmarshal(line, &r); err == nil && r.Key == "" {
		err = errors.New("it has no key")
	}
	return r, err
}

// Append adds a record, synced to the disk. What a killed process left of a line is cut off first.
func (s Store) Append(r Record) error {
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
	lock := flock.New(filepath.Join(dir, "."+filepath.Base(s.Path)+".lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	file, err := os.OpenFile(s.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
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

// thinned returns about ten lines of a log, the first and the last among them.
func thinned(log []record.Metrics) (few []record.Metrics) {
	const lines = 10
	for i := range min(lines, len(log)) {
		few = append(few, log[i*(len(log)-1)/max(1, min(lines, len(log))-1)])
	}
	return few
}
