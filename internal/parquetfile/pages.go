package parquetfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/sslx-go/lab/internal/bounded"
)

// checkPages checks the pages of a column of so many values a row, none of which may have more than limit bytes, packed
// or unpacked. What they unpack to is taken off what the file may.
func (f *File) checkPages(ctx context.Context, leaf *parquet.Column, perRow int, limit int64) error {
	c := pageCheck{ctx: ctx, limit: limit, left: &f.Left,
		repetitions: bits.Len(uint(leaf.MaxRepetitionLevel())), definitions: bits.Len(uint(leaf.MaxDefinitionLevel()))}
	for i, group := range f.Metadata().RowGroups {
		m := &group.Columns[leaf.Index()].MetaData
		// The library unpacks the pages of all row groups as those of the first.
		if i > 0 && m.Codec != c.codec {
			return fmt.Errorf("its pages are compressed as %v and as %v", c.codec, m.Codec)
		}
		c.values, c.codec = group.NumRows*int64(perRow), m.Codec
		if err := c.chunk(f, m); err != nil {
			return err
		}
	}
	return nil
}

// pageCheck unpacks the pages of a column within their limits.
type pageCheck struct {
	ctx    context.Context
	limit  int64  // bytes of a page, packed or unpacked
	left   *int64 // bytes that all pages to come may unpack to
	values int64  // of the row group
	codec  format.CompressionCodec

	repetitions, definitions int // bits of a level; 0 where there are none

	packed, unpacked []byte
}

// chunk checks the pages of a column in one row group.
func (c *pageCheck) chunk(r io.ReaderAt, m *format.ColumnMetaData) error {
	// The dictionary, where there is one, precedes the data pages.
	start := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		start = m.DictionaryPageOffset
	}
	pages := io.NewSectionReader(r, start, m.TotalCompressedSize)
	for at := int64(0); at < m.TotalCompressedSize; {
		h, length, err := c.head(pages, at)
		if err != nil {
			return err
		}
		at += length
		if err := c.page(io.NewSectionReader(pages, at, m.TotalCompressedSize-at), h); err != nil {
			return err
		}
		at += int64(h.CompressedPageSize)
	}
	return nil
}

// head reads the head of a page and its length. Some writers put the least and the largest image there.
func (c *pageCheck) head(pages io.ReaderAt, at int64) (*format.PageHeader, int64, error) {
	protocol := new(thrift.CompactProtocol)
	for most := int64(1 << 10); ; most *= 16 {
		c.packed = grown(c.packed, min(most, c.limit))
		n, err := pages.ReadAt(c.packed, at)
		if err != nil && (err != io.EOF || n == 0) {
			return nil, 0, err
		}

		// In bytes, unlike in a stream, no text is longer than what is there.
		h, left := new(format.PageHeader), protocol.NewReaderFromBytes(c.packed[:n])
		if err = thrift.NewDecoder(left).Decode(h); err == nil {
			return h, int64(left.BytesRead()), nil
		}
		if int64(n) == c.limit {
			return nil, 0, c.tooLarge(c.limit + 1)
		}
		if int64(n) < most {
			return nil, 0, fmt.Errorf("the head of a page is damaged: %w", err)
		}
	}
}

func (c *pageCheck) tooLarge(size int64) error {
	return fmt.Errorf("it has a page of %d bytes or more and %d are allowed: write the file with smaller pages", size,
		c.limit)
}

func (c *pageCheck) page(r io.Reader, h *format.PageHeader) error {
	packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
	if packed < 0 || unpacked < 0 {
		return errParquet
	}
	if most := max(packed, unpacked); most > c.limit {
		return c.tooLarge(most)
	}
	if *c.left -= unpacked; *c.left < 0 {
		return bounded.ErrUnpacked
	}
	c.packed = grown(c.packed, packed)
	if _, err := io.ReadFull(r, c.packed); err != nil {
		return err
	}

	// Only the values of a page of version 2 are packed.
	rest := c.packed
	var repetitions, definitions []byte
	isPacked := true
	if v := &h.DataPageHeaderV2; h.Type == format.DataPageV2 && v.Valid {
		first, length := v.V.RepetitionLevelsByteLength, v.V.DefinitionLevelsByteLength
		if first < 0 || length < 0 || int64(first)+int64(length) > packed {
			return errParquet
		}
		// Repetition levels come first, then definition levels, then values.
		repetitions, rest = rest[:first], rest[first:]
		definitions, rest = rest[:length], rest[length:]
		isPacked = !v.V.IsCompressed.Valid || v.V.IsCompressed.V
	}
	data := rest
	if isPacked {
		var err error
		if data, err = c.unpack(rest, unpacked); err != nil {
			return err
		}
	}

	switch {
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		return checkDictionary(&h.DictionaryPageHeader.V, data)
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		return c.dataPage(&h.DataPageHeader.V, data)
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		v := &h.DataPageHeaderV2.V
		if err := c.count(v.NumValues); err != nil {
			return err
		}
		if err := checkRuns(repetitions, c.repetitions, v.NumValues); err != nil {
			return err
		}
		if err := checkRuns(definitions, c.definitions, v.NumValues); err != nil {
			return err
		}
		return checkValues(v.Encoding, data, v.NumValues)
	}
	return fmt.Errorf("it has a page of type %v without its head", h.Type)
}

