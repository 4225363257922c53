package dataset

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// Format reads one layout of files. Built in are the binary files of CIFAR, idx files, and image folders; [Register]
// adds others. What [Import] gives the built-in ones it gives them all: folders and archives, the cache with its
// checksums, limits, resizing, progress and names.
type Format interface {
	// Name names the format in reports and errors, such as "idx".
	Name() string
	// Matches reports whether a file is one of the format's own; path is relative and has slashes. A source is read by
	// the format that matches one of its files. Files of two formats in one source are an error, except images: they
	// are an image folder only where no other format matches anything.
	Matches(path string) bool
	// Texts returns the base names of the small text files that Plan wants, such as lists of class names; often none.
	Texts() []string
	// Plan says how the files become a set. Its errors say what is missing or damaged.
	Plan(ctx context.Context, files *Files) (*Plan, error)
}

// Plan says how the files of one source become a set.
type Plan struct {
	// Kind says in words what the source is, for reports; "" takes the name of the format.
	Kind string
	// Notes are remarks for the report.
	Notes []string
	// Tasks are the ways in which every image is labeled, with their classes; the first is the main one. A set without
	// labels has none.
	Tasks []Task
	// Splits are the splits in the order train, val, test, with their numbers of images; train must be there.
	Splits []SplitCount
	// GroupedBy names what the groups of images are, such as "patient", where images of one group must not be in train
	// and in test: [Item.Group] is then the number of an image's group.
	GroupedBy string
	// Height and Width are the size of every image; 0 where each has its own.
	Height, Width int
	// Channels is the number of channels of every image, 1 to MaxChannels; 0 means 3. Gray images are 3 channels, too,
	// all equal, unless an import asks for 1.
	Channels int
	// Items hands over every image once, in any order, and returns the first error of emit.
	Items func(ctx context.Context, emit func(Item) error) error
	// Draw makes the image of an item, from several goroutines at once: a [Raster] where Channels is not 3, and of any
	// type else, whose alpha is dropped. Without Draw, the data of an item are bytes [Height, Width, Channels] where
	// the size is fixed, and else a PNG or JPEG file.
	Draw func(Item) (image.Image, error)
	// Size returns an item's height and width without drawing it. It is for formats that have Draw and no fixed size.
	Size func(Item) (height, width int, err error)

	converted bool // the channels are not the source's
	noted     bool // Notes are all that there is to say: the set was a pack already
}

// Item is one image before it is drawn.
type Item struct {
	// Position is the image's number, counted from 0 through all splits: with 100 train images, the first val image has
	// position 100.
	Position int
	// Name is for messages, such as the path of the file.
	Name string
	// Data is what Draw needs, or what [Plan] says without Draw. It is read after emit has returned.
	Data []byte
	// Labels are indices of classes, one a task.
	Labels []int32
	// Group is the number of the image's group, 0 or more, where [Plan.GroupedBy] is set.
	Group int32
	// Err says why there are no data: a bad image.
	Err error

	// height, width and channels are what the image must have when it was drawn; 0 while it is unknown.
	height, width, channels int
	// cost is the memory in bytes that drawing takes at most.
	cost int64
	// measured is true when the number of pixels was compared with what is allowed.
	measured bool
	// lent is true when Data may be used again once the image is decoded.
	lent bool
}

// Files are the files of a source, a folder or an archive of one, without hidden ones. They are read only.
type Files struct {
	source, set string
	tree        archive.Tree
	opt         ImportOptions

	list  []File
	dirs  []string
	texts map[string][]byte // by path
}

// File is one of the [Files].
type File struct {
	// Path is relative to the source and has slashes.
	Path string
	// Size is the number of bytes that the source states; an archive may lie.
	Size int64

	entry archive.Entry
}

// Open returns the bytes of the file. It works only inside a function given to [Files.Walk].
func (f File) Open() (io.ReadCloser, error) { return f.entry.Open() }

// Source returns the path of the source, for messages.
func (f *Files) Source() string { return f.source }

// SetName returns the name of the set that is made.
func (f *Files) SetName() string { return f.set }

// List returns all files in the source's own order.
func (f *Files) List() []File { return slices.Clone(f.list) }

