package dataset

import (
	"context"
	"fmt"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
)

// Folder is one split of an image folder whose PNG and JPEG files are decoded at each use, without a pack: nothing is
// imported before the first batch and nothing is stored, and decoding is paid again in each epoch. It is a [Source] for
// a [Loader] and is safe for use by several goroutines.
type Folder struct {
	tree          dirTree
	images        []folderImage
	labels        map[string][]int32
	tasks         []Task
	size          int // as asked for; 0 is the images' own
	height, width int
}

// OpenFolder lists a split of the image folder at path, laid out as the package comment says; archives are not taken.
// Images are numbered, labelled and brought to size as [Import] with that Size does, byte for byte; 0 keeps their own
// size, that of the first image. A usage error means a missing or wrongly laid out folder, an unknown split or a size
// out of range. It looks up every file once and decodes none.
func OpenFolder(ctx context.Context, path, split string, size int) (*Folder, error) {
	if _, err := (ImportOptions{Size: size}).check(); err != nil {
		return nil, err
	}
	t, err := openTree(path, 0)
	if err != nil {
		return nil, err
	}
	dir, ok := t.(dirTree)
	if !ok {
		return nil, usage.Errorf("%s is an archive and only files can be decoded one by one: unpack it, or pack it with "+
			"`sslx data import`", path)
	}
	inv, err := takeInventory(ctx, dir)
	if err != nil {
		return nil, err
	}
	list, err := listFolder(path, inv)
	if err != nil {
		return nil, err
	}
	f := &Folder{tree: dir, labels: list.labels, tasks: list.plan.tasks, size: size, height: size, width: size}
	if f.images = list.split(split); len(f.images) == 0 {
		return nil, usage.Unknown("split of "+path, split, list.splitNames())
	}
	if size == 0 {
		err = f.measure()
	}
	return f, err
}

func (l *folderList) split(name string) []folderImage {
	return slices.DeleteFunc(slices.Clone(l.images), func(im folderImage) bool { return im.split != name })
}

func (l *folderList) splitNames() []string {
	names := make([]string, len(l.plan.splits))
	for i, sp := range l.plan.splits {
		names[i] = sp.Name
	}
	return names
}

// measure sets the size to that of the first image.
func (f *Folder) measure() error {
	it, err := f.item(0)
	if err == nil {
		f.width, f.height, err = decodeConfig(it)
	}
	if err == nil {
		err = checkSize(f.width, f.height, defaultMaxPixels)
	}
	return f.unusable(0, err)
}

// Len returns the number of images.
func (f *Folder) Len() int { return len(f.images) }

// Size returns the height and width of every image.
func (f *Folder) Size() (height, width int) { return f.height, f.width }

// Name returns the path of image i in the folder, with slashes.
func (f *Folder) Name(i int) string { return f.images[i].path }

// Tasks returns the folder's tasks; the first is the main one.
func (f *Folder) Tasks() []Task { return slices.Clone(f.tasks) }

// Labels returns the labels of the images for a task, or a usage error for an unknown task.
func (f *Folder) Labels(task string) ([]int32, error) {
	k, err := taskIndex(f.tree.root, f.tasks, task)
	if err != nil {
		return nil, err
	}
	labels := make([]int32, len(f.images))
	for i, im := range f.images {
		labels[i] = f.labels[im.class][k]
	}
	return labels, nil
}

// Read decodes image i, 0 to Len()-1, into dst, [height, width, 3]. Its error names the image. It takes the time of
// decoding and resizing: some milliseconds for a JPEG photograph.
func (f *Folder) Read(dst []byte, i int) error {
	it, err := f.item(i)
	if err != nil {
		return f.unusable(i, err)
	}
	img, err := decodeImage(it, defaultMaxPixels)
	if err == nil && f.size > 0 {
		img, err = shortCrop(img, f.size, defaultMaxPixels)
	}
	if err != nil {
		return f.unusable(i, err)
	}
	if b := img.Bounds(); b.Dx() != f.width || b.Dy() != f.height {
		return unequalSizes(f.tree.root, f.Name(i), b, f.height, f.width)
	}
	appendRGB(dst[:0], img)
	return nil
}

// item reads the file of image i.
func (f *Folder) item(i int) (item, error) {
	e, _, err := f.tree.entry(f.Name(i))
	if err != nil {
		return item{}, err
	}
	data, err := readEntry(e, defaultMaxFile)
	return item{name: e.path, data: data}, err
}

func (f *Folder) unusable(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("image %s in %s cannot be used: %w; mend it or remove it", f.Name(i), f.tree.root, err)
}
