package dataset

import (
	"context"
	"fmt"
	"image"
	"io"
	"path"
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
	tasks []Task // with the number of classes; their order is that of the pack
	names []string
	at    []int // place of each task's label in the record
	train []string
}

var (
	cifar10 = cifarLayout{"CIFAR-10 binary", []Task{{"class", numbered(10)}}, []string{"batches.meta.txt"}, []int{0},
		cifar10Train}
	cifar100 = cifarLayout{"CIFAR-100 binary", []Task{{"fine", numbered(100)}, {"coarse", numbered(20)}},
		[]string{"fine_label_names.txt", "coarse_label_names.txt"}, []int{1, 0}, []string{"train.bin"}}
	cifar10Train = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
		"data_batch_5.bin"}
)

func isCIFARFile(name string) bool {
	switch path.Base(name) {
	case cifar10Train[0], "test_batch.bin", "train.bin":
		return true
	}
	return false
}

// planCIFAR plans an official CIFAR archive. Class names come from its text files, and are numbers without them.
func planCIFAR(t tree, source string, inv inventory) (*plan, error) {
	sizes := map[string]int64{}
	for _, f := range inv.files {
		sizes[path.Base(f.path)] = f.size
	}
	layout, test := cifar10, "test_batch.bin"
	if _, ok := sizes["train.bin"]; ok {
		layout, test = cifar100, "test.bin"
	}
	record := int64(len(layout.at) + 3*cifarSide*cifarSide)
	first := map[string]int{}
	p := &plan{kind: layout.kind, height: cifarSide, width: cifarSide}
	for _, split := range []struct {
		name  string
		files []string
	}{{"train", layout.train}, {"test", []string{test}}} {
		n := 0
		for _, file := range split.files {
			size, ok := sizes[file]
			if !ok {
				return nil, usage.Errorf("%s lacks %s of %s: fetch the whole archive", source, file, layout.kind)
			}
			if size%record != 0 || size == 0 {
				return nil, fmt.Errorf("%s in %s has %d bytes, not a multiple of %d: it is cut short or damaged",
					file, source, size, record)
			}
			first[file] = p.total() + n
			n += int(size / record)
		}
		p.splits = append(p.splits, SplitCount{split.name, n})
	}
	var err error
	if p.tasks, err = layout.named(source, inv.texts); err != nil {
		return nil, err
	}
	p.items = func(ctx context.Context, emit func(item) error) error {
		return t.walk(ctx, func(e entry) error {
			position, ok := first[path.Base(e.path)]
			if !ok || e.dir || hidden(e.path) {
				return nil
			}
			return layout.records(e, position, int(e.size/record), emit)
		})
	}
	p.draw = func(it item) (*image.RGBA, error) { return fromPlanes(it.data), nil }
	return p, nil
}

// records hands over the n records of a file.
func (c cifarLayout) records(e entry, position, n int, emit func(item) error) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	for i := range n {
		data := make([]byte, len(c.at)+3*cifarSide*cifarSide)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("%s cannot be read: %w", e.path, err)
		}
		labels := make([]int32, len(c.at))
		for k, at := range c.at {
			labels[k] = int32(data[at])
			if classes := len(c.tasks[k].Classes); int(labels[k]) >= classes {
				return fmt.Errorf("%s is damaged: record %d has label %d of %d classes", e.path, i, labels[k], classes)
			}
		}
		name := fmt.Sprintf("%s record %d", e.path, i)
		if err := emit(item{position: position + i, name: name, data: data[len(c.at):], labels: labels}); err != nil {
			return err
		}
	}
	return nil
}

// named returns the tasks with the class names of the text files.
func (c cifarLayout) named(source string, texts map[string][]byte) ([]Task, error) {
	var tasks []Task
	for i, task := range c.tasks {
		if names := strings.Fields(string(texts[c.names[i]])); len(names) == len(task.Classes) {
			task.Classes = names
		} else if len(names) > 0 {
			return nil, fmt.Errorf("%s in %s names %d classes instead of %d", c.names[i], source, len(names),
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
