package own

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx/dataset"
)

// Records reads train.rgb32 and test.rgb32, which hold for each image a byte with its class and 32x32 pixels of three
// bytes. The classes are named in classes.txt, one a line.
type Records struct{}

func init() { dataset.Register(Records{}) }

const record = 1 + 32*32*3 // bytes of an image

// Name names the format in reports.
func (Records) Name() string { return "rgb32" }

// Matches recognizes the format's own files.
func (Records) Matches(file string) bool { return strings.HasSuffix(file, ".rgb32") }

// Texts asks for the list of classes.
func (Records) Texts() []string { return []string{"classes.txt"} }

// Plan says how many images there are and how they are read.
func (Records) Plan(_ context.Context, files *dataset.Files) (*dataset.Plan, error) {
	size := map[string]int64{}
	for _, f := range files.List() {
		size[f.Path] = f.Size
	}

	p := &dataset.Plan{Height: 32, Width: 32, Splits: []dataset.SplitCount{
		{Name: "train", N: int(size["train.rgb32"] / record)}, {Name: "test", N: int(size["test.rgb32"] / record)}}}
	p.Tasks = []dataset.Task{{Name: "class", Classes: strings.Fields(string(files.Text("classes.txt")))}}

	p.Items = func(ctx context.Context, emit func(dataset.Item) error) (err error) {
		n := 0
		for _, split := range p.Splits {
			err = cmp.Or(err, files.Read(ctx, split.Name+".rgb32", func(r io.Reader) error {
				all, err := io.ReadAll(r)
				for b := range slices.Chunk(all, record) {
					err = cmp.Or(err, emit(dataset.Item{Position: n, Labels: []int32{int32(b[0])}, Data: b[1:]}))
					n++
				}
				return err
			}))
		}
		return err
	}
	return p, nil
}
