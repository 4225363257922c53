package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"unsafe"

	"github.com/sslx-go/lab/internal/bounded"
)

// maxChecked is the number of bytes above which Open leaves the checksums of the pixels to Verify.
const maxChecked = 1 << 30

// Verify reads the whole pack at path and compares every checksum. Its error says what is wrong: not a pack, a newer
// format, cut short, or which sections differ.
func Verify(path string) error {
	set, err := openPack(path)
	if err != nil {
		return err
	}
	defer func() { _ = set.Close() }()
	return set.verify(context.Background())
}

// verify compares every checksum, unless ctx ends before.
func (s *Set) verify(ctx context.Context) error {
	return s.Guard(func() error {
		damaged, err := s.damaged(ctx, false)
		if err != nil {
			return err
		}

		// Bytes between the sections have no sum; they are zero.
		end := int64(0)
		for _, sec := range s.header.sections() {
			if !zero(s.data[end:sec.Offset]) {
				damaged = append(damaged, "padding before the "+sec.what)
			}
			end = sec.Offset + sec.Length
		}
		if s.header.fingerprint() != s.header.Fingerprint {
			damaged = append(damaged, "fingerprint")
		}
		return damagedPack(s.path, damaged)
	})
}

// checkOpened compares the checksums that [Open] promises to compare.
func (s *Set) checkOpened() error {
	return s.Guard(func() error {
		damaged, err := s.damaged(context.Background(), len(s.data) > maxChecked)
		if err != nil {
			return err
		}
		return damagedPack(s.path, damaged)
	})
}

// damaged returns what differs from its checksum, or is no label of its task; labelsOnly leaves the pixels out.
func (s *Set) damaged(ctx context.Context, labelsOnly bool) (damaged []string, err error) {
	for _, sec := range s.header.sections() {
		if sec.classes == 0 && labelsOnly {
			continue
		}

		content, sum := s.section(sec.section), sha256.New()
		if _, err := io.Copy(sum, bounded.ContextReader{Ctx: ctx, R: bytes.NewReader(content)}); err != nil {
			return nil, err
		}
		if hex.EncodeToString(sum.Sum(nil)) != sec.SHA256 || sec.classes > 0 && !below(content, sec.classes) {
			damaged = append(damaged, sec.what)
		}
	}
	return damaged, nil
}

// damagedPack returns the error of a pack that is damaged in what the list names; nil where nothing is.
func damagedPack(path string, what []string) error {
	if len(what) == 0 {
		return nil
	}
	return fmt.Errorf("pack %s is damaged in: %s; %s", path, strings.Join(what, ", "), importAgain)
}

// Guard calls use, which reads pixels of the set, and returns its error. A pack is mapped into memory: when its file is
// cut short or its disk fails while it is in use, reading it is a fault that ends the program. Inside Guard, for the
// goroutine that calls it, it is an error that names the pack. [Split.Read] is guarded already.
func (s *Set) Guard(use func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}

		// Only a fault at an address of this pack is its own; everything else is a mistake of the program.
		fault, ok := cause.(interface{ Addr() uintptr })
		if !ok || len(s.mapped) == 0 || fault.Addr()-uintptr(unsafe.Pointer(&s.mapped[0])) >= uintptr(len(s.mapped)) {
			panic(cause)
		}
		err = fmt.Errorf("pack %s cannot be read any more: its file was cut short while it was in use, or its disk "+
			"fails; import the source again", s.path)
	}()
	return use()
}

// Recheck returns an error when the pack's file was written to since it was opened and does not have its checksums any
// more. A pack that was replaced by a new file stays as it was opened. It looks at the file's size and time, and only
// reads the pack when they have changed.
func (s *Set) Recheck(ctx context.Context) error {
	now, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("pack %s cannot be read any more: %w", s.path, err)
	}
	if now.Size() == s.opened.Size() && now.ModTime().Equal(s.opened.ModTime()) {
		return nil
	}
	return s.verify(ctx)
}

// below reports whether all labels are 0 to classes-1.
func below(labels []byte, classes int) bool {
	for ; len(labels) > 0; labels = labels[4:] {
		if int64(binary.LittleEndian.Uint32(labels)) >= int64(classes) {
			return false
		}
	}
	return true
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
