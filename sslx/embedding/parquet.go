package embedding

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/parquetfile"
	"github.com/sslx-go/lab/sslx/probe"
)

// parquetFile is a Parquet file with the columns name, split, labels (a list, in the order of Info.Tasks) and features
// (a list of float).
type parquetFile struct{}

type parquetRow struct {
	Name     string    `parquet:"name"`
	Split    string    `parquet:"split,dict"`
	Labels   []string  `parquet:"labels,list,dict"`
	Features []float32 `parquet:"features,list"`
}

// rowGroup bounds the features that are in memory, in numbers.
const rowGroup = 1 << 24

func (parquetFile) write(w io.Writer, info Info, rows []Row, features func(i int) ([]float32, error)) error {
	out := parquet.NewGenericWriter[parquetRow](w, parquet.KeyValueMetadata("sslx.identity", info.Identity),
		parquet.MaxRowsPerRowGroup(int64(max(1, rowGroup/info.Dim))))
	for i, row := range rows {
		values, err := features(i)
		if err != nil {
			return err
		}
		if _, err := out.Write([]parquetRow{{row.Name, row.Split, row.Labels, values}}); err != nil {
			return err
		}
	}
	return out.Close()
}

func (parquetFile) read(path string, info Info) (rows []Row, f probe.Features, err error) {
	f = probe.Features{N: info.Images, D: info.Dim, Layer: info.Layer}
	file, err := atomicfile.Open(path)
	if err != nil {
		return nil, f, err
	}
	defer func() { _ = file.Close() }()
	stat, err := file.Stat()
	if err != nil {
		return nil, f, err
	}

	// The library reports some kinds of damage by panics.
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("the library failed: %v", problem)
		}
		if err != nil {
			err = fmt.Errorf("%s is not the table of %d images that %s describes (%w): write the features again", path,
				info.Images, infoPath(path), err)
		}
	}()
	t, err := openTable(file, stat.Size(), info)
	if err != nil {
		return nil, f, err
	}
	if rows, err = t.rows(info); err != nil {
		return nil, f, err
	}
	f.X, err = t.features(info)
	return rows, f, err
}

// parquetTable is an open file of features, with a number of rows and features that its size allows.
type parquetTable struct {
	*parquetfile.File
	size int64
}

func openTable(r io.ReaderAt, size int64, info Info) (t parquetTable, err error) {
	// Pages are written as they are, not compressed: together they are smaller than the file.
	in, err := parquetfile.Open(context.Background(), r, size, size)
	if err != nil {
		return t, err
	}
	if !parquet.EqualNodes(parquet.SchemaOf(parquetRow{}), in.Root()) {
		return t, errors.New("its columns are others")
	}
	// A feature has 4 bytes in the file. Divided, because a product of what the description says may overflow.
	n := in.NumRows()
	if n != int64(info.Images) || n > 0 && int64(info.Dim) > size/4/n {
		return t, fmt.Errorf("it has %d rows in %d bytes", n, size)
	}
	// Equal labels take next to no bytes in the file, but 16 each in memory.
	const mostLabels, labelsPerByte = 1 << 24, 8
	if labels := n * int64(len(info.Tasks)); labels > max(mostLabels, labelsPerByte*size) {
		return t, fmt.Errorf("%d labels are too many for %d bytes", labels, size)
	}
	return parquetTable{in, size}, nil
}

// rows reads what is known of each image.
func (t parquetTable) rows(info Info) ([]Row, error) {
	rows := make([]Row, info.Images)
	left := t.size // a dictionary may hold one long name for all rows
	err := t.values(t.Root().Column("name"), 1, func(i int, v parquet.Value) error {
		if left -= int64(len(v.ByteArray())); left < 0 {
			return bounded.ErrUnpacked
		}
		rows[i].Name = string(v.ByteArray())
		return nil
	})
	if err != nil {
		return nil, err
	}

	// Rows of one split or class share its name.
	shared := map[string]string{}
	text := func(v parquet.Value) string {
		name, ok := shared[string(v.ByteArray())]
		if !ok {
			name = string(v.ByteArray())
			shared[name] = name
		}
		return name
	}
	err = t.values(t.Root().Column("split"), 1, func(i int, v parquet.Value) error {
		rows[i].Split = text(v)
		return nil
	})
	if err != nil {
		return nil, err
	}

	tasks := len(info.Tasks)
	labels := []string{}
	// An empty list is one value, null.
	err = t.values(listElement(t.Root(), "labels"), max(1, tasks), func(_ int, v parquet.Value) error {
		if v.IsNull() != (tasks == 0) {
			return errors.New("a row has other labels")
		}
		if tasks > 0 {
			labels = append(labels, text(v))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i].Labels = labels[i*tasks : (i+1)*tasks : (i+1)*tasks]
	}
	return rows, nil
}

// features reads the features, [images, dim].
func (t parquetTable) features(info Info) ([]float32, error) {
	x := make([]float32, info.Images*info.Dim)
	err := t.values(listElement(t.Root(), "features"), info.Dim, func(i int, v parquet.Value) error {
		if v.IsNull() {
			return errors.New("a row has no features")
		}
		x[i] = v.Float()
		return nil
	})
	return x, err
}

// listElement returns the values of a column of lists.
func listElement(root *parquet.Column, name string) *parquet.Column {
	return root.Column(name).Column("list").Column("element")
}

// values hands over the values of a column that has perRow of them in each row.
func (t parquetTable) values(leaf *parquet.Column, perRow int, take func(i int, v parquet.Value) error) error {
	return t.Values(context.Background(), leaf, perRow, t.size, func(i int, v parquet.Value) error {
		// A level of 0 begins a row.
		if begins := v.RepetitionLevel() == 0; begins != (i%perRow == 0) || int64(i)/int64(perRow) >= t.NumRows() {
			return fmt.Errorf("rows of its column %s differ in length", leaf.Path()[0])
		}
		return take(i, v)
	})
}
