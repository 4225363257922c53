package dataset

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/parquetfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// parquetFormat reads parquet files as hubs serve them (https://huggingface.co/docs/hub/datasets-image): a column of
// encoded images, alone or with their paths, and columns of labels, whose class names are in the metadata.
type parquetFormat struct{}

func (parquetFormat) Name() string { return "parquet" }

func (parquetFormat) Matches(name string) bool { return strings.EqualFold(path.Ext(name), ".parquet") }

func (parquetFormat) Texts() []string { return nil }

// parquetColumns are the columns of a file that matter.
type parquetColumns struct {
	image  *parquet.Column // the leaf with the bytes
	labels []parquetLabel
}

type parquetLabel struct {
	name  string
	leaf  *parquet.Column
	known []string // names of the classes
}

func (f parquetFormat) Plan(ctx context.Context, files *Files) (*Plan, error) {
	var shards []*shard
	var columns parquetColumns
	var found []*classes
	err := f.each(ctx, files, func(file File, opened *parquetfile.File) error {
		c, err := findColumns(opened)
		if err != nil {
			return fmt.Errorf("%s in %s %w", file.Path, files.source, err)
		}
		if shards == nil {
			for _, label := range c.labels {
				found = append(found, newClasses(label.known))
			}
			columns = c
		} else if !columns.same(c) {
			return usage.Errorf("%s and %s in %s have different columns of labels: import one set at a time",
				shards[0].path, file.Path, files.source)
		}
		// The footer's count is not trusted: lists of that length are made next.
		if opened.NumRows() < 0 || opened.NumRows() > min(maxImages, file.Size) {
			return fmt.Errorf("%s in %s declares %d rows: it is damaged or too large", file.Path, files.source,
				opened.NumRows())
		}

		s := &shard{path: file.Path, n: int(opened.NumRows())}
		for i, label := range c.labels {
			labels, err := f.labels(ctx, files, opened, label.leaf, found[i])
			if err != nil {
				return fmt.Errorf("column %s of %s in %s cannot be read: %w", label.name, file.Path, files.source, err)
			}
			if len(labels) != s.n {
				return fmt.Errorf("column %s of %s in %s has %d values for %d rows", label.name, file.Path,
					files.source, len(labels), s.n)
			}
			s.labels = append(s.labels, labels)
		}
		shards = append(shards, s)
		return nil
	})
	if err != nil {
		return nil, err
	}

	p := &Plan{}
	for task, c := range found {
		if len(c.names) == 0 { // hubs hide the labels of some sets
			return nil, usage.Errorf("column %s in %s has no label", columns.labels[task].name, files.source)
		}
		// Only now are the values of all shards known, from which the order of the classes follows.
		names, label := c.finish()
		relabel(shards, task, label)
		p.Tasks = append(p.Tasks, Task{columns.labels[task].name, names})
	}
	if err := splitShards(files.source, shards); err != nil {
		return nil, err
	}
	if shards, err = p.planShards(files.source, shards); err != nil {
		return nil, err
	}

	byPath := map[string]*shard{}
	for _, s := range shards {
		byPath[s.path] = s
	}
	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return f.each(ctx, files, func(file File, opened *parquetfile.File) error {
			s := byPath[file.Path]
			// planShards left the shard out: it is empty, or its split has no labels.
			if s == nil {
				return nil
			}
			c, err := findColumns(opened)
			if err != nil {
				return fmt.Errorf("%s in %s %w", file.Path, files.source, err)
			}
			return f.images(ctx, files, s, opened, c.image, emit)
		})
	}
	return p, nil
}

// same reports whether two files have the same columns of labels.
func (c parquetColumns) same(other parquetColumns) bool {
	return slices.EqualFunc(c.labels, other.labels, func(a, b parquetLabel) bool {
		return a.name == b.name && slices.Equal(a.known, b.known)
	})
}

// each opens the parquet files of a source one after the other. The library panics on some damaged files.
func (f parquetFormat) each(ctx context.Context, files *Files, visit func(File, *parquetfile.File) error) error {
	return files.Walk(ctx, func(file File) (err error) {
		if !f.Matches(file.Path) {
			return nil
		}
		r, err := file.Open()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		at, ok := r.(io.ReaderAt)
		if !ok {
			return usage.Errorf("parquet file %s is inside the archive %s and cannot be read there: unpack "+
				"the archive and import the folder", file.Path, files.source)
		}

		defer func() {
			if problem := recover(); problem != nil {
				err = fmt.Errorf("%s in %s is damaged: %v", file.Path, files.source, problem)
			}
		}()
		unpacked := cmp.Or(files.opt.MaxUnpacked, archive.MaxUnpacked(file.Size))
		opened, err := parquetfile.Open(ctx, at, file.Size, unpacked)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s in %s is not a parquet file or is damaged: %w", file.Path, files.source, err)
		}
		return visit(file, opened)
	})
}

// hubFeature is what the metadata of Hugging Face's library say of a column.
type hubFeature struct {
	Type  string   `json:"_type"`
	Names []string `json:"names"`
}

