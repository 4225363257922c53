package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
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
	damaged := set.damaged(false)
	end := int64(0)
	for _, sec := range set.header.sections() {
		if !zero(set.data[end:sec.Offset]) {
			damaged = append(damaged, "padding before the "+sec.what)
		}
		end = sec.Offset + sec.Length
	}
	if set.header.fingerprint() != set.header.Fingerprint {
		damaged = append(damaged, "fingerprint")
	}
	if damaged != nil {
		return damagedPack(path, damaged)
	}
	return nil
}

// damaged returns what differs from its checksum, or is no label of its task; labelsOnly leaves the pixels out.
func (s *Set) damaged(labelsOnly bool) (damaged []string) {
	for _, sec := range s.header.sections() {
		if sec.classes == 0 && labelsOnly {
			continue
		}
		content := s.section(sec.section)
		sum := sha256.Sum256(content)
		if hex.EncodeToString(sum[:]) != sec.SHA256 || sec.classes > 0 && !below(content, sec.classes) {
			damaged = append(damaged, sec.what)
		}
	}
	return damaged
}

func damagedPack(path string, what []string) error {
	return fmt.Errorf("pack %s is damaged in: %s; %s", path, strings.Join(what, ", "), importAgain)
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
