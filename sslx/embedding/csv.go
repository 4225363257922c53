package embedding

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/sslx/probe"
)

// csvFile has a line for each image: name, split, a column for each task, and f0, f1, … for the features.
type csvFile struct{}

func (csvFile) write(w io.Writer, info Info, rows []Row, features func(i int) ([]float32, error)) error {
	return writeRows(w, info, rows, info.Dim, features)
}

// writeRows writes lines with so many features.
func writeRows(w io.Writer, info Info, rows []Row, dim int, features func(i int) ([]float32, error)) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns(info, dim)); err != nil {
		return err
	}
	for i, row := range rows {
		line := append([]string{row.Name, row.Split}, row.Labels...)
		if dim > 0 {
			values, err := features(i)
			if err != nil {
				return err
			}
			for _, v := range values {
				line = append(line, strconv.FormatFloat(float64(v), 'g', -1, 32))
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func columns(info Info, dim int) []string {
	names := append([]string{"name", "split"}, info.Tasks...)
	for i := range dim {
		names = append(names, fmt.Sprintf("f%d", i))
	}
	return names
}

func (c csvFile) read(path string, info Info) ([]Row, probe.Features, error) {
	f := probe.Features{N: info.Images, D: info.Dim, Layer: info.Layer}
	rows, x, err := c.readRows(path, info, info.Dim)
	f.X = x
	return rows, f, err
}

// readRows reads the lines that writeRows has written.
func (csvFile) readRows(path string, info Info, dim int) (rows []Row, x []float32, err error) {
	file, err := atomicfile.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }()
	damaged := fmt.Errorf("%s is not the table of %d images that %s describes: write the features again", path,
		info.Images, infoPath(path))

	in := csv.NewReader(file)
	// Millions of rows: the slice of a line is used again, so that what is kept of it is cloned.
	in.ReuseRecord = true
	header, err := in.Read()
	// The description may name more columns than there is memory for.
	if err != nil || len(header)-2-len(info.Tasks) != dim || !slices.Equal(header, columns(info, dim)) {
		return nil, nil, damaged
	}
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(rows) == info.Images {
			return nil, nil, damaged
		}
		// name, split, a label for each task, then the features
		labels := 2 + len(info.Tasks)
		rows = append(rows, Row{line[0], line[1], slices.Clone(line[2:labels])})
		for _, text := range line[labels:] {
			v, err := strconv.ParseFloat(text, 32)
			if err != nil {
				return nil, nil, damaged
			}
			x = append(x, float32(v))
		}
	}
	if len(rows) != info.Images {
		return nil, nil, damaged
	}
	return rows, x, nil
}
