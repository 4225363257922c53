package dataset

import (
	"context"
	"fmt"
	"image"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// stl10Side is the height and width of STL-10's images (Coates, Ng and Lee 2011,
// https://cs.stanford.edu/~acoates/stl10/).
const stl10Side = 96

// The binary files of STL-10: images without a head, and a byte a label.
const (
	stl10Train     = "train_X.bin"
	stl10Test      = "test_X.bin"
	stl10Unlabeled = "unlabeled_X.bin"
)

// stl10Format reads the binary files of STL-10. A set has labels or none: what is packed are the labeled images, or,
// when it is imported without classes, the unlabeled ones as train.
type stl10Format struct{}

func (stl10Format) Name() string { return "STL-10 binary" }

func (stl10Format) Matches(name string) bool {
	return slices.Contains([]string{stl10Train, stl10Test, stl10Unlabeled, stl10Labels(stl10Train),
		stl10Labels(stl10Test)}, path.Base(name))
}

func (stl10Format) Texts() []string { return classLists }

// stl10Labels is the file with the labels of a file of images.
func stl10Labels(images string) string { return strings.Replace(images, "_X", "_y", 1) }

func (f stl10Format) Plan(ctx context.Context, files *Files) (*Plan, error) {
	const record = rgb * stl10Side * stl10Side
	p := &Plan{Height: stl10Side, Width: stl10Side}
	unlabeled := files.opt.ClassesAt == levelNone
	parts := []struct{ split, file string }{{"train", stl10Train}, {"test", stl10Test}}
	if unlabeled {
		parts[0].file = stl10Unlabeled
	}

	// Positions follow the splits, whatever the order in an archive.
	first, total := map[string]int{}, 0
	for _, part := range parts {
		file, err := files.Find(part.file)
		if err != nil {
			return nil, err
		}
		n := file.Size / record
		if file.Size%record != 0 || n == 0 || n > maxImages {
			return nil, fmt.Errorf("%s in %s has %d bytes, not a multiple of %d: it is cut short or damaged", file.Path,
				files.source, file.Size, record)
		}
		first[file.Path] = total
		total += int(n)
		p.Splits = append(p.Splits, SplitCount{part.split, int(n)})
	}

	var labels []byte
	if !unlabeled {
		var err error
		if labels, err = f.labels(ctx, files, p); err != nil {
			return nil, err
		}
		if file, err := files.Find(stl10Unlabeled); err == nil {
			p.Notes = append(p.Notes, fmt.Sprintf("the %d images of %s were left out: import them as a set of its "+
				"own, without classes (classes at %q)", file.Size/record, stl10Unlabeled, levelNone))
		}
	}

	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return files.Walk(ctx, func(file File) error {
			position, ok := first[file.Path]
			if !ok {
				return nil
			}
			r, err := file.Open()
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			for i := range int(file.Size / record) {
				it := Item{Position: position + i, Name: fmt.Sprintf("%s image %d", file.Path, i)}
				it.Data = make([]byte, record)
				if labels != nil {
					// The files count labels from 1.
					it.Labels = []int32{int32(labels[it.Position]) - 1}
				}
				if _, err := io.ReadFull(r, it.Data); err != nil {
					return fmt.Errorf("%s in %s cannot be read: %w", file.Path, files.source, err)
				}
				if err := emit(it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	p.Draw = func(it Item) (image.Image, error) { return fromColumns(it.Data), nil }
	return p, nil
}

// labels reads the labels of all images, 1 to the number of classes, and sets the task.
func (stl10Format) labels(ctx context.Context, files *Files, p *Plan) ([]byte, error) {
	var all []byte
	for i, name := range []string{stl10Labels(stl10Train), stl10Labels(stl10Test)} {
		err := files.Read(ctx, name, func(r io.Reader) error {
			// One byte more than there are images tells a file that is too long.
			labels, err := io.ReadAll(io.LimitReader(r, int64(p.Splits[i].N)+1))
			all = append(all, labels...)
			if err == nil && len(labels) != p.Splits[i].N {
				return fmt.Errorf("%s in %s has %d labels for %d images: it is cut short or damaged", name,
					files.source, len(labels), p.Splits[i].N)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}

	most := slices.Max(all[:p.Splits[0].N])
	for i, label := range all {
		if label < 1 || label > most {
			return nil, usage.Errorf("image %d in %s has label %d, and labels of train are 1 to %d", i, files.source,
				label, most)
		}
	}
	names := linesOf(files, int(most))
	if names == nil {
		names = numbered(int(most))
	}
	p.Tasks = []Task{{"class", names}}
	return all, nil
}

// linesOf returns the names of n classes that a list of them holds, or nil.
func linesOf(files *Files, n int) []string {
	for _, name := range classLists {
		lines := strings.FieldsFunc(string(files.Text(name)), func(r rune) bool { return r == '\n' || r == '\r' })
		if len(lines) == n {
			return lines
		}
	}
	return nil
}

// fromColumns makes an image of a red, a green and a blue plane, each column by column.
func fromColumns(planes []byte) *image.RGBA {
	const side, area = stl10Side, stl10Side * stl10Side
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range area {
		// Pixel i of the rows is in column i%side and row i/side; a plane runs down its columns.
		from := i%side*side + i/side
		copy(img.Pix[4*i:], []byte{planes[from], planes[area+from], planes[2*area+from], 255})
	}
	return img
}