func checkDictionary(h *format.DictionaryPageHeader, data []byte) error {
	const leastBytes = 4 // of a value that is worth a dictionary
	if h.Encoding != format.Plain && h.Encoding != format.PlainDictionary {
		return fmt.Errorf("its dictionary is encoded as %v", h.Encoding)
	}
	if h.NumValues < 0 || int64(h.NumValues) > int64(len(data))/leastBytes {
		return errParquet
	}
	return nil
}

// dataPage checks a page of version 1, in which the levels precede the values.
func (c *pageCheck) dataPage(h *format.DataPageHeader, data []byte) error {
	if err := c.count(h.NumValues); err != nil {
		return err
	}
	for _, levels := range []struct {
		width    int
		encoding format.Encoding
	}{{c.repetitions, h.RepetitionLevelEncoding}, {c.definitions, h.DefinitionLevelEncoding}} {
		if levels.width == 0 {
			continue
		}
		if levels.encoding != format.RLE {
			return fmt.Errorf("its levels are encoded as %v", levels.encoding)
		}
		// Four bytes say how long the levels are.
		if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
			return errParquet
		}
		length := 4 + int(binary.LittleEndian.Uint32(data))
		if err := checkRuns(data[4:length], levels.width, h.NumValues); err != nil {
			return err
		}
		data = data[length:]
	}
	return checkValues(h.Encoding, data, h.NumValues)
}

// count compares the values of a page with those of its row group.
func (c *pageCheck) count(values int32) error {
	if values < 0 || int64(values) > c.values {
		return errParquet
	}
	return nil
}

// checkValues looks at how many values the bytes of a page would become.
func checkValues(encoding format.Encoding, data []byte, n int32) error {
	switch encoding {
	// A plain value takes its own bytes of the page: there is nothing to unfold.
	case format.Plain:
		return nil
	case format.PlainDictionary, format.RLEDictionary:
		if len(data) == 0 {
			return nil
		}
		// The first byte is the number of bits of an index into the dictionary.
		return checkRuns(data[1:], int(data[0]), n)
	case format.RLE: // of booleans, after their length
		return checkRuns(data[min(4, len(data)):], 1, n)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		w := thriftWalk{left: data}
		var total uint64
		for range 3 { // values of a block, parts of a block, and all values
			var err error
			if total, err = w.number(); err != nil {
				return err
			}
		}
		if total > uint64(n) {
			return errParquet
		}
		return nil
	}
	return fmt.Errorf("it is encoded as %v, which sslx does not read: write the file with another encoding", encoding)
}

// checkRuns goes over numbers of so many bits, in runs of one number and in groups of eight
// (https://parquet.apache.org/docs/file-format/data-pages/encodings/). The last group may be filled up.
func checkRuns(data []byte, width int, n int32) error {
	w := thriftWalk{left: data}
	for total := uint64(0); len(w.left) > 0; {
		head, err := w.number()
		if err != nil {
			return err
		}
		// Bounded, so that the products below cannot overflow.
		count := min(head>>1, math.MaxInt32)
		length := uint64(width+7) / 8
		// An odd head counts groups of eight packed numbers, an even one repetitions of one number.
		if head&1 == 1 {
			length, count = count*uint64(width), 8*count
		}
		if total += count; total > uint64(n)+7 {
			return errParquet
		}
		w.left = w.left[min(length, uint64(len(w.left))):]
	}
	return nil
}

// unpack unpacks a page, which must not have more bytes than its head says.
func (c *pageCheck) unpack(page []byte, size int64) ([]byte, error) {
	var r io.Reader
	switch c.codec {
	case format.Uncompressed:
		return page, nil
	case format.Snappy:
		// A block begins with its unpacked length, for which the decoder would take the memory.
		if length, n := binary.Uvarint(page); n <= 0 || length > uint64(size) {
			return nil, bounded.ErrUnpacked
		}
		unpacked, err := parquet.Snappy.Decode(grown(c.unpacked, size), page)
		c.unpacked = unpacked[:cap(unpacked)]
		return unpacked, err
	case format.Lz4Raw:
		c.unpacked = grown(c.unpacked, size)
		n, err := lz4.UncompressBlock(page, c.unpacked)
		if err != nil {
			// The decoder has one error for both.
			return nil, fmt.Errorf("a page is damaged, or %w", bounded.ErrUnpacked)
		}
		return c.unpacked[:n], nil
	case format.Gzip:
		unzip, err := gzip.NewReader(bytes.NewReader(page))
		if err != nil {
			return nil, err
		}
		r = unzip
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(page))
	case format.Zstd:
		// The window is memory that a frame asks for.
		unzip, err := zstd.NewReader(bytes.NewReader(page), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(max(uint64(c.limit), zstd.MinWindowSize)))
		if err != nil {
			return nil, err
		}
		defer unzip.Close()
		r = unzip
	default:
		return nil, fmt.Errorf("its pages are compressed as %v, which sslx does not read", c.codec)
	}

	// In steps, between which the context may end; the byte more than there should be tells that there are more.
	const step = 1 << 16
	c.unpacked = grown(c.unpacked, size+1)
	r = bounded.ContextReader{Ctx: c.ctx, R: r}
	n := 0
	for n < len(c.unpacked) {
		k, err := io.ReadFull(r, c.unpacked[n:min(n+step, len(c.unpacked))])
		n += k
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return c.unpacked[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, bounded.ErrUnpacked
}

// grown returns a buffer of n bytes, which is b where that is large enough.
func grown(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}
