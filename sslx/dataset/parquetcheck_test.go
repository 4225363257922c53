package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/faults"
)

// withFooter returns a file of a footer alone.
func withFooter(footer string) string {
	return "PAR1" + footer + string(binary.LittleEndian.AppendUint32(nil, uint32(len(footer)))) + "PAR1"
}

func TestParquet_HostileFootersTakeNoMemory(t *testing.T) {
	const list = "\x29" // field 2, the columns
	entries := strings.Repeat("\x15\x00\x00", 1<<20)
	for name, footer := range map[string]string{
		"two billion entries":  list + "\xfc\xff\xff\xff\xff\x07",
		"a long text":          "\x18\xff\xff\xff\xff\x07",
		"a million entries":    list + "\xfc\x80\x80\x40" + entries + "\x00",
		"nested lists":         strings.Repeat("\x19\x19", 1<<10),
		"cut short":            "\x15",
		"longer than the file": "",
	} {
		content := withFooter(footer)
		if name == "longer than the file" {
			content = "PAR1\xff\xff\xff\x7fPAR1"
		}
		source := archived(t, "x.parquet", content)
		faults.Bounded(t, 32<<20, func() {
			err := importError(t, source, ImportOptions{})
			faults.Sentence(t, err)
			if !strings.Contains(err.Error(), "is not a parquet file or is damaged: its") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// parquetCodecs are the ways in which pages are packed.
var parquetCodecs = map[format.CompressionCodec]compress.Codec{format.Snappy: &parquet.Snappy,
	format.Gzip: &parquet.Gzip, format.Brotli: &parquet.Brotli, format.Zstd: &parquet.Zstd,
	format.Lz4Raw: &parquet.Lz4Raw, format.Uncompressed: &parquet.Uncompressed}

func TestParquet_PagesOfAllPackingsAreRead(t *testing.T) {
	type row struct {
		Image []byte `parquet:"image"`
		Label string `parquet:"label,dict"`
		Size  int32  `parquet:"class,delta"`
	}
	rows := make([]row, 40)
	for i := range rows {
		rows[i] = row{[]byte(gray(t, uint8(i))), string(rune('a' + i/20)), int32(i % 3)}
	}
	for codec, packing := range parquetCodecs {
		for _, version := range []int{1, 2} {
			var b bytes.Buffer
			w := parquet.NewGenericWriter[row](&b, parquet.Compression(packing), parquet.DataPageVersion(version))
			if _, err := w.Write(rows); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			set, _ := imported(t, archived(t, "x.parquet", b.String()), ImportOptions{HoldOut: -1})
			train, labels := split(t, set, "train")
			if got := firstBytes(set, train); len(got) != 40 || got[39] != 39 || labels[39] != 1 {
				t.Errorf("%v, version %d: images %v, labels %v", codec, version, got, labels)
			}
		}
	}
}

func TestParquet_ManyPagesAreBounded(t *testing.T) {
	type row struct {
		Image []byte `parquet:"image"`
		Label string `parquet:"label"`
	}
	hostile := func(image, label int) string {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.Compression(&parquet.Brotli), parquet.PageBufferSize(1),
			parquet.SkipPageBounds("image"), parquet.SkipPageBounds("label"))
		for range 15 {
			rows := []row{{make([]byte, image), strings.Repeat("x", label)}}
			if _, err := w.Write(append(rows, rows...)); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}

	for what, c := range map[string]struct {
		image, label int
		want         string
	}{
		"images": {60 << 10, 1, bounded.ErrUnpacked.Error()},
		"labels": {1, 60 << 10, bounded.ErrUnpacked.Error()},
		"label":  {1, 2 << 10, "a label has 2048 bytes and 1024 are allowed"},
	} {
		source := archived(t, "x.parquet", hostile(c.image, c.label))
		err := importError(t, source, ImportOptions{MaxUnpacked: 1 << 20})
		faults.Sentence(t, err)
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestParquet_LargePagesAreRefused(t *testing.T) {
	type row struct {
		Image []byte `parquet:"image"`
	}
	for name, options := range map[string][]parquet.WriterOption{
		"the head":      nil,
		"what is there": {parquet.SkipPageBounds("image")},
		"what comes":    {parquet.SkipPageBounds("image"), parquet.Compression(&parquet.Zstd)},
	} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, options...)
		_, err := w.Write([]row{{make([]byte, 3<<20)}})
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		err = importError(t, archived(t, "x.parquet", b.String()), ImportOptions{MaxFile: 1 << 20})
		if !strings.Contains(err.Error(), "or more and 2097152 are allowed: write the file with smaller pages") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParquet_OneImageOfManyRowsIsBounded(t *testing.T) {
	type row struct {
		Image []byte `parquet:"image,dict"`
	}
	rows := make([]row, 500)
	for i := range rows {
		rows[i].Image = []byte(gray(t, 1))
	}
	source := archived(t, "x.parquet", parquetOf(t, "", rows))
	err := importError(t, source, ImportOptions{MaxUnpacked: 1 << 12})
	if !strings.Contains(err.Error(), bounded.ErrUnpacked.Error()) {
		t.Errorf("got %v", err)
	}
}
