package parquetfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sslx-go/lab/internal/bounded"
)

// codecs are the ways in which pages are packed.
var codecs = map[format.CompressionCodec]compress.Codec{format.Snappy: &parquet.Snappy, format.Gzip: &parquet.Gzip,
	format.Brotli: &parquet.Brotli, format.Zstd: &parquet.Zstd, format.Lz4Raw: &parquet.Lz4Raw,
	format.Uncompressed: &parquet.Uncompressed}

func TestFile_PagesThatUnpackToMoreThanTheySayAreRefused(t *testing.T) {
	const size = 1 << 20
	for codec, packing := range codecs {
		page, err := packing.Encode(nil, make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		c := pageCheck{ctx: t.Context(), limit: size, codec: codec}
		if data, err := c.unpack(page, size); err != nil || len(data) != size {
			t.Errorf("%v: %d bytes, %v", codec, len(data), err)
		}
		if _, err := c.unpack(page, size-1); codec != format.Uncompressed && !errors.Is(err, bounded.ErrUnpacked) {
			t.Errorf("%v: %v", codec, err)
		}
	}

	// Work on a page ends with its context.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	page, _ := parquet.Brotli.Encode(nil, make([]byte, size))
	c := pageCheck{ctx: ctx, limit: size, codec: format.Brotli}
	if _, err := c.unpack(page, size); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type row struct {
	Name   string    `parquet:"name"`
	Values []float32 `parquet:"values,list"`
}

// grouped opens a file of row groups with two rows each, whose columns may be changed.
func grouped(t *testing.T, groups int, rows []row, options ...parquet.WriterOption) (f *File, size int64) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, options...)
	for range groups {
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	size = int64(b.Len())
	f, err := Open(t.Context(), bytes.NewReader(b.Bytes()), size, size)
	if err != nil {
		t.Fatal(err)
	}
	return f, size
}

var rows = []row{{"a", []float32{1, 2, 3}}, {"b", []float32{4, 5, 6}}}

func TestFile_ManyPagesAreBounded(t *testing.T) {
	large := []row{{strings.Repeat("a", 60<<10), nil}}
	f, _ := grouped(t, 15, large, parquet.Compression(&parquet.Brotli))
	f.Left = 1 << 19
	// It is found before the library unpacks a page.
	err := f.Values(t.Context(), f.Root().Column("name"), 1, 1<<20, func(int, parquet.Value) error {
		t.Error("a value comes")
		return nil
	})
	if !errors.Is(err, bounded.ErrUnpacked) {
		t.Errorf("got %v", err)
	}
}

func TestFile_ValuesOfListsAreCounted(t *testing.T) {
	for _, version := range []int{1, 2} {
		f, size := grouped(t, 2, rows, parquet.DataPageVersion(version))
		leaf := f.Root().Column("values").Column("list").Column("element")
		n := 0
		err := f.Values(t.Context(), leaf, 3, size, func(i int, v parquet.Value) error {
			if i != n || v.Float() != float32(i%6+1) {
				t.Errorf("version %d: value %d is %v, after %d", version, i, v, n)
			}
			n++
			return nil
		})
		if err != nil || n != 12 {
			t.Errorf("version %d: %d values, %v", version, n, err)
		}
		if err := f.checkPages(t.Context(), leaf, 2, size); err == nil {
			t.Errorf("version %d: three values a row are read as two", version)
		}
	}
}

// TestFile_RowGroupsThatContradictEachOtherAreRefused has footers by which the checks would look at other pages, or at
// fewer values, than the library reads.
func TestFile_RowGroupsThatContradictEachOtherAreRefused(t *testing.T) {
	f, size := grouped(t, 2, rows)
	f.Metadata().RowGroups[1].Columns[0].MetaData.Codec = format.Brotli
	if err := f.checkPages(t.Context(), f.Root().Column("name"), 1, size); err == nil ||
		!strings.Contains(err.Error(), "its pages are compressed as UNCOMPRESSED and as BROTLI") {
		t.Errorf("pages packed in two ways: %v", err)
	}

	f, size = grouped(t, 2, rows)
	f.Metadata().RowGroups[0].NumRows, f.Metadata().RowGroups[1].NumRows = math.MaxInt64, math.MaxInt64
	f.Metadata().NumRows = -2 // what the sum overflows to
	if err := checkChunks(f.File, size); err == nil {
		t.Error("more rows than can be counted are accepted")
	}

	f, size = grouped(t, 2, rows)
	for i := range f.Metadata().RowGroups {
		f.Metadata().RowGroups[i].Columns[0].MetaData.TotalCompressedSize = size / 2
	}
	if err := checkChunks(f.File, size); err == nil {
		t.Error("columns that overlap are accepted")
	}
}

func TestFile_RunsAndCountsAreBounded(t *testing.T) {
	run := func(n uint64) []byte { return append(binary.AppendUvarint(nil, n<<1), 1) }
	groups := append(binary.AppendUvarint(nil, 2<<1|1), 0xff, 0xff)
	for name, err := range map[string]error{
		"a run":            checkRuns(run(9), 1, 1),
		"runs":             checkRuns(bytes.Repeat(run(4), 5), 1, 12),
		"groups":           checkRuns(groups, 1, 8),
		"no bits":          checkRuns(binary.AppendUvarint(nil, math.MaxUint32|1), 0, 1000),
		"no end":           checkRuns([]byte{0x80}, 1, 1),
		"a dictionary":     checkValues(format.RLEDictionary, append([]byte{1}, run(100)...), 10),
		"booleans":         checkValues(format.RLE, append([]byte{2, 0, 0, 0}, run(100)...), 10),
		"differences":      checkValues(format.DeltaBinaryPacked, []byte{0x80, 1, 4, 11, 0}, 10),
		"another encoding": checkValues(format.DeltaByteArray, nil, 10),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, err := range map[string]error{
		"a run":       checkRuns(run(10), 1, 10),
		"groups":      checkRuns(groups, 1, 9),
		"differences": checkValues(format.DeltaBinaryPacked, []byte{0x80, 1, 4, 10, 0}, 10),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
