package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edsrzf/mmap-go"
	"github.com/sslx-go/lab/internal/usage"
)

const importAgain = "delete it and import the source again"

// openPack maps the pack at path after checking its header and its length.
func openPack(path string) (*Set, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usage.Errorf("there is no pack %s: list the packs with `sslx data list`", path)
	}
	if err != nil {
		return nil, fmt.Errorf("pack cannot be opened: %w", err)
	}
	defer func() { _ = file.Close() }()
	h, start, err := readHeader(file)
	if err != nil {
		return nil, fmt.Errorf("pack %s %w", path, err)
	}
	mapped, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("pack %s cannot be mapped into memory: %w", path, err)
	}
	return &Set{path: path, header: *h, mapped: mapped, data: mapped[start:]}, nil
}

// isPack reports whether the file at path starts as a pack does.
func isPack(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	magic := make([]byte, len(packMagic))
	_, err = io.ReadFull(file, magic)
	return err == nil && string(magic) == packMagic
}

// readHeader returns the header and the offset of the first page after it. Its errors continue "pack PATH …".
func readHeader(file *os.File) (*header, int64, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("cannot be read: %w", err)
	}
	prefix := make([]byte, prefixSize)
	n, err := io.ReadFull(file, prefix)
	if n < len(packMagic) || string(prefix[:len(packMagic)]) != packMagic {
		return nil, 0, errors.New("is not a pack that sslx wrote: import a source with `sslx data import`")
	}
	if err != nil {
		return nil, 0, errors.New("is cut short inside its header: " + importAgain)
	}
	if v := binary.LittleEndian.Uint32(prefix[8:]); v != packVersion {
		return nil, 0, fmt.Errorf("has format version %d and this sslx reads version %d: update sslx, or %s",
			v, packVersion, importAgain)
	}
	length := int64(binary.LittleEndian.Uint32(prefix[12:]))
	if length > maxHeader || prefixSize+length > info.Size() {
		return nil, 0, errors.New("is cut short inside its header: " + importAgain)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(file, text); err != nil {
		return nil, 0, fmt.Errorf("cannot be read: %w", err)
	}
	if sum := sha256.Sum256(text); !bytes.Equal(sum[:], prefix[16:]) {
		return nil, 0, errors.New("has a damaged header: " + importAgain)
	}
	h := new(header)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, 0, fmt.Errorf("has a header that cannot be read (%w): %s", err, importAgain)
	}
	start := roundUp(prefixSize + length)
	if err := h.check(info.Size() - start); err != nil {
		return nil, 0, err
	}
	return h, start, nil
}

// check compares the header with itself and with the number of bytes after it.
func (h *header) check(length int64) error {
	switch {
	case length < h.Length:
		return fmt.Errorf("is cut short, with %d of %d bytes of data: %s", max(length, 0), h.Length, importAgain)
	case length > h.Length:
		return fmt.Errorf("is longer than its header says, by %d bytes: %s", length-h.Length, importAgain)
	}
	inconsistent := errors.New("has a header that contradicts itself: " + importAgain)
	if h.Height < 1 || h.Width < 1 || int64(h.Width) > length/3/int64(h.Height) || len(h.Tasks) == 0 || len(h.Splits) == 0 {
		return inconsistent
	}
	stride := int64(h.Height) * int64(h.Width) * 3
	for _, sp := range h.Splits {
		if sp.N < 1 || int64(sp.N) > length/stride || sp.Pixels.Length != int64(sp.N)*stride || len(sp.Labels) != len(h.Tasks) {
			return inconsistent
		}
		for _, sec := range sp.Labels {
			if sec.Length != 4*int64(sp.N) {
				return inconsistent
			}
		}
	}
	end := int64(0)
	for _, sec := range h.sections() {
		if sec.Length < 0 || sec.Offset != roundUp(end) {
			return inconsistent
		}
		end = sec.Offset + sec.Length
	}
	if end != h.Length {
		return inconsistent
	}
	return nil
}
