package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// part is a section with its bytes.
type part struct {
	section
	content io.Reader
}

// writePack writes the header and the sections, which stand in file order.
func writePack(w io.Writer, h *header, parts []part) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(text) > maxHeader {
		return fmt.Errorf("the header of pack %s takes %d bytes and %d are allowed: use fewer classes", h.Name,
			len(text), maxHeader)
	}
	sum := sha256.Sum256(text)
	prefix := append([]byte(packMagic), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(prefix[8:], packVersion)
	binary.LittleEndian.PutUint32(prefix[12:], uint32(len(text)))
	prefix = append(append(prefix, sum[:]...), text...)
	if _, err := w.Write(prefix); err != nil {
		return err
	}
	end := int64(len(prefix))
	if err := pad(w, roundUp(end)-end); err != nil {
		return err
	}
	end = 0
	for _, p := range parts {
		if err := pad(w, p.Offset-end); err != nil {
			return err
		}
		if _, err := io.CopyN(w, p.content, p.Length); err != nil {
			return err
		}
		end = p.Offset + p.Length
	}
	return nil
}
