package dataset

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// Folder is one split of an image folder whose files are decoded at each use, without a pack: nothing is
// imported before the first batch and nothing is stored, and decoding is paid again in each epoch. It is a [Source] for
// a [Loader] and is safe for use by several goroutines.
type Folder struct {
	tree          archive.Dir
	images        []folderImage
	tasks         []Task
	budget        *budget
	size          int // as asked for; 0 is the images' own
	height, width int
}

// OpenFolder lists a split of the image folder at path, laid out as the package comment says; archives are not taken.
// Images are numbered, labeled and brought to size as [Import] with that Size does, byte for byte, but no test split is
// cut from train; 0 keeps their own size, which the first image decides. A usage error means a missing or wrongly laid
// out folder, an unknown split or a size out of range. It looks up every file once and decodes none.
func OpenFolder(ctx context.Context, path, split string, size int) (*Folder, error) {
	if _, err := (ImportOptions{Size: size}).check(); err != nil {
		return nil, err
	}
	t, err := archive.Open(path, 0)
	if err != nil {
		return nil, err
	}
	dir, ok := t.(archive.Dir)
	if !ok {
		return nil, usage.Errorf("%s is an archive, whose images cannot be read one by one: unpack or import it", path)
	}

	// The rules of an image folder decide order, classes and labels, as they do for a pack.
	files, err := filesOf(ctx, dir, path, "", ImportOptions{})
	if err != nil {
		return nil, err
	}
	list, err := listFolder(files)
	if err != nil {
		return nil, err
	}

	f := &Folder{tree: dir, tasks: list.plan.Tasks, budget: newBudget(defaultMaxPixels),
		size: size, height: size, width: size}
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
	names := make([]string, len(l.plan.Splits))
	for i, sp := range l.plan.Splits {
		names[i] = sp.Name
	}
	return names
}

// measure takes the size of the first image.
func (f *Folder) measure() error {
	data, err := f.data(0)
	if err == nil {
		var size image.Point
		size, _, err = f.check(data)
		f.width, f.height = size.X, size.Y
	}
	return f.unusable(0, err)
}

// Len returns the number of images.
func (f *Folder) Len() int { return len(f.images) }

// Shape returns the height and width of every image, and their number of channels, which is 3.
func (f *Folder) Shape() (height, width, channels int) { return f.height, f.width, rgb }

// Name returns the path of image i in the folder, with slashes.
func (f *Folder) Name(i int) string { return f.images[i].path }

// Tasks returns the folder's tasks; the first is the main one.
func (f *Folder) Tasks() []Task { return slices.Clone(f.tasks) }

// Labels returns the labels of the images for a task, or a usage error for an unknown task.
func (f *Folder) Labels(task string) ([]int32, error) {
	k, err := taskIndex(f.tree.Root, f.tasks, task)
	if err != nil {
		return nil, err
	}
	labels := make([]int32, len(f.images))
	for i, im := range f.images {
		labels[i] = im.label[k]
	}
	return labels, nil
}

// Read decodes image i, 0 to Len()-1, into dst, [height, width, 3]. Its error names the image. It takes the time of
// decoding and resizing: some milliseconds for a JPEG photograph.
func (f *Folder) Read(dst []byte, i int) error {
	data, err := f.data(i)
	if err != nil {
		return f.unusable(i, err)
	}
	_, cost, err := f.check(data)
	if err != nil {
		return f.unusable(i, err)
	}

	// Several goroutines may meet large images at once.
	if err := f.budget.take(context.Background(), cost); err != nil {
		return f.unusable(i, err)
	}
	defer f.budget.giveBack(cost)
	decoded, facts, err := pixels.Decode(context.Background(), data, f.decoding())
	img := decoded
	if err == nil && f.size > 0 {
		img, err = shortCropOf(img, facts.Own(img), f.size, defaultMaxPixels)
	}
	if err != nil {
		return f.unusable(i, err)
	}

	if b := img.Bounds(); b.Dx() != f.width || b.Dy() != f.height {
		return unequalSizes(f.tree.Root, f.Name(i), b, f.height, f.width)
	}
	// dst has room for this size, so that the append fills it.
	appendRGB(dst[:0], img)
	buffer.Keep(decoded.Pix)
	buffer.Keep(data)
	return nil
}

// check returns the size of an image and the memory that decoding takes, unless an import would refuse it.
func (f *Folder) check(data []byte) (size image.Point, cost int64, err error) {
	if size, cost, err = measureImage(data, f.decoding(), defaultMaxPixels); err != nil {
		return size, cost, err
	}
	return size, cost, f.budget.allows(cost)
}

// decoding equals an import's without other choices.
func (f *Folder) decoding() pixels.Options { return ImportOptions{Size: f.size}.decoding() }

// data reads the file of image i.
func (f *Folder) data(i int) ([]byte, error) {
	e, _, err := f.tree.Entry(f.Name(i))
	if err != nil {
		return nil, err
	}
	return archive.Read(e, defaultMaxFile)
}

func (f *Folder) unusable(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("image %s in %s cannot be used: %w; fix or remove it", f.Name(i), f.tree.Root, err)
}
