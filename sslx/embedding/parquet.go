package embedding

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/internal/atomicfile"
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
	damaged := fmt.Errorf("%s is not the table of %d images that %s describes: write the features again", path,
		info.Images, infoPath(path))
	file, err := atomicfile.Open(path)
	if err != nil {
		return nil, f, err
	}
	defer func() { _ = file.Close() }()

	// The library reports some kinds of damage by panics.
	defer func() {
		if recover() != nil {
			err = damaged
		}
	}()
	in := parquet.NewGenericReader[parquetRow](file)
	defer func() { _ = in.Close() }()
	buffer := make([]parquetRow, 256)
	for {
		n, err := in.Read(buffer)
		for _, row := range buffer[:n] {
			if len(row.Features) != info.Dim || len(rows) == info.Images {
				return nil, f, damaged
			}
			rows = append(rows, Row{row.Name, row.Split, append([]string{}, row.Labels...)})
			f.X = append(f.X, row.Features...)
		}
		switch {
		case errors.Is(err, io.EOF) && len(rows) == info.Images:
			return rows, f, nil
		case err != nil:
			return nil, f, damaged
		}
	}
}
