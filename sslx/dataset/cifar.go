package dataset

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// cifarSide is the height and width of CIFAR images (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html).
const cifarSide = 32

// cifarLayout is one of the two official binary layouts: a record is the labels, a byte each, and 3072 bytes of
// planar RGB.
type cifarLayout struct {
	kind  string
	tasks []Task // with the number of classes, in the order of the pack
	names []string
	at    []int // place of each task's label in the record
	train []string
	test  string
}

var (
	cifar10 = cifarLayout{"CIFAR-10 binary", []Task{{"class", numbered(10)}}, []string{"batches.meta.txt"}, []int{0},
		[]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		"test_batch.bin"}
	cifar100 = cifarLayout{"CIFAR-100 binary", []Task{{"fine", numbered(100)}, {"coarse", numbered(20)}},
		[]string{"fine_label_names.txt", "coarse_label_names.txt"}, []int{1, 0}, []string{"train.bin"}, "test.bin"}
)

// cifarFormat reads the official binary archives of CIFAR-10 and CIFAR-100. Class names come from their text files, and
// are numbers without them.
type cifarFormat struct{}

func (cifarFormat) Name() string { return "CIFAR" }

func (cifarFormat) Matches(name string) bool {
	return cifar10.tells(path.Base(name)) || cifar100.tells(path.Base(name))
}

func (cifarFormat) Texts() []string { return slices.Concat(cifar10.names, cifar100.names) }

func (cifarFormat) Plan(_ context.Context, files *Files) (*Plan, error) {
	layout, found, err := findCIFAR(files)
	if err != nil {
		return nil, err
	}

	// Positions follow the order of the files in their splits, whatever the order in the archive.
	p := &Plan{Kind: layout.kind, Height: cifarSide, Width: cifarSide}
	p.Splits = []SplitCount{{Name: "train"}, {Name: "test"}}
	position, first := 0, map[string]int{}
	record := int64(layout.record())
	for i, names := range [][]string{layout.train, {layout.test}} {
		for _, name := range names {
			file, ok := found[name]
			if !ok {
				return nil, usage.Errorf("%s lacks %s of %s: fetch the whole archive", files.source, name, layout.kind)
			}
			if file.Size%record != 0 || file.Size == 0 {
				return nil, fmt.Errorf("%s in %s has %d bytes, not a multiple of %d: it is cut short or damaged",
					name, files.source, file.Size, record)
			}
			n := file.Size / record
			if n > maxImages {
				return nil, fmt.Errorf("%s in %s has %d images, and %d are allowed", name, files.source, n, maxImages)
			}
			first[file.Path] = position
			position += int(n)
			p.Splits[i].N += int(n)
		}
	}

	if p.Tasks, err = layout.named(files, path.Dir(found[layout.test].Path)); err != nil {
		return nil, err
	}
	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return files.Walk(ctx, func(file File) error {
			if position, ok := first[file.Path]; ok {
				return layout.records(file, position, int(file.Size/record), emit)
			}
			return nil
		})
	}
	p.Draw = func(it Item) (image.Image, error) { return fromPlanes(it.Data), nil }
	return p, nil
}

// findCIFAR finds the files of one of the two archives by their base names. They must lie in one folder: files of two
// archives are never mixed.
func findCIFAR(files *Files) (layout cifarLayout, found map[string]File, err error) {
	for _, l := range []cifarLayout{cifar10, cifar100} {
		these, err := l.find(files)
		if err != nil {
			return l, nil, err
		}
		if these == nil {
			continue
		}
		if found != nil {
			return l, nil, severalSets(files, "CIFAR", anyPath(found), anyPath(these))
		}
		layout, found = l, these
	}
	return layout, found, nil
}

// find returns the files of the layout by their base names, or nil when none is there that tells the layout.
func (c cifarLayout) find(files *Files) (map[string]File, error) {
	if !slices.ContainsFunc(files.list, func(f File) bool { return c.tells(path.Base(f.Path)) }) {
		return nil, nil
	}
	names, first := append(slices.Clone(c.train), c.test), ""
	found := map[string]File{}
	// The first file tells the folder; a second one of a name can only lie in another.
	for _, file := range files.list {
		base := path.Base(file.Path)
		if !slices.Contains(names, base) {
			continue
		}
		if first = cmp.Or(first, file.Path); path.Dir(first) != path.Dir(file.Path) {
			return nil, severalSets(files, "CIFAR", first, file.Path)
		}
		found[base] = file
	}
	return found, nil
}

// tells reports whether a file of that name shows that the source has the layout; test.bin may be anything.
func (c cifarLayout) tells(base string) bool {
	return base == c.train[0] || base == c.test && base != "test.bin"
}

// anyPath returns the path of the first file by its name.
func anyPath(files map[string]File) string {
	return files[slices.Min(slices.Collect(maps.Keys(files)))].Path
}

// severalSets is the usage error of a source with files of more than one set, or with a file twice.
func severalSets(files *Files, kind, a, b string) error {
	return usage.Errorf("%s holds %s files of several sets, %s and %s among them: import one folder at a time",
		files.source, kind, a, b)
}

// record returns the number of bytes of an image with its labels.
func (c cifarLayout) record() int { return len(c.at) + 3*cifarSide*cifarSide }

// records hands over the n records of a file.
func (c cifarLayout) records(file File, position, n int, emit func(Item) error) error {
	r, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()

	for i := range n {
		data := make([]byte, c.record())
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("%s cannot be read: %w", file.Path, err)
		}

		// A label that no class has is damage; it must not become an index.
		labels := make([]int32, len(c.at))
		for k, at := range c.at {
			labels[k] = int32(data[at])
			if classes := len(c.tasks[k].Classes); int(labels[k]) >= classes {
				return fmt.Errorf("%s is damaged: record %d has label %d of %d classes", file.Path, i, labels[k],
					classes)
			}
		}

		name := fmt.Sprintf("%s record %d", file.Path, i)
		if err := emit(Item{Position: position + i, Name: name, Data: data[len(c.at):], Labels: labels}); err != nil {
			return err
		}
	}
	return nil
}

// named returns the tasks with the class names of the text files in dir, or else anywhere.
func (c cifarLayout) named(files *Files, dir string) ([]Task, error) {
	var tasks []Task
	for i, task := range c.tasks {
		// The archive has its text files next to the data; a stray copy elsewhere is better than numbers.
		text := files.Text(path.Join(dir, c.names[i]))
		if text == nil {
			text = files.Text(c.names[i])
		}
		if names := strings.Fields(string(text)); len(names) == len(task.Classes) {
			task.Classes = names
		} else if len(names) > 0 {
			return nil, fmt.Errorf("%s in %s names %d classes instead of %d", c.names[i], files.source, len(names),
				len(task.Classes))
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// fromPlanes makes an image of a red, a green and a blue plane.
func fromPlanes(planes []byte) *image.RGBA {
	const area = cifarSide * cifarSide
	img := image.NewRGBA(image.Rect(0, 0, cifarSide, cifarSide))
	for i := range area {
		copy(img.Pix[4*i:], []byte{planes[i], planes[area+i], planes[2*area+i], 255})
	}
	return img
}