// hubFeatures returns the features by column; none where the file was not written by the library.
func hubFeatures(f *parquet.File) map[string]hubFeature {
	text, _ := f.Lookup("huggingface")
	var hub struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	features := map[string]hubFeature{}
	if json.Unmarshal([]byte(text), &hub) != nil {
		return features
	}
	for name, raw := range hub.Info.Features {
		var feature hubFeature
		if json.Unmarshal(raw, &feature) == nil { // lists and nested features are no images and no labels
			features[name] = feature
		}
	}
	return features
}

// Names that columns have where no metadata say what they are.
var (
	imageColumns = []string{"image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp", "image_bytes", "bytes"}
	labelColumns = []string{"label", "labels", "class", "cls", "category", "target", "y"}
)

// findColumns finds the images and the labels. Its errors continue "FILE in SOURCE …".
func findColumns(f *parquetfile.File) (c parquetColumns, err error) {
	features := hubFeatures(f.File)
	rank := len(imageColumns) + 1
	for _, column := range f.Root().Columns() {
		name, feature := column.Name(), features[column.Name()]
		if leaf := imageLeaf(column); leaf != nil {
			at := slices.Index(imageColumns, strings.ToLower(name))
			if at < 0 {
				at = len(imageColumns)
			}
			if feature.Type == "Image" {
				at -= rank + 1 // what the metadata say counts more than a name
			}
			if c.image == nil || at < rank {
				c.image, rank = leaf, min(at, rank)
			}
			continue
		}

		if isLabel(column) && (feature.Type == "ClassLabel" || isLabelName(name)) {
			c.labels = append(c.labels, parquetLabel{name, column, feature.Names})
		}
	}
	if c.image == nil {
		return c, usage.Errorf("has no column of images: it needs a column image with the bytes of image files, as " +
			"Hugging Face's datasets library writes it")
	}
	return c, nil
}

// imageLeaf returns the column of bytes in a column of images, or nil.
func imageLeaf(column *parquet.Column) *parquet.Column {
	leaf := column
	if !column.Leaf() {
		// Hugging Face's images are structs of bytes and path.
		if leaf = column.Column("bytes"); leaf == nil || !leaf.Leaf() {
			return nil
		}
	}
	// A list has not one image a row.
	if leaf.MaxRepetitionLevel() > 0 || leaf.Type().Kind() != parquet.ByteArray {
		return nil
	}
	// Texts are byte arrays, too, and say so.
	if logical := leaf.Type().LogicalType(); column.Leaf() && logical != nil {
		return nil
	}
	return leaf
}

func isLabel(column *parquet.Column) bool {
	if !column.Leaf() || column.MaxRepetitionLevel() > 0 {
		return false
	}
	switch column.Type().Kind() {
	case parquet.Int32, parquet.Int64, parquet.ByteArray, parquet.Boolean:
		return true
	}
	return false
}

// maxPage returns the bytes that a page may have: it may be as large as two files of images.
func maxPage(files *Files) int64 { return 2 * files.opt.MaxFile }

// labels reads a column of labels as numbers that c gives.
func (p parquetFormat) labels(ctx context.Context, files *Files, f *parquetfile.File, leaf *parquet.Column,
	c *classes) ([]int32, error) {
	var labels []int32
	err := f.Values(ctx, leaf, 1, maxPage(files), func(row int, v parquet.Value) error {
		if int64(row) >= f.NumRows() {
			return fmt.Errorf("it has more values than the %d rows", f.NumRows())
		}
		var text string
		switch {
		case v.IsNull():
		case v.Kind() == parquet.ByteArray:
			text = string(v.ByteArray())
		case v.Kind() == parquet.Boolean:
			text = "0"
			if v.Boolean() {
				text = "1"
			}
		case v.Int64() >= 0:
			text = strconv.FormatInt(v.Int64(), 10)
		}
		if text == "" { // null, -1 or an empty text
			labels = append(labels, noLabel)
			return nil
		}
		number, err := c.add(text)
		labels = append(labels, number)
		return err
	})
	return labels, err
}

// images hands over the images of a file.
func (p parquetFormat) images(ctx context.Context, files *Files, s *shard, f *parquetfile.File, leaf *parquet.Column,
	emit func(Item) error) error {
	// One image of a dictionary may be that of every row.
	left := f.Left
	err := f.Values(ctx, leaf, 1, maxPage(files), func(row int, v parquet.Value) error {
		if row >= s.n {
			return errors.New("it changed while it was read")
		}
		if left -= int64(len(v.ByteArray())); left < 0 {
			return bounded.ErrUnpacked
		}
		it := s.item(row, fmt.Sprintf("%s row %d", s.path, row), nil)
		switch data := v.ByteArray(); {
		case it.Err != nil:
		case v.IsNull() || len(data) == 0:
			it.Err = errors.New("the row holds no bytes of an image; a path alone is not enough")
		case int64(len(data)) > files.opt.MaxFile:
			it.Err = fmt.Errorf("it has %d bytes and %d are allowed", len(data), files.opt.MaxFile)
		default:
			it.Data = bytes.Clone(data) // the page is used again
		}
		if err := emit(it); err != nil {
			return emitted{err}
		}
		return nil
	})
	if gone := (emitted{}); errors.As(err, &gone) {
		return gone.error
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s in %s cannot be read: %w", s.path, files.source, err)
	}
	return err
}

// emitted is an error that emit has returned, which says all that there is to say.
type emitted struct{ error }