// Text returns the content of one of the format's text files by its path or by its base name. Of several files with
// that base name, it is the one nearest to the root. It is nil when there is none.
func (f *Files) Text(name string) []byte {
	if text, ok := f.texts[name]; ok {
		return text
	}
	var found string
	for _, file := range f.list {
		if _, ok := f.texts[file.Path]; !ok || path.Base(file.Path) != name {
			continue
		}
		if found == "" || strings.Count(file.Path, "/") < strings.Count(found, "/") {
			found = file.Path
		}
	}
	return f.texts[found]
}

// Walk visits every file in the source's own order. An archive is read from its start, in one pass. It ends when ctx
// does.
func (f *Files) Walk(ctx context.Context, visit func(File) error) error {
	return f.tree.Walk(ctx, func(e archive.Entry) error {
		if e.Dir || archive.Hidden(e.Path) {
			return nil
		}
		return visit(File{e.Path, e.Size, e})
	})
}

// Find returns the file of a path or of a base name. A usage error means that there is none, or several of that base
// name.
func (f *Files) Find(name string) (File, error) {
	var found []File
	for _, file := range f.list {
		if file.Path == name {
			return file, nil
		}
		if path.Base(file.Path) == name {
			found = append(found, file)
		}
	}
	switch len(found) {
	case 0:
		return File{}, usage.Errorf("%s lacks %s", f.source, name)
	case 1:
		return found[0], nil
	}
	return File{}, usage.Errorf("%s holds several files %s, %s and %s: import one folder at a time", f.source, name,
		found[0].Path, found[1].Path)
}

// Read hands the bytes of the file that [Files.Find] finds to read. The reader fails once ctx ends.
func (f *Files) Read(ctx context.Context, name string, read func(io.Reader) error) error {
	found, err := f.Find(name)
	if err != nil {
		return err
	}
	return f.Walk(ctx, func(file File) error {
		if file.Path != found.Path {
			return nil
		}
		r, err := file.Open()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		return read(bounded.ContextReader{Ctx: ctx, R: r})
	})
}

// What all text files of a source, and all tables of labels, have at most, in bytes.
const (
	maxText   = 1 << 20
	maxTables = 256 << 20
)

// filesOf lists the files of a tree and reads its small text files.
func filesOf(ctx context.Context, t archive.Tree, source, set string, opt ImportOptions) (*Files, error) {
	wanted := map[string]bool{}
	for _, format := range allFormats() {
		for _, text := range format.Texts() {
			wanted[text] = true
		}
	}

	// Text files are read at once: an archive is walked from its start each time.
	f := &Files{source: source, set: set, tree: t, opt: opt, texts: map[string][]byte{}}
	seen, left, leftOfTables := map[string]bool{}, int64(maxText), int64(maxTables)
	err := t.Walk(ctx, func(e archive.Entry) error {
		switch {
		case archive.Hidden(e.Path):
			return nil
		case e.Dir:
			f.dirs = append(f.dirs, e.Path)
			return nil
		case seen[e.Path]:
			return fmt.Errorf("the archive holds %q twice: remove one of them", e.Path)
		}
		seen[e.Path] = true
		f.list = append(f.list, File{Path: e.Path, Size: e.Size})
		budget := &left
		switch {
		case isTable(e.Path) && e.Size <= leftOfTables:
			budget = &leftOfTables
		case !wanted[path.Base(e.Path)]:
			return nil
		}

		text, err := archive.Read(e, *budget)
		*budget -= int64(len(text))
		f.texts[e.Path] = text
		return err
	})
	return f, err
}

var formats = struct {
	mu    sync.RWMutex
	list  []Format
	other Format // reads what no other format matches
}{list: []Format{cifarFormat{}, idxFormat{}, parquetFormat{}, shardFormat{}, betonFormat{},
	stl10Format{}}, other: folderFormat{}}

// Register adds a format. It panics when its name is empty or taken, which is a mistake of the program.
func Register(format Format) {
	name := format.Name()
	if name == "" || slices.Contains(Formats(), name) {
		panic(fmt.Sprintf("dataset: format %q has no name or is registered twice", name))
	}
	formats.mu.Lock()
	defer formats.mu.Unlock()
	formats.list = append(formats.list, format)
}

// Formats returns the names of all formats.
func Formats() []string {
	var names []string
	for _, format := range allFormats() {
		names = append(names, format.Name())
	}
	return names
}

// allFormats returns all formats; the last one is for what no other matches.
func allFormats() []Format {
	formats.mu.RLock()
	defer formats.mu.RUnlock()
	return append(slices.Clone(formats.list), formats.other)
}

