package dataset

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/internal/usage"
)

// hubRow is a row as hubs serve it.
type hubRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes,optional"`
		Path  string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Label   int64  `parquet:"label"`
	Caption string `parquet:"caption"`
}

// hubMetadata is what Hugging Face's library writes of the columns.
const hubMetadata = `{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": ["ant", "bee", "cat"], ` +
	`"_type": "ClassLabel"}, "caption": {"dtype": "string", "_type": "Value"}}}}`

// hubFile returns a parquet file of gray images, whose values are those of the labels times ten and their number.
func hubFile(t testing.TB, metadata string, labels ...int64) string {
	t.Helper()
	rows := make([]hubRow, len(labels))
	for i, label := range labels {
		rows[i].Image.Bytes = []byte(gray(t, uint8(10*max(label, 0)+int64(i))))
		rows[i].Label = label
	}
	return parquetOf(t, metadata, rows)
}

func parquetOf[T any](t testing.TB, metadata string, rows []T) string {
	t.Helper()
	var b bytes.Buffer
	options := []parquet.WriterOption{parquet.MaxRowsPerRowGroup(3), parquet.PageBufferSize(200)}
	if metadata != "" {
		options = append(options, parquet.KeyValueMetadata("huggingface", metadata))
	}
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParquet_ShardsOfAHubHaveTheirSplitsLabelsAndClasses(t *testing.T) {
	source := files{
		"data/train-00000-of-00002-abc.parquet":      hubFile(t, hubMetadata, 2, 0, 1, 2),
		"data/train-00001-of-00002-def.parquet":      hubFile(t, hubMetadata, 1, 1),
		"data/validation-00000-of-00001-abc.parquet": hubFile(t, hubMetadata, 0),
		"data/test-00000-of-00001-abc.parquet":       hubFile(t, hubMetadata, 2, 1),
		"README.md":                                  "a card",
	}.folder(t, "hub")
	set, report := imported(t, source, ImportOptions{})
	want := []SplitCount{{"train", 6}, {"val", 1}, {"test", 2}}
	if !slices.Equal(report.Splits, want) || report.Kind != "parquet" {
		t.Errorf("splits %v of a %s, want %v", report.Splits, report.Kind, want)
	}
	if tasks := set.Tasks(); len(tasks) != 1 || !slices.Equal(tasks[0].Classes, []string{"ant", "bee", "cat"}) {
		t.Errorf("tasks %v", tasks)
	}
	train, labels := split(t, set, "train")
	if !slices.Equal(labels, []int32{2, 0, 1, 2, 1, 1}) {
		t.Errorf("labels %v", labels)
	}
	if got, want := firstBytes(set, train), []byte{20, 1, 12, 23, 10, 11}; !bytes.Equal(got, want) {
		t.Errorf("images %v, want %v", got, want)
	}
}

func TestParquet_OneFileIsASourceAndTextsAreClasses(t *testing.T) {
	type row struct {
		Photo []byte `parquet:"photo"`
		Class string `parquet:"class"`
		Mask  []byte `parquet:"mask"`
		ID    int32  `parquet:"id"`
	}
	var rows []row
	for i, class := range []string{"oak", "elm", "oak", "ash", "elm"} {
		rows = append(rows, row{[]byte(gray(t, uint8(i))), class, []byte("no image"), int32(i)})
	}
	file := archived(t, "trees.parquet", parquetOf(t, "", rows))
	set, report := imported(t, file, ImportOptions{HoldOut: -1})
	_, labels := split(t, set, "train")
	if report.Name != "trees" || !slices.Equal(set.Tasks()[0].Classes, []string{"ash", "elm", "oak"}) ||
		!slices.Equal(labels, []int32{2, 1, 2, 0, 1}) || set.Tasks()[0].Name != "class" {
		t.Errorf("%s: %v, labels %v", report.Name, set.Tasks(), labels)
	}
}

func TestParquet_SplitsWithoutLabelsAreLeftOut(t *testing.T) {
	source := files{"train-0.parquet": hubFile(t, hubMetadata, 0, 1), "test-0.parquet": hubFile(t, hubMetadata, -1, -1)}
	_, report := imported(t, source.folder(t, "hub"), ImportOptions{HoldOut: -1})
	if len(report.Splits) != 1 || len(report.Notes) == 0 ||
		report.Notes[0] != "the 2 images of test have no labels and were left out" {
		t.Errorf("splits %v, notes %v", report.Splits, report.Notes)
	}
}

func TestParquet_BadRowsAreBadImages(t *testing.T) {
	rows := make([]hubRow, 4)
	for i := range rows {
		rows[i].Image.Bytes = []byte(gray(t, uint8(i)))
	}
	rows[1].Image.Bytes, rows[1].Image.Path = nil, "1.png"
	rows[2].Label, rows[3].Label = -1, 1
	file := archived(t, "a.parquet", parquetOf(t, hubMetadata, rows))
	_, _, err := Import(t.Context(), file, ImportOptions{Cache: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "a.parquet row ") || usage.ArgumentOf(err) != "skip-bad" {
		t.Errorf("a row without an image: %v", err)
	}
	_, report := imported(t, file, ImportOptions{SkipBad: true, HoldOut: -1})
	if len(report.Skipped) != 2 || report.Skipped[1].Reason != "it has no label" {
		t.Errorf("left out: %v", report.Skipped)
	}
}

func TestParquet_RefusesWithASentence(t *testing.T) {
	type texts struct {
		Text  string `parquet:"text"`
		Label int32  `parquet:"label"`
	}
	type many struct {
		Images [][]byte `parquet:"image"`
		Label  int32    `parquet:"label"`
	}
	good := hubFile(t, hubMetadata, 0, 1)
	other := parquetOf(t, "", []texts{{"a", 1}})
	zipped := archived(t, "x.zip", files{"a.parquet": good}.zip(t))
	for name, c := range map[string]struct {
		source string
		says   string
	}{
		"no images": {archived(t, "x.parquet", other), "has no column of images"},
		"lists of images": {archived(t, "x.parquet", parquetOf(t, "", []many{{[][]byte{{1}}, 1}})),
			"has no column of images"},
		"no parquet":    {archived(t, "x.parquet", "PAR1 and no more"), "is not a parquet file or is damaged"},
		"empty":         {archived(t, "x.parquet", ""), "is not a parquet file or is damaged"},
		"cut short":     {archived(t, "x.parquet", good[:len(good)/2]), "is not a parquet file or is damaged"},
		"in an archive": {zipped, "unpack the archive"},
		"other columns": {files{"train-0.parquet": good, "train-1.parquet": hubFile(t, "", 0, 1)}.folder(t, "x"),
			"have different columns of labels"},
		"no train": {files{"test-0.parquet": good}.folder(t, "x"), "none in train"},
		"half named": {files{"train-0.parquet": good, "0001.parquet": good}.folder(t, "x"),
			"says a split and that of"},
		"no labels": {archived(t, "x.parquet", hubFile(t, hubMetadata, -1, -1)), "has no label"},
	} {
		_, _, err := Import(t.Context(), c.source, ImportOptions{Cache: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func TestParquet_AFlippedByteNeverCrashes(t *testing.T) {
	good := []byte(hubFile(t, hubMetadata, 0, 1, 2, 0, 1))
	file := filepath.Join(t.TempDir(), "x.parquet")
	for at := 0; at < len(good); at += 31 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		planned(t, file)
	}
}

// planned plans a source, and reads it where that succeeds. Failures are fine; crashes and images that were not planned
// are not.
func planned(t testing.TB, source string) {
	t.Helper()
	opt, err := ImportOptions{MaxFile: 1 << 20, MaxUnpacked: 1 << 22}.check()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := openSource(source, opt.MaxUnpacked)
	if err != nil {
		return
	}
	files, err := filesOf(t.Context(), tree, source, "x", opt)
	if err != nil {
		return
	}
	p, err := planOf(t.Context(), files)
	if err != nil {
		return
	}
	seen := map[int]bool{}
	err = p.Items(t.Context(), func(it Item) error {
		if err := p.checkItem(it); err != nil {
			return err
		}
		if seen[it.Position] {
			return fmt.Errorf("position %d is there twice", it.Position)
		}
		seen[it.Position] = true
		return nil
	})
	if err == nil && len(seen) != p.total() {
		t.Errorf("%d of %d images came", len(seen), p.total())
	}
}

func TestParquet_EndsWithItsContext(t *testing.T) {
	file := archived(t, "x.parquet", hubFile(t, hubMetadata, 0, 1, 2, 0, 1))
	ctx, cancel := context.WithCancel(t.Context())
	tree, err := openSource(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filesOf(ctx, tree, file, "x", ImportOptions{MaxFile: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	p, err := planOf(ctx, files)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = p.Items(ctx, func(Item) error { n++; cancel(); return ctx.Err() })
	if err != context.Canceled || n != 1 {
		t.Errorf("after %d images: %v", n, err)
	}
}
