package embedding

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	parquetformat "github.com/parquet-go/parquet-go/format"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/faults"
)

func parquetOf[T any](t *testing.T, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	// A page ends between two calls at the earliest.
	for i := range rows {
		if _, err := w.Write(rows[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readParquet reads a file with a description that is true of its checksum.
func readParquet(t *testing.T, content []byte, info Info) (*Index, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "features.parquet")
	sum := sha256.Sum256(content)
	info.SHA256 = hex.EncodeToString(sum[:])
	if err := writeInfo(path, info); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return ReadIndex(path)
}

// claiming returns a file whose first page of names says that it unpacks to so many bytes.
func claiming(t *testing.T, content []byte, size int32) []byte {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	meta := f.Metadata()
	names := &meta.RowGroups[0].Columns[0].MetaData
	var protocol thrift.CompactProtocol
	pages := protocol.NewReaderFromBytes(content[names.DataPageOffset:][:names.TotalCompressedSize])
	head := new(parquetformat.PageHeader)
	if err := thrift.NewDecoder(pages).Decode(head); err != nil {
		t.Fatal(err)
	}
	body := content[names.DataPageOffset+int64(pages.BytesRead()):][:head.CompressedPageSize]
	head.UncompressedPageSize = size
	page, err := thrift.Marshal(&protocol, head)
	if err != nil {
		t.Fatal(err)
	}

	// The page with its new head comes after all others, and the footer after it.
	at := len(content) - 8 - int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	names.DataPageOffset, names.TotalCompressedSize = int64(at), int64(len(page)+len(body))
	footer, err := thrift.Marshal(&protocol, meta)
	if err != nil {
		t.Fatal(err)
	}
	end := append(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), "PAR1"...)
	return slices.Concat(content[:at], page, body, footer, end)
}

// TestReadIndex_HostileParquetTakesNoMemory has files that are small and would become large.
func TestReadIndex_HostileParquetTakesNoMemory(t *testing.T) {
	type repeated struct {
		Name     string    `parquet:"name,dict"`
		Split    string    `parquet:"split,dict"`
		Labels   []string  `parquet:"labels,list,dict"`
		Features []float32 `parquet:"features,list,dict"`
	}
	const memory = 8 << 20
	zstd := []parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.SkipPageStatistics("name"),
		parquet.SkipPageBounds("name")}
	labels := []string{"x"}
	zeros := strings.Repeat("0", 64<<10)

	small := parquetRow{"a.png", "train", labels, []float32{1}}
	large := parquetRow{strings.Repeat(zeros, 2*memory/len(zeros)), "train", labels, []float32{1}}
	many := slices.Repeat([]parquetRow{{zeros[:8<<10], "train", labels, []float32{1}}}, 4000)
	one := slices.Repeat([]repeated{{zeros, "train", labels, []float32{1}}}, 2*memory/len(zeros))
	wide := parquetRow{"a.png", "train", labels, make([]float32, 2*memory/4)}

	info := func(rows, dim int) Info { return Info{Images: rows, Dim: dim, Tasks: []string{"kind"}} }
	manyTasks := info(1000, 1)
	manyTasks.Tasks = make([]string, 1<<15)
	for name, c := range map[string]struct {
		content []byte
		info    Info
		want    string
	}{
		"a page of two gigabytes": {claiming(t, parquetOf(t, []parquetRow{small}, zstd...), 1<<31-1), info(1, 1),
			"it has a page of 2147483647 bytes or more"},
		"a page that unpacks to much": {parquetOf(t, []parquetRow{large}, zstd...),
			info(1, 1), "it has a page of "},
		"many pages": {parquetOf(t, many, append(zstd, parquet.PageBufferSize(1))...),
			info(len(many), 1), bounded.ErrUnpacked.Error()},
		"one name of many rows": {parquetOf(t, one), info(len(one), 1), bounded.ErrUnpacked.Error()},
		"many features": {parquetOf(t, []parquetRow{wide}, zstd...), info(1, len(wide.Features)),
			"it has 1 rows in "},
		"many labels": {parquetOf(t, slices.Repeat([]parquetRow{small}, manyTasks.Images)), manyTasks,
			strconv.Itoa(1000<<15) + " labels are too many"},
		"two billion columns": {withFooter("\x29\xfc\xff\xff\xff\xff\x07"), info(1, 1), "its lengths contradict"},
	} {
		faults.Bounded(t, memory, func() {
			_, err := readParquet(t, c.content, c.info)
			if err == nil {
				t.Errorf("%s: it is read", name)
				return
			}
			faults.Sentence(t, err)
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		})
	}
}

// withFooter returns a file of a footer alone.
func withFooter(footer string) []byte {
	return []byte("PAR1" + footer + string(binary.LittleEndian.AppendUint32(nil, uint32(len(footer)))) + "PAR1")
}

// TestReadIndex_ParquetOfManyPages has pages that begin and end within a row, row groups, and no or several labels.
func TestReadIndex_ParquetOfManyPages(t *testing.T) {
	const n, dim = 50, 7
	for tasks := range 4 {
		info := Info{Images: n, Dim: dim}
		rows := make([]parquetRow, n)
		for i := range rows {
			rows[i] = parquetRow{Name: strconv.Itoa(i), Split: []string{"train", "test"}[i/30]}
			for task := range tasks {
				rows[i].Labels = append(rows[i].Labels, strconv.Itoa(i%(task+2)))
			}
			for d := range dim {
				rows[i].Features = append(rows[i].Features, float32(dim*i+d+1))
			}
		}
		info.Tasks = make([]string, tasks)

		for _, version := range []int{1, 2} {
			content := parquetOf(t, rows, parquet.MaxRowsPerRowGroup(20), parquet.PageBufferSize(100),
				parquet.DataPageVersion(version))
			path := filepath.Join(t.TempDir(), "features.parquet")
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			got, features, err := parquetFile{}.read(path, info)
			if err != nil {
				t.Fatalf("%d tasks, version %d: %v", tasks, version, err)
			}
			for i, want := range rows {
				if r := got[i]; r.Name != want.Name || r.Split != want.Split || !slices.Equal(r.Labels, want.Labels) ||
					!slices.Equal(features.Row(i), want.Features) {
					t.Errorf("%d tasks, version %d: row %d is %v with %v", tasks, version, i, r, features.Row(i))
				}
			}
		}
	}
}

// TestReadIndex_ParquetOfUnequalRowsIsRefused has as many features and labels in all as it should.
func TestReadIndex_ParquetOfUnequalRowsIsRefused(t *testing.T) {
	for name, rows := range map[string][]parquetRow{
		"features": {{"a", "train", []string{"x"}, []float32{1}}, {"b", "train", []string{"x"}, []float32{1, 2, 3}}},
		"labels":   {{"a", "train", nil, []float32{1, 2}}, {"b", "train", []string{"x"}, []float32{1, 2}}},
	} {
		_, err := readParquet(t, parquetOf(t, rows), Info{Images: 2, Dim: 2, Tasks: []string{"kind"}})
		if err == nil {
			t.Errorf("%s: it is read", name)
			continue
		}
		faults.Sentence(t, err)
	}
}
