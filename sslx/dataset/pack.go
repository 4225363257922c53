package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/edsrzf/mmap-go"

	"github.com/sslx-go/lab/internal/usage"
)

const (
	packMagic = "SSLXPACK"

	// packVersion is the version of packs of RGB images. Packs of other images have channelsVersion, so that an sslx
	// which knows three channels only says that it is too old for them.
	packVersion     = 1
	channelsVersion = 2

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
	Channels    int           `json:"channels,omitempty"`  // 0 is 3
	Converted   bool          `json:"converted,omitempty"` // to the number of channels that was asked for
	How         string        `json:"how"`
	Resize      string        `json:"resize"`
	Tasks       []Task        `json:"tasks"`
	Splits      []headerSplit `json:"splits"`
	Mean        []float64     `json:"mean"` // of each channel
	Std         []float64     `json:"std"`
	Skipped     []Skipped     `json:"skipped,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	GroupedBy   string        `json:"grouped_by,omitempty"` // what the groups of images are; "" without groups
	Rules       int           `json:"rules,omitempty"`      // the version of the rules that made the set
	Choices     string        `json:"choices,omitempty"`    // what the files do not tell and somebody decided
	Source      string        `json:"source"`               // what tells whether the source has changed
	Origin      string        `json:"origin,omitempty"`     // the absolute path of the source
	Length      int64         `json:"length"`
	Fingerprint string        `json:"fingerprint"`
}

type headerSplit struct {
	Name   string    `json:"name"`
	N      int       `json:"n"`
	Labels []section `json:"labels,omitempty"` // in the order of header.Tasks
	Groups *section  `json:"groups,omitempty"` // the number of each image's group, where there are groups
	Names  *section  `json:"names,omitempty"`  // what the images are called, each with a zero byte behind it
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
	classes int // of labels; 0 for pixels, -1 for names
}

// sections lists the sections in file order: all labels, then all pixels.
func (h *header) sections() []namedSection {
	var labels, pixels []namedSection
	for _, sp := range h.Splits {
		for i, sec := range sp.Labels {
			what := fmt.Sprintf("labels of task %s in split %s", h.Tasks[i].Name, sp.Name)
			labels = append(labels, namedSection{sec, what, len(h.Tasks[i].Classes)})
		}
		if sp.Groups != nil {
			labels = append(labels, namedSection{*sp.Groups, "groups of split " + sp.Name, math.MaxInt32})
		}
		if sp.Names != nil {
			labels = append(labels, namedSection{*sp.Names, "names of split " + sp.Name, -1})
		}
		pixels = append(pixels, namedSection{sp.Pixels, "pixels of split " + sp.Name, 0})
	}
	return append(labels, pixels...)
}

// fingerprint hashes the sums of the sections with what is needed to read them, not the set's name or class names.
func (h *header) fingerprint() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "sslx %s\n", h.shape())
	for _, sp := range h.Splits {
		fmt.Fprintf(sum, "split %s %d %s\n", sp.Name, sp.N, sp.Pixels.SHA256)
		for i, sec := range sp.Labels {
			fmt.Fprintf(sum, "task %q %s\n", h.Tasks[i].Name, sec.SHA256)
		}
		if sp.Groups != nil {
			fmt.Fprintf(sum, "groups %s\n", sp.Groups.SHA256)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// shape is the size of an image, and the number of its channels where that is not 3.
func (h *header) shape() string {
	if depth(h.Channels) == rgb {
		return fmt.Sprintf("%dx%d", h.Height, h.Width)
	}
	return fmt.Sprintf("%dx%dx%d", h.Height, h.Width, h.Channels)
}

// version is the version of the format that the pack is written in.
func (h *header) version() uint32 {
	if depth(h.Channels) == rgb {
		return packVersion
	}
	return channelsVersion
}

// fileName is the name of the pack's file. Packs of two sources never have the same.
func (h *header) fileName() string {
	name := fmt.Sprintf("%s-%s-%s", h.Name, h.shape(), h.How)
	if h.Origin != "" {
		name += "-" + originSum(h.Origin)
	}
	return name + packExt
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

const importAgain = "delete it and import the source again"

// openPack maps the pack at path after checking its header and its length.
func openPack(path string) (*Set, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usage.Errorf("there is no pack %s: check the path", path)
	}
	if err != nil {
		return nil, fmt.Errorf("pack cannot be opened: %w", err)
	}
	h, start, err := readHeader(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("pack %s %w", path, err)
	}
	mapped, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("pack %s cannot be mapped into memory: %w", path, err)
	}

	// The file stays open: its size and time tell later whether somebody wrote to it.
	set := &Set{path: path, header: *h, file: file, mapped: mapped, data: mapped[start:]}
	if set.opened, err = file.Stat(); err != nil {
		_ = set.Close()
		return nil, fmt.Errorf("pack %s cannot be read: %w", path, err)
	}
	return set, nil
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
		return nil, 0, errors.New("is not a pack that sslx wrote: import a source")
	}
	if err != nil {
		return nil, 0, errors.New("is cut short inside its header: " + importAgain)
	}

	// A newer version may differ in everything that follows.
	version := binary.LittleEndian.Uint32(prefix[8:])
	if version != packVersion && version != channelsVersion {
		return nil, 0, fmt.Errorf("has format version %d and this sslx reads versions %d and %d: update sslx, or %s",
			version, packVersion, channelsVersion, importAgain)
	}

	// The sum is compared before a byte of the header is believed.
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
	if h.version() != version {
		return nil, 0, contradiction
	}
	start := roundUp(prefixSize + length)
	if err := h.check(info.Size() - start); err != nil {
		return nil, 0, err
	}
	return h, start, nil
}

var contradiction = errors.New("has a header that contradicts itself: " + importAgain)

// check compares the header with itself and with the number of bytes after it.
func (h *header) check(length int64) error {
	switch {
	case length < h.Length:
		return fmt.Errorf("is cut short, with %d of %d bytes of data: %s", max(length, 0), h.Length, importAgain)
	case length > h.Length:
		return fmt.Errorf("is longer than its header says, by %d bytes: %s", length-h.Length, importAgain)
	}
	channels := depth(h.Channels)
	if channels < 1 || channels > MaxChannels || len(h.Mean) != channels || len(h.Std) != channels {
		return contradiction
	}
	if h.Height < 1 || h.Width < 1 || int64(h.Width) > length/int64(channels)/int64(h.Height) || len(h.Splits) == 0 {
		return contradiction
	}

	// Every number is bounded by the length of the file before it is multiplied.
	stride := int64(h.Height) * int64(h.Width) * int64(channels)
	for _, sp := range h.Splits {
		if sp.N < 1 || int64(sp.N) > length/stride || sp.Pixels.Length != int64(sp.N)*stride ||
			len(sp.Labels) != len(h.Tasks) || (sp.Groups != nil) != (h.GroupedBy != "") {
			return contradiction
		}
		if sp.Groups != nil && sp.Groups.Length != 4*int64(sp.N) {
			return contradiction
		}
		for _, sec := range sp.Labels {
			if sec.Length != 4*int64(sp.N) {
				return contradiction
			}
		}
	}

	// Sections follow each other without gaps or overlaps.
	end := int64(0)
	for _, sec := range h.sections() {
		if sec.Length < 0 || sec.Offset != roundUp(end) {
			return contradiction
		}
		end = sec.Offset + sec.Length
	}
	if end != h.Length {
		return contradiction
	}
	return nil
}

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

	// The header knows its own length and sum, so that a damaged one is never believed.
	sum := sha256.Sum256(text)
	prefix := append([]byte(packMagic), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(prefix[8:], h.version())
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
