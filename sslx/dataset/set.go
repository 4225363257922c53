package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/edsrzf/mmap-go"

	"github.com/sslx-go/lab/internal/usage"
)

// Task is one way to label every image of a set.
type Task struct {
	// Name is "class" for most sources, "fine" and "coarse" for CIFAR-100, and a factor's name for the generated set.
	Name string `json:"name"`
	// Classes are the names of the labels 0, 1, ….
	Classes []string `json:"classes"`
}

// SplitCount is the name of a split and its number of images.
type SplitCount struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Set is an opened pack, memory-mapped and read only. It is safe for use by several goroutines.
type Set struct {
	path   string
	header header
	file   *os.File
	opened os.FileInfo // of file, as it was when it was opened
	mapped mmap.MMap
	data   []byte // mapped, from the first section on
}

// Open maps the pack at path after checking its header, its length, and the checksums of its labels and, where that
// takes a second or so (up to 1 GiB), of its pixels; [Verify] checks the pixels of larger packs. Open refuses a file
// that is not a pack, is cut short or damaged, or was written by a newer version.
func Open(path string) (*Set, error) {
	s, err := openPack(path)
	if err != nil {
		return nil, err
	}
	if err := s.checkOpened(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close unmaps the pack. The Pixels of its splits must not be read afterwards.
func (s *Set) Close() error {
	if s.mapped == nil {
		return nil
	}

	mapped := s.mapped
	s.mapped, s.data = nil, nil
	return errors.Join(mapped.Unmap(), s.file.Close())
}

// Path returns the path that the pack was opened from.
func (s *Set) Path() string { return s.path }

// Origin returns the absolute path of the source that was imported; "" for the generated set, and for packs that were
// written before this was kept.
func (s *Set) Origin() string { return s.header.Origin }

// Notes returns what there was to say of the import that made the pack, such as files that were left out.
func (s *Set) Notes() []string { return slices.Clone(s.header.Notes) }

// GroupedBy says what the groups of images are, such as "patient": images of one group should not be in train and in
// test. It is "" for a set without groups.
func (s *Set) GroupedBy() string { return s.header.GroupedBy }

// Name returns the set's name, such as "cifar10".
func (s *Set) Name() string { return s.header.Name }

// Height returns the number of rows of every image.
func (s *Set) Height() int { return s.header.Height }

// Width returns the number of columns of every image.
func (s *Set) Width() int { return s.header.Width }

// Channels returns the number of channels of every image: 3 for color images, up to MaxChannels.
func (s *Set) Channels() int { return depth(s.header.Channels) }

// Resize says in words how the images were brought to their size.
func (s *Set) Resize() string { return s.header.Resize }

// Fingerprint returns the SHA-256 (hexadecimal) of the set's content: size, splits, pixels, task names and labels.
// Two packs with the same fingerprint hold the same images with the same labels in the same order.
func (s *Set) Fingerprint() string { return s.header.Fingerprint }

// Stats returns the mean and the population standard deviation of each channel of the train split on [0, 1], computed
// from exact integer sums. Where a channel has one value in all images, its standard deviation is given as 1, so that
// normalization makes it 0 instead of dividing by 0, as scikit-learn's StandardScaler does.
func (s *Set) Stats() (mean, std []float64) {
	mean, std = slices.Clone(s.header.Mean), slices.Clone(s.header.Std)
	for k := range std {
		if std[k] == 0 {
			std[k] = 1
		}
	}
	return mean, std
}

// Tasks returns the set's tasks; the first is the main one. A set without labels has none.
func (s *Set) Tasks() []Task { return slices.Clone(s.header.Tasks) }

// Task returns the task with the given name, or a usage error with the nearest one.
func (s *Set) Task(name string) (Task, error) {
	i, err := s.taskIndex(name)
	if err != nil {
		return Task{}, err
	}
	return s.header.Tasks[i], nil
}

// Measured returns the split that a model is measured on: test, or val where there is no test. ok is false for a set
// that has neither.
func (s *Set) Measured() (split *Split, ok bool) {
	for _, name := range []string{"test", "val"} {
		if split, err := s.Split(name); err == nil {
			return split, true
		}
	}
	return nil, false
}

// Splits returns the names of the splits present, in the order train, val, test.
func (s *Set) Splits() []string {
	names := make([]string, len(s.header.Splits))
	for i, sp := range s.header.Splits {
		names[i] = sp.Name
	}
	return names
}

// Split returns the split with the given name, or a usage error with the nearest one.
func (s *Set) Split(name string) (*Split, error) {
	for _, sp := range s.header.Splits {
		if sp.Name == name {
			images := Images{s.section(sp.Pixels), sp.N, s.Height(), s.Width(), s.Channels()}
			return &Split{Name: name, Images: images, set: s, labels: sp.Labels, groups: sp.Groups,
				names: sp.Names}, nil
		}
	}
	return nil, usage.Unknown("split of "+s.Name(), name, s.Splits())
}

// Split is one part of a set.
type Split struct {
	// Name is "train", "val" or "test".
	Name string
	// Images are the split's images. Their Pixels are mapped read only: writing to them crashes the program.
	Images

	set    *Set
	labels []section
	groups *section
	names  *section
}

// Labels returns a copy of the labels of the split's N images for a task, or a usage error for an unknown task.
func (sp *Split) Labels(task string) ([]int32, error) {
	i, err := sp.set.taskIndex(task)
	if err != nil {
		return nil, err
	}
	labels := make([]int32, sp.N)
	_, err = binary.Decode(sp.set.section(sp.labels[i]), binary.LittleEndian, labels)
	return labels, err
}

// Groups returns a copy of the numbers of the groups that the split's N images belong to, nil for a set without groups;
// see [Set.GroupedBy].
func (sp *Split) Groups() []int32 {
	if sp.groups == nil {
		return nil
	}
	groups := make([]int32, sp.N)
	_, _ = binary.Decode(sp.set.section(*sp.groups), binary.LittleEndian, groups)
	return groups
}

// Names returns what the split's N images are called: the paths of their files in the source, or what else the source
// has. In packs of version 0.1, which hold no names, it is the split and the number in it, as in "train/12".
func (sp *Split) Names() []string {
	names := make([]string, sp.N)
	var texts []string
	if sp.names != nil {
		texts = strings.Split(string(sp.set.section(*sp.names)), "\x00")
	}
	// Every name ends with a zero byte, so the last piece is none.
	for i := range names {
		if names[i] = fmt.Sprintf("%s/%d", sp.Name, i); i < len(texts)-1 && texts[i] != "" {
			names[i] = texts[i]
		}
	}
	return names
}

// Read copies image i, 0 to N-1, to dst, [Height, Width, channels]. It fails when the pack's file was cut short
// meanwhile.
func (sp *Split) Read(dst []byte, i int) error {
	return sp.set.Guard(func() error { return sp.Images.Read(dst, i) })
}

func (s *Set) taskIndex(name string) (int, error) { return taskIndex(s.Name(), s.header.Tasks, name) }

// taskIndex returns the index of the task with the given name, or a usage error with the nearest one.
func taskIndex(set string, tasks []Task, name string) (int, error) {
	if len(tasks) == 0 {
		return 0, usage.Errorf("%s has no labels, and no task %q", set, name)
	}
	known := make([]string, len(tasks))
	for i, task := range tasks {
		if task.Name == name {
			return i, nil
		}
		known[i] = task.Name
	}
	return 0, usage.Unknown("task of "+set, name, known)
}

func (s *Set) section(sec section) []byte {
	// The capacity ends with the section: an append must copy, because the map is read only.
	return s.data[sec.Offset : sec.Offset+sec.Length : sec.Offset+sec.Length]
}
