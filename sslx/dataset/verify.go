package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Verify reads the whole pack at path and compares every checksum. Its error says what is wrong: not a pack, a newer
// format, cut short, or which sections differ.
func Verify(path string) error {
	set, err := Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = set.Close() }()
	var damaged []string
	end := int64(0)
	for _, sec := range set.header.sections() {
		sum := sha256.Sum256(set.section(sec.section))
		if hex.EncodeToString(sum[:]) != sec.SHA256 {
			damaged = append(damaged, sec.what)
		}
		if !zero(set.data[end:sec.Offset]) {
			damaged = append(damaged, "padding before the "+sec.what)
		}
		end = sec.Offset + sec.Length
	}
	if set.header.fingerprint() != set.header.Fingerprint {
		damaged = append(damaged, "fingerprint")
	}
	if damaged != nil {
		return fmt.Errorf("pack %s is damaged in: %s; import the source again", path, strings.Join(damaged, ", "))
	}
	return nil
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
