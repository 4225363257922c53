package embedding

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
)

// spool is the file in which features wait until all are there: a line that says what they are, then rows of float32
// in chunks that each end with their CRC-32. What a killed process leaves is a beginning that the next one continues.
type spool struct {
	path  string
	lock  *flock.Flock
	file  *os.File
	start int64 // of the first row
	dim   int
	chunk int // rows in a chunk, but for the last one
	total int
	rows  int // that are there and whole
}

// spoolPath is the path of the spool of a file of features.
func spoolPath(out string) string {
	return filepath.Join(filepath.Dir(out), "."+filepath.Base(out)+".part")
}

// openSpool opens the spool for a file of features, and keeps the rows that an earlier process left of the same: those
// that the same plugin has computed, whose path and version h names.
func openSpool(out string, info Info, h *backend.Handle, chunk int) (s *spool, err error) {
	s = &spool{path: spoolPath(out), dim: info.Dim, chunk: chunk, total: info.Images}
	s.lock = flock.New(s.path)
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w", filepath.Dir(out), err)
	}
	if !locked {
		return nil, usage.Errorf("another process writes features to %s: wait for it, or choose another file", out)
	}
	if s.file, err = os.OpenFile(s.path, os.O_RDWR, 0); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}

	// The first line names model, layer, data, what computes and chunk: rows of anything else must not be continued.
	what := struct {
		Info
		Plugin  string `json:"plugin"`
		Version string `json:"plugin_version"`
		Chunk   int    `json:"chunk"`
	}{info, h.PluginPath, h.PluginVersion, chunk}
	line, err := json.Marshal(what)
	if err == nil {
		line = append(line, '\n')
		s.start = int64(len(line))
		err = s.resume(line)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// resume finds the rows that are whole, and cuts off what comes after them. Rows of something else are dropped.
func (s *spool) resume(line []byte) error {
	in := bufio.NewReaderSize(s.file, 1<<20)
	there := make([]byte, len(line))
	if _, err := io.ReadFull(in, there); err != nil || !bytes.Equal(there, line) {
		if err := s.file.Truncate(0); err != nil {
			return err
		}
		_, err := s.file.WriteAt(line, 0)
		return err
	}

	// A chunk counts when its checksum is right; a kill may have cut the last one short.
	for s.rows < s.total {
		rows := min(s.chunk, s.total-s.rows)
		data := make([]byte, 4*s.dim*rows+4)
		if _, err := io.ReadFull(in, data); err != nil {
			break
		}
		body, sum := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
		if crc32.ChecksumIEEE(body) != sum {
			break
		}
		s.rows += rows
	}
	return s.file.Truncate(s.offset(s.rows))
}

// offset returns where a row begins.
func (s *spool) offset(row int) int64 {
	chunks := int64((row + s.chunk - 1) / s.chunk) // that end before it
	if row%s.chunk != 0 && row < s.total {
		chunks--
	}
	return s.start + 4*int64(row)*int64(s.dim) + 4*chunks
}

// add appends a chunk of rows.
func (s *spool) add(x []float32) error {
	data := make([]byte, 0, 4*len(x)+4)
	for _, v := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	data = binary.LittleEndian.AppendUint32(data, crc32.ChecksumIEEE(data))
	if _, err := s.file.WriteAt(data, s.offset(s.rows)); err != nil {
		return err
	}
	s.rows += len(x) / s.dim
	return nil
}

// reader returns a function that reads one row after the other, from the first on.
func (s *spool) reader() func(i int) ([]float32, error) {
	in := bufio.NewReaderSize(io.NewSectionReader(s.file, s.start, math.MaxInt64-s.start), 1<<20)
	row, data := make([]float32, s.dim), make([]byte, 4*s.dim)
	return func(i int) ([]float32, error) {
		// A checksum stands between two chunks.
		if i > 0 && i%s.chunk == 0 {
			if _, err := in.Discard(4); err != nil {
				return nil, err
			}
		}
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, err
		}
		for j := range row {
			row[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*j:]))
		}
		return row, nil
	}
}

// remove removes the spool, once its rows are elsewhere.
func (s *spool) remove() error { return errors.Join(os.Remove(s.path), s.close()) }

// close leaves the spool for another process to continue.
func (s *spool) close() error { return errors.Join(s.file.Close(), s.lock.Close()) }
