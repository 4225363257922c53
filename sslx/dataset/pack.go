package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

const (
	packMagic   = "SSLXPACK"
	packVersion = 1
	// prefixSize is the length of magic, version, header length and header checksum.
	prefixSize = 8 + 4 + 4 + sha256.Size
	// pageSize is the alignment of sections; it is the page size of the common platforms.
	pageSize = 4096
	// maxHeader bounds what is read into memory before the checksum can be compared.
	maxHeader = 64 << 20
	packExt   = ".sslx"
)

// header is the JSON header of a pack. Offsets count from the first page after the header.
type header struct {
	Name        string        `json:"name"`
	Kind        string        `json:"kind"`
	Height      int           `json:"height"`
	Width       int           `json:"width"`
	How         string        `json:"how"`
	Resize      string        `json:"resize"`
	Tasks       []Task        `json:"tasks"`
	Splits      []headerSplit `json:"splits"`
	Mean        [3]float64    `json:"mean"`
	Std         [3]float64    `json:"std"`
	Skipped     []Skipped     `json:"skipped,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	Source      string        `json:"source"`
	Length      int64         `json:"length"`
	Fingerprint string        `json:"fingerprint"`
}

type headerSplit struct {
	Name   string    `json:"name"`
	N      int       `json:"n"`
	Labels []section `json:"labels"` // in the order of header.Tasks
	Pixels section   `json:"pixels"`
}

type section struct {
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	SHA256 string `json:"sha256"`
}

// namedSection is a section with what it holds, for messages.
type namedSection struct {
	section
	what    string
	classes int // of labels; 0 for pixels
}

// sections lists the sections in file order: all labels, then all pixels.
func (h *header) sections() []namedSection {
	var labels, pixels []namedSection
	for _, sp := range h.Splits {
		for i, sec := range sp.Labels {
			what := fmt.Sprintf("labels of task %s in split %s", h.Tasks[i].Name, sp.Name)
			labels = append(labels, namedSection{sec, what, len(h.Tasks[i].Classes)})
		}
		pixels = append(pixels, namedSection{sp.Pixels, "pixels of split " + sp.Name, 0})
	}
	return append(labels, pixels...)
}

// fingerprint hashes the sums of the sections with what is needed to read them, not the set's name or class names.
func (h *header) fingerprint() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "sslx %dx%d\n", h.Height, h.Width)
	for _, sp := range h.Splits {
		fmt.Fprintf(sum, "split %s %d %s\n", sp.Name, sp.N, sp.Pixels.SHA256)
		for i, sec := range sp.Labels {
			fmt.Fprintf(sum, "task %q %s\n", h.Tasks[i].Name, sec.SHA256)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// fileName is the name of the pack's file.
func (h *header) fileName() string {
	return fmt.Sprintf("%s-%dx%d-%s%s", h.Name, h.Height, h.Width, h.How, packExt)
}

func (h *header) counts() []SplitCount {
	counts := make([]SplitCount, len(h.Splits))
	for i, sp := range h.Splits {
		counts[i] = SplitCount{sp.Name, sp.N}
	}
	return counts
}

// roundUp returns the first multiple of pageSize that is not below n.
func roundUp(n int64) int64 { return (n + pageSize - 1) / pageSize * pageSize }

// pad writes n zero bytes.
func pad(w io.Writer, n int64) error {
	_, err := w.Write(make([]byte, n))
	return err
}