// openSource finds out what lies at source: a folder, an archive, or one file of a format.
func openSource(source string, maxUnpacked int64) (archive.Tree, error) {
	info, err := os.Stat(source)
	if err == nil && info.Mode().IsRegular() && archive.Suffix(source) == "" {
		all := allFormats()
		own := func(f Format) bool { return f.Matches(filepath.Base(source)) }
		if slices.ContainsFunc(all[:len(all)-1], own) {
			return archive.File{Path: source}, nil
		}
	}
	return archive.Open(source, maxUnpacked)
}

// recognize finds out which format a source has.
func recognize(files *Files) (Format, error) {
	all := allFormats()
	last := len(all) - 1

	// Every file is asked about, so that files of a second format are noticed.
	found, by := all[last], ""
	for _, file := range files.list {
		for _, format := range all[:last] {
			switch {
			case !format.Matches(file.Path):
			case by == "":
				found, by = format, file.Path
			case format != found:
				return nil, usage.Errorf("%s holds files of two formats, %s (%s) and %s (%s): import one at a time",
					files.source, by, found.Name(), file.Path, format.Name())
			}
		}
	}
	return found, nil
}

// planOf plans a set from its files.
func planOf(ctx context.Context, files *Files) (*Plan, error) {
	format, err := recognize(files)
	if err != nil {
		return nil, err
	}
	p, err := format.Plan(ctx, files)
	if err != nil {
		return nil, err
	}
	if p.Kind == "" {
		p.Kind = format.Name()
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("format %s made a plan of %s that cannot be followed: %w", format.Name(), files.source,
			err)
	}
	return p, nil
}

// splitOrder is the order of splits in a pack.
var splitOrder = []string{"train", "val", "test"}

// maxImages bounds the number of images of a set; labels of all of them are in memory during an import.
const maxImages = 1 << 26

func (p *Plan) total() int {
	n := 0
	for _, sp := range p.Splits {
		n += sp.N
	}
	return n
}

// check finds the mistakes of a format.
func (p *Plan) check() error {
	if p.Items == nil || len(p.Splits) == 0 {
		return fmt.Errorf("items or splits are missing")
	}
	for _, task := range p.Tasks {
		if task.Name == "" || len(task.Classes) == 0 {
			return fmt.Errorf("task %q has %d classes", task.Name, len(task.Classes))
		}
	}

	// Positions count through the splits in the order of a pack.
	at := -1
	for _, sp := range p.Splits {
		next := slices.Index(splitOrder, sp.Name)
		if next <= at || at < 0 && next != 0 {
			return fmt.Errorf("split %q is out of the order %s", sp.Name, strings.Join(splitOrder, ", "))
		}
		if sp.N < 1 || sp.N > maxImages {
			return fmt.Errorf("split %s has %d images, and 1 to %d are allowed", sp.Name, sp.N, maxImages)
		}
		at = next
	}
	if n := p.total(); n > maxImages {
		return fmt.Errorf("there are %d images, and %d are allowed", n, maxImages)
	}

	// The size is fixed, or decoding or the format tells it.
	switch {
	case p.Height < 0 || p.Width < 0 || (p.Height == 0) != (p.Width == 0):
		return fmt.Errorf("images are %dx%d", p.Height, p.Width)
	case p.Height == 0 && p.Draw != nil && p.Size == nil:
		return fmt.Errorf("images have no fixed size, and Size is missing")
	case p.Channels < 0 || p.Channels > MaxChannels:
		return fmt.Errorf("images have %d channels, and %d are allowed", p.Channels, MaxChannels)
	}
	return nil
}

// checkItem finds the mistakes of a format in one item.
func (p *Plan) checkItem(it Item) error {
	if it.Position < 0 || it.Position >= p.total() {
		return fmt.Errorf("image %s has position %d of %d", it.Name, it.Position, p.total())
	}
	if len(it.Labels) != len(p.Tasks) {
		return fmt.Errorf("image %s has %d labels for %d tasks", it.Name, len(it.Labels), len(p.Tasks))
	}
	if it.Group < 0 {
		return fmt.Errorf("image %s has group %d", it.Name, it.Group)
	}
	for i, task := range p.Tasks {
		if label := it.Labels[i]; label < 0 || int(label) >= len(task.Classes) {
			return fmt.Errorf("image %s has label %d of the %d classes of task %s", it.Name, label, len(task.Classes),
				task.Name)
		}
	}
	return nil
}
