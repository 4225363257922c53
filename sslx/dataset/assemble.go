package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// assembly places sections one after the other.
type assembly struct {
	ctx   context.Context
	parts []part
	end   int64
}

// add places the bytes that content opens, hashes them and shows them to also.
func (a *assembly) add(content func() io.Reader, length int64, also io.Writer) (section, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, also), contextReader{a.ctx, content()})
	if err == nil && n != length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return section{}, fmt.Errorf("decoded images cannot be read back: %w", err)
	}
	sec := section{roundUp(a.end), length, hex.EncodeToString(sum.Sum(nil))}
	a.end = sec.Offset + length
	a.parts = append(a.parts, part{sec, contextReader{a.ctx, content()}})
	return sec, nil
}

// span is the range of positions of a split.
type span struct{ first, end int }

// assemble completes the header with places, checksums and statistics, and returns the sections' content in file
// order.
func (r *run) assemble(ctx context.Context, h *header) ([]part, error) {
	for _, i := range slices.Sorted(maps.Keys(r.bad)) {
		h.Skipped = append(h.Skipped, Skipped{r.name[i], r.bad[i]})
	}
	a := &assembly{ctx: ctx}
	spans, err := r.addLabels(a, h)
	if err != nil {
		return nil, err
	}
	var counts channelCounts
	for i := range h.Splits {
		sp := &h.Splits[i]
		also := io.Discard
		if sp.Name == "train" {
			also = &counts
		}
		pixels := func() io.Reader { return r.spool.reader(spans[i], r.bad) }
		if sp.Pixels, err = a.add(pixels, int64(sp.N)*r.spool.stride, also); err != nil {
			return nil, err
		}
	}
	h.Mean, h.Std = counts.stats()
	h.Length, h.Fingerprint = a.end, h.fingerprint()
	return a.parts, nil
}

// addLabels adds the labels of every split that kept an image, and returns where those splits stand.
func (r *run) addLabels(a *assembly, h *header) ([]span, error) {
	var spans []span
	first := 0
	for _, split := range r.plan.splits {
		sp, at := headerSplit{Name: split.Name}, span{first, first + split.N}
		first = at.end
		for _, labels := range r.labels {
			kept := r.keptLabels(labels, at)
			if len(kept) == 0 {
				break
			}
			content := func() io.Reader { return bytes.NewReader(kept) }
			sec, err := a.add(content, int64(len(kept)), io.Discard)
			if err != nil {
				return nil, err
			}
			sp.N, sp.Labels = len(kept)/4, append(sp.Labels, sec)
		}
		if sp.N > 0 {
			h.Splits, spans = append(h.Splits, sp), append(spans, at)
		}
	}
	if len(spans) == 0 {
		return nil, errors.New("no image is left to pack")
	}
	return spans, nil
}

// keptLabels returns the labels of a split's images but the bad ones, as they stand in a pack.
func (r *run) keptLabels(labels []int32, at span) []byte {
	kept := make([]byte, 0, 4*(at.end-at.first))
	for i := at.first; i < at.end; i++ {
		if _, bad := r.bad[i]; !bad {
			kept = binary.LittleEndian.AppendUint32(kept, uint32(labels[i]))
		}
	}
	return kept
}
