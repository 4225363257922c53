package dataset

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// shard is one of the files of a set, each of which holds many images with their labels.
type shard struct {
	path   string // in the tree
	split  string
	n      int       // images
	labels [][]int32 // [task][image]; noLabel where an image has none
	first  int       // position of the first image
}

// noLabel marks an image without a label in a set with labels, as hubs do.
const noLabel = -1

// splitOfShard returns the split that the name of a shard says, or of the nearest folder around it, or "".
func splitOfShard(name string) string {
	for ; name != "."; name = path.Dir(name) {
		base := path.Base(name)
		if split, _ := splitOf(strings.TrimSuffix(base, path.Ext(base))); split != "" {
			return split
		}
	}
	return ""
}

// splitShards gives each shard its split. Without a split in any name, all are train.
func splitShards(source string, shards []*shard) error {
	var with, without string
	for _, s := range shards {
		if s.split = splitOfShard(s.path); s.split == "" {
			without = cmp.Or(without, s.path)
		} else {
			with = cmp.Or(with, s.path)
		}
	}
	if with != "" && without != "" {
		return usage.Errorf("the name of %s in %s says a split and that of %s does not: begin its name with train-, "+
			"val- or test-", with, source, without)
	}
	for _, s := range shards {
		s.split = cmp.Or(s.split, "train")
	}
	return nil
}

// planShards numbers the images of the shards and adds splits and tasks to a plan. A split whose images have no labels,
// where train has some, is left out.
func (p *Plan) planShards(source string, shards []*shard) ([]*shard, error) {
	// Positions follow splits and names, so that a set is the same whatever the order of its source.
	slices.SortStableFunc(shards, func(a, b *shard) int {
		return cmp.Or(cmp.Compare(slices.Index(splitOrder, a.split), slices.Index(splitOrder, b.split)),
			cmp.Compare(a.path, b.path))
	})
	shards = slices.DeleteFunc(shards, func(s *shard) bool { return s.n == 0 })
	for _, split := range splitOrder {
		if n, labeled := labeledIn(shards, split); n > 0 && !labeled && len(p.Tasks) > 0 && split != "train" {
			p.Notes = append(p.Notes, fmt.Sprintf("the %d images of %s have no labels and were left out", n, split))
			shards = slices.DeleteFunc(shards, func(s *shard) bool { return s.split == split })
		}
	}
	if len(shards) == 0 {
		return nil, usage.Errorf("%s holds no image", source)
	}
	if shards[0].split != "train" {
		return nil, usage.Errorf("%s has images in %s and none in train: rename its files, or give the folder of train",
			source, shards[0].split)
	}

	position := 0
	for _, s := range shards {
		s.first = position
		position += s.n
		if position > maxImages {
			return nil, fmt.Errorf("%s has more than the %d images that are allowed", source, maxImages)
		}
		if k := len(p.Splits); k == 0 || p.Splits[k-1].Name != s.split {
			p.Splits = append(p.Splits, SplitCount{Name: s.split})
		}
		p.Splits[len(p.Splits)-1].N += s.n
	}
	return shards, nil
}

// labeledIn returns the number of images of a split, and whether any has a label.
func labeledIn(shards []*shard, split string) (n int, labeled bool) {
	for _, s := range shards {
		if s.split != split {
			continue
		}
		n += s.n
		for _, labels := range s.labels {
			labeled = labeled || slices.ContainsFunc(labels, func(l int32) bool { return l != noLabel })
		}
	}
	return n, labeled
}

// item returns image i of a shard. An image without a label in a set with labels is a bad one.
func (s *shard) item(i int, name string, data []byte) Item {
	it := Item{Position: s.first + i, Name: name, Data: data, Labels: make([]int32, len(s.labels))}
	for task, labels := range s.labels {
		if it.Labels[task] = labels[i]; labels[i] == noLabel {
			it.Labels[task], it.Err = 0, fmt.Errorf("it has no label")
		}
	}
	return it
}

// maxClasses bounds the classes of a task that are found by their values.
const maxClasses = 1 << 16

// maxClassName bounds the bytes of a value, so that what is no label fills no memory.
const maxClassName = 1 << 10

// classes collects the values of a task while shards are read: numbers, or names.
type classes struct {
	names   map[string]int32 // in the order in which they were met
	numbers bool             // all values so far are whole numbers, 0 or more
	known   []string         // names of the numbers, where something gives them
}

func newClasses(known []string) *classes {
	return &classes{names: map[string]int32{}, numbers: true, known: known}
}

// add returns the number of a value, in the order in which values were met.
func (c *classes) add(value string) (int32, error) {
	if i, ok := c.names[value]; ok {
		return i, nil
	}
	if len(value) > maxClassName {
		return 0, fmt.Errorf("a label has %d bytes and %d are allowed: it is no class", len(value), maxClassName)
	}
	if len(c.names) == maxClasses {
		return 0, fmt.Errorf("labels have more than %d values: they are no classes", maxClasses)
	}
	// "01" is a name: as a number it would be one class with "1".
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n >= maxClasses || strconv.Itoa(n) != value {
		c.numbers = false
	}
	i := int32(len(c.names))
	c.names[value] = i
	return i, nil
}

// finish returns the names of the classes and the label of each number that add gave. Numbers stay as they are; names
// are sorted.
func (c *classes) finish() (names []string, label []int32) {
	label = make([]int32, len(c.names))
	if c.numbers {
		most := -1
		for value, i := range c.names {
			n, _ := strconv.Atoi(value)
			label[i], most = int32(n), max(most, n)
		}
		// A list of names that is too short is of other classes.
		if names = c.known; len(names) <= most {
			names = numbered(most + 1)
		}
		return names, label
	}

	for value := range c.names {
		names = append(names, value)
	}
	slices.Sort(names)
	for k, value := range names {
		label[c.names[value]] = int32(k)
	}
	return names, label
}

// relabel brings the labels of a task to the order that finish gives.
func relabel(shards []*shard, task int, label []int32) {
	for _, s := range shards {
		for i, l := range s.labels[task] {
			if l != noLabel {
				s.labels[task][i] = label[l]
			}
		}
	}
}
