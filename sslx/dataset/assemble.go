package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"os"
	"slices"

	"github.com/sslx-go/lab/internal/bounded"
)

// assembly places sections one after the other.
type assembly struct {
	ctx   context.Context
	parts []part
	end   int64
}

// add places the bytes that content opens, hashes them and shows them to also.
func (a *assembly) add(content func() io.Reader, length int64, also io.Writer) (section, error) {
	// The content is read twice: once for its sum, which stands in the header before it, and once to be written.
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, also), bounded.ContextReader{Ctx: a.ctx, R: content()})
	if err == nil && n != length {
		err = io.ErrUnexpectedEOF
	}
	if a.ctx.Err() != nil {
		return section{}, a.ctx.Err() // nothing is wrong with the images
	}
	if err != nil {
		return section{}, fmt.Errorf("decoded images cannot be read back: %w", err)
	}

	// Sections begin at pages, so that each can be mapped by itself.
	sec := section{roundUp(a.end), length, hex.EncodeToString(sum.Sum(nil))}
	a.end = sec.Offset + length
	a.parts = append(a.parts, part{sec, bounded.ContextReader{Ctx: a.ctx, R: content()}})
	return sec, nil
}

// assemble completes the header with places, checksums and statistics, and returns the sections' content in file
// order.
func (r *run) assemble(ctx context.Context, h *header, splits []packSplit) ([]part, error) {
	for _, i := range slices.Sorted(maps.Keys(r.bad)) {
		h.Skipped = append(h.Skipped, Skipped{r.name[i], r.bad[i]})
	}

	// Labels first: they are small, and Open checks them always.
	a := &assembly{ctx: ctx}
	splits, err := r.addLabels(a, h, splits)
	if err != nil {
		return nil, err
	}

	// Pixels pass by once more; only train counts for the statistics.
	counts := channelCounts{counts: make([][256]uint64, depth(h.Channels))}
	for i := range h.Splits {
		sp := &h.Splits[i]
		also := io.Discard
		if sp.Name == "train" {
			also = &counts
		}
		pixels := func() io.Reader { return r.spool.reader(splits[i]) }
		if sp.Pixels, err = a.add(pixels, int64(sp.N)*r.spool.stride, also); err != nil {
			return nil, err
		}
	}

	h.Mean, h.Std = counts.stats()
	h.Length, h.Fingerprint = a.end, h.fingerprint()
	return a.parts, nil
}

// addLabels adds the labels, groups and names of every split that kept an image, and returns those splits.
func (r *run) addLabels(a *assembly, h *header, splits []packSplit) (kept []packSplit, err error) {
	for _, split := range splits {
		sp := headerSplit{Name: split.name, N: split.count()}
		// A split of bad images alone is left out.
		if sp.N == 0 {
			continue
		}

		add := func(numbers []int32) (section, error) {
			content := func() io.Reader { return bytes.NewReader(split.numbers(numbers)) }
			return a.add(content, 4*int64(sp.N), io.Discard)
		}
		for _, labels := range r.labels {
			sec, err := add(labels)
			if err != nil {
				return nil, err
			}
			sp.Labels = append(sp.Labels, sec)
		}
		if r.groups != nil {
			sec, err := add(r.groups)
			if err != nil {
				return nil, err
			}
			sp.Groups = &sec
		}
		names := split.texts(r.names)
		sec, err := a.add(func() io.Reader { return bytes.NewReader(names) }, int64(len(names)), io.Discard)
		if err != nil {
			return nil, err
		}
		sp.Names = &sec
		h.Splits, kept = append(h.Splits, sp), append(kept, split)
	}
	if len(kept) == 0 {
		return nil, errors.New("no image is left to pack")
	}
	return kept, nil
}

// channelCounts counts the values of each channel of a stream of pixels.
type channelCounts struct {
	counts [][256]uint64 // of each channel
	next   int           // channel of the next byte
}

func (c *channelCounts) Write(pixels []byte) (int, error) {
	for _, v := range pixels {
		c.counts[c.next][v]++
		if c.next++; c.next == len(c.counts) {
			c.next = 0
		}
	}
	return len(pixels), nil
}

// stats returns mean and population standard deviation on [0, 1] from exact integer sums.
func (c *channelCounts) stats() (mean, std []float64) {
	mean, std = make([]float64, len(c.counts)), make([]float64, len(c.counts))

	// Integers are exact, however many pixels there are; only the results are rounded.
	for k, counts := range c.counts {
		n, sum, squares := new(big.Int), new(big.Int), new(big.Int)
		for v, count := range counts {
			times := new(big.Int).SetUint64(count)
			n.Add(n, times)
			sum.Add(sum, new(big.Int).Mul(times, big.NewInt(int64(v))))
			squares.Add(squares, new(big.Int).Mul(times, big.NewInt(int64(v*v))))
		}

		// variance of the bytes = (n squares - sum^2) / n^2
		top := squares.Mul(squares, n)
		top.Sub(top, new(big.Int).Mul(sum, sum))
		variance, _ := new(big.Rat).SetFrac(top, new(big.Int).Mul(n, n)).Float64()
		mean[k], _ = new(big.Rat).SetFrac(sum, new(big.Int).Mul(n, big.NewInt(255))).Float64()
		std[k] = math.Sqrt(variance) / 255
	}
	return mean, std
}

// spool holds decoded images in a file that has no name, so that nothing is left of it however the process ends.
// Images may come in any order.
type spool struct {
	file   *os.File
	stride int64 // bytes an image
}

// newSpool makes a spool on the disk of the folder dir.
func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, ".spool-*")
	if err != nil {
		return nil, err
	}
	// Where an open file cannot be removed, close does it.
	_ = os.Remove(file.Name())
	return &spool{file: file}, nil
}

func (s *spool) put(position int, rgb []byte) error {
	_, err := s.file.WriteAt(rgb, int64(position)*int64(len(rgb)))
	return err
}

// reader returns the images of a split, in order.
func (s *spool) reader(split packSplit) io.Reader {
	var runs []io.Reader
	from := split.first
	// Each run of images without a gap is one section of the file.
	for i := split.first; i <= split.end; i++ {
		if i < split.end && split.has(i) {
			continue
		}
		if i > from {
			runs = append(runs, io.NewSectionReader(s.file, int64(from)*s.stride, int64(i-from)*s.stride))
		}
		from = i + 1
	}
	return io.MultiReader(runs...)
}

func (s *spool) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}
