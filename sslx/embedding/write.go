package embedding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
)

// WriteOptions say what Write writes. The zero value writes every split.
type WriteOptions struct {
	// Splits are names of splits; all when empty.
	Splits []string

	progress.Options
}

// Write embeds the images of a data set (a name, a pack or a source that can be imported; see [dataset.Locate]) and
// writes the features to out, whose ending says how: ".npy" (float32 [images, dim], with names and labels in a file
// NAME.names.csv next to it), ".parquet" or ".csv". An [Info] lies next to each.
//
// The files are whole or absent. When ctx ends, and after a kill, what was computed stays in a hidden file next to out,
// and the next call with the same model, data, splits and backend continues there; the result is bit-identical to that
// of an uninterrupted call. A call with another backend, processor or version of the plugin starts over.
func Write(ctx context.Context, m *Model, data, out string, opt WriteOptions) (info Info, err error) {
	f, err := formatOf(out)
	if err != nil {
		return info, err
	}
	if stat, err := os.Stat(out); err == nil && stat.IsDir() {
		return info, usage.About("out", "%s is a folder: name a file", out)
	}

	// A set that was imported at the model's size is found again; another is brought to it.
	height, width := m.Size()
	size := 0
	if height == width {
		size = height
	}
	set, err := open.Data(ctx, data, size, "", opt.Options)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if set.Height() != height || set.Width() != width {
		return info, usage.Errorf("the images of %s are %dx%d, and %s takes %dx%d", data, set.Height(), set.Width(),
			m.Name(), height, width)
	}

	splits, rows, err := rowsOf(set, opt.Splits)
	if err != nil {
		return info, err
	}
	info = Info{
		Model:       m.Name(),
		Identity:    m.Identity(),
		Layer:       m.Layer(),
		Dim:         m.Dim(),
		Images:      len(rows),
		Data:        data,
		Fingerprint: set.Fingerprint(),
		Size:        [2]int{height, width},
		Backend:     m.handle.Name,
		Device:      m.handle.Device,
		Tasks:       taskNames(set),
	}
	info.SHA256, err = write(ctx, m, f, info, splits, rows, out, opt)
	return info, err
}

// write embeds the splits into a spool, and writes the files from it. It returns the SHA-256 of the file of features.
func write(ctx context.Context, m *Model, f format, info Info, splits []*dataset.Split, rows []Row, out string,
	opt WriteOptions) (string, error) {
	s, err := openSpool(out, info, m.handle, m.most)
	if err != nil {
		return "", err
	}
	if err := fill(ctx, m, s, splits, info, opt); err != nil {
		return "", errors.Join(err, s.close())
	}

	// The spool stays until all files are there: after a kill between two of them the next call writes them again.
	if _, bare := f.(npy); bare {
		err = atomicfile.Write(namesPath(out), func(w io.Writer) error { return writeRows(w, info, rows, 0, nil) })
	}
	if err == nil {
		sum := sha256.New()
		err = atomicfile.Write(out, func(w io.Writer) error {
			return f.write(io.MultiWriter(w, sum), info, rows, s.reader())
		})
		info.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	if err == nil {
		err = writeInfo(out, info)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("cannot write %s: %w", out, err), s.close())
	}
	return info.SHA256, s.remove()
}

// fill embeds the images that the spool lacks.
func fill(ctx context.Context, m *Model, s *spool, splits []*dataset.Split, info Info, opt WriteOptions) error {
	report := func() {
		opt.Report("embed "+info.Data, int64(s.rows), int64(s.total), "")
	}
	report()
	for s.rows < s.total {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := between(splits, s.rows, min(s.rows+s.chunk, s.total))
		x, err := m.embedBatch(ctx, batch)
		if err != nil {
			return err
		}
		if err := s.add(x); err != nil {
			return fmt.Errorf("cannot keep features in %s: %w", s.path, err)
		}
		report()
	}
	return nil
}

// between returns images from to to-1 of all splits together.
func between(splits []*dataset.Split, from, to int) dataset.Images {
	first := 0
	var all dataset.Images
	for _, split := range splits {
		low, high := max(from-first, 0), min(to-first, split.N)
		switch {
		case low >= high:
		case all.N == 0:
			all = split.Slice(low, high)
		default:
			// A batch that reaches into the next split is a copy.
			more := split.Slice(low, high)
			pixels := append(append([]byte{}, all.Pixels...), more.Pixels...)
			all.Pixels, all.N = pixels, all.N+more.N
		}
		first += split.N
	}
	return all
}

// rowsOf returns the splits of a set that are asked for, and what is known of each image.
func rowsOf(set *dataset.Set, names []string) (splits []*dataset.Split, rows []Row, err error) {
	if len(names) == 0 {
		names = set.Splits()
	}
	for _, name := range names {
		split, err := set.Split(name)
		if err != nil {
			return nil, nil, err
		}
		splits = append(splits, split)

		// Labels come task by task, and rows are kept image by image.
		first := len(rows)
		for _, called := range split.Names() {
			rows = append(rows, Row{Name: called, Split: name, Labels: []string{}})
		}
		for _, task := range set.Tasks() {
			labels, err := split.Labels(task.Name)
			if err != nil {
				return nil, nil, err
			}
			for i, label := range labels {
				row := &rows[first+i]
				row.Labels = append(row.Labels, task.Classes[label])
			}
		}
	}
	return splits, rows, nil
}

func taskNames(set *dataset.Set) []string {
	names := []string{}
	for _, task := range set.Tasks() {
		names = append(names, task.Name)
	}
	return names
}
