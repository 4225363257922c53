package dataset_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx/dataset"
)

// npy is a format of another module: images.npy holds uint8 images [n, height, width, 3] as NumPy saves them
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), labels.txt a class a line. All are train.
type npy struct{}

func (npy) Name() string             { return "npy" }
func (npy) Matches(name string) bool { return path.Base(name) == "images.npy" }
func (npy) Texts() []string          { return []string{"labels.txt"} }

func (npy) Plan(ctx context.Context, files *dataset.Files) (*dataset.Plan, error) {
	labels := strings.Fields(string(files.Text("labels.txt")))
	classes := slices.Compact(slices.Sorted(slices.Values(labels)))
	p := &dataset.Plan{Tasks: []dataset.Task{{Name: "class", Classes: classes}}}

	var n int
	head := func(r io.Reader) error {
		prefix := make([]byte, 10) // magic, version, length of the header
		if _, err := io.ReadFull(r, prefix); err != nil {
			return fmt.Errorf("images.npy in %s is cut short", files.Source())
		}
		text := make([]byte, int(prefix[8])+int(prefix[9])<<8)
		_, err := io.ReadFull(r, text)
		_, shape, _ := strings.Cut(string(text), "(")
		_, failed := fmt.Sscanf(shape, "%d, %d, %d, 3)", &n, &p.Height, &p.Width)
		if err != nil || failed != nil || n != len(labels) {
			return fmt.Errorf("images.npy in %s does not hold %d RGB images", files.Source(), len(labels))
		}
		return nil
	}
	err := files.Read(ctx, "images.npy", head)
	p.Splits = []dataset.SplitCount{{Name: "train", N: n}}
	p.Items = func(ctx context.Context, emit func(dataset.Item) error) error {
		return files.Read(ctx, "images.npy", func(r io.Reader) error {
			err := head(r)
			for i := 0; i < n && err == nil; i++ {
				data, label := make([]byte, p.Height*p.Width*3), int32(slices.Index(classes, labels[i]))
				if _, err = io.ReadFull(r, data); err == nil {
					err = emit(dataset.Item{Position: i, Data: data, Labels: []int32{label}})
				}
			}
			return err
		})
	}
	return p, err
}

// npyFile is the content of images.npy with three images of 2x2 pixels.
func npyFile() string {
	text := "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2, 3), }\n"
	content := "\x93NUMPY\x01\x00" + string([]byte{byte(len(text)), 0}) + text
	for i := range 3 {
		content += strings.Repeat(string(rune(10*i)), 12)
	}
	return content
}

func init() { dataset.Register(npy{}) }

// A format of another module is registered once, and Import, Locate and the command know it.
func ExampleRegister() {
	dir, err := os.MkdirTemp("", "sslx")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "digits")
	_ = os.Mkdir(source, 0o755)
	_ = os.WriteFile(filepath.Join(source, "images.npy"), []byte(npyFile()), 0o644)
	_ = os.WriteFile(filepath.Join(source, "labels.txt"), []byte("one\ntwo\none\n"), 0o644)

	// dataset.Register(npy{}) was called by an init function of this package.
	_, report, err := dataset.Import(context.Background(), source, dataset.ImportOptions{Cache: dir})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Kind, report.Height, report.Width, report.Splits, report.Tasks)
	// Output: npy 2 2 [{train 3}] [{class [one two]}]
}
