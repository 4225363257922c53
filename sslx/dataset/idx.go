package dataset

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// Magic numbers of idx files: unsigned bytes in one and in three dimensions (http://yann.lecun.com/exdb/mnist/).
const (
	idxLabels = 0x00000801
	idxImages = 0x00000803
)

// maxIDXSide bounds the height and width of images in idx files.
const maxIDXSide = 1 << 12

// idxSplits are the usual names of the files; a dot may stand for the dash before "idx", and .gz may follow.
var idxSplits = []struct{ split, images, labels string }{
	{"train", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
	{"test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
}

// idxClasses are class names that the files do not hold (https://github.com/zalandoresearch/fashion-mnist).
var idxClasses = map[string][]string{
	"fashion-mnist": {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
		"Ankle boot"},
}

// idxName returns the usual name of an idx file, without .gz.
func idxName(file string) string {
	return strings.Replace(strings.TrimSuffix(path.Base(file), ".gz"), ".idx", "-idx", 1)
}

// idxFormat reads the four idx files of the MNIST family, plain or gzipped.
type idxFormat struct{}

func (idxFormat) Name() string { return "idx" }

func (idxFormat) Texts() []string { return nil }

func (idxFormat) Matches(file string) bool {
	name := idxName(file)
	for _, s := range idxSplits {
		if name == s.images || name == s.labels {
			return true
		}
	}
	return false
}

func (idxFormat) Plan(ctx context.Context, files *Files) (*Plan, error) {
	found, err := readIDX(ctx, files)
	if err != nil {
		return nil, err
	}

	// The two pairs of files must fit, one file to the other and one pair to the other.
	p := &Plan{}
	var labels []byte
	first := map[string]int{} // position of the first image of a file of images
	for _, s := range idxSplits {
		images, of := found[s.images], found[s.labels]
		if images == nil || of == nil {
			return nil, usage.Errorf("%s lacks %s or %s (.gz or plain): put the four idx files in one folder",
				files.source, s.images, s.labels)
		}
		if err := checkIDX(files.source, images, of); err != nil {
			return nil, err
		}
		if s.split == "train" {
			p.Height, p.Width = images.word(2), images.word(3)
		} else if images.word(2) != p.Height || images.word(3) != p.Width {
			return nil, fmt.Errorf("%s holds images of two sizes in train and %s", files.source, s.split)
		}
		first[images.path] = len(labels)
		labels = append(labels, of.labels...)
		p.Splits = append(p.Splits, SplitCount{s.split, len(of.labels)})
	}

	// The files hold no class names: there are as many classes as train has labels.
	classes := 1 + int(slices.Max(labels[:p.Splits[0].N]))
	for i, l := range labels {
		if int(l) >= classes {
			return nil, usage.Errorf("label %d (image %d) is in test of %s and not in train", l, i, files.source)
		}
	}
	names := idxClasses[files.set]
	if len(names) != classes {
		names = numbered(classes)
	}
	p.Tasks = []Task{{"class", names}}

	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return files.Walk(ctx, func(file File) error {
			position, ok := first[file.Path]
			if !ok {
				return nil
			}
			return emitIDX(ctx, file, p.Height*p.Width, position, labels, found[idxName(file.Path)].count(), emit)
		})
	}
	p.Draw = func(it Item) (image.Image, error) {
		return &image.Gray{Pix: it.Data, Stride: p.Width, Rect: image.Rect(0, 0, p.Width, p.Height)}, nil
	}
	return p, nil
}

// idxFile is an idx file that was read through once. Of images only the head and the sum are kept.
type idxFile struct {
	path   string
	head   []byte // magic number, number of labels or images, height and width; less where the file ends before
	bytes  int64  // after the head
	labels []byte // where it holds labels
	sum    [sha256.Size]byte
}

// word returns a number of the head.
func (f *idxFile) word(i int) int { return int(binary.BigEndian.Uint32(f.head[4*i:])) }

// count returns the number of images or labels that the file states.
func (f *idxFile) count() int { return f.word(1) }

// readIDX reads the idx files of a source, by their usual names. They must lie in one folder: images of one set never
// meet labels of another. A file may occur twice (plain and gzipped, say) when both hold the same.
func readIDX(ctx context.Context, files *Files) (map[string]*idxFile, error) {
	format := idxFormat{}
	left := files.opt.MaxUnpacked
	if left == 0 {
		var packed int64
		for _, file := range files.list {
			if format.Matches(file.Path) {
				packed += file.Size
			}
		}
		left = archive.MaxUnpacked(packed)
	}

	// Every idx file is read, so that a second set in the source is noticed.
	found, any := map[string]*idxFile{}, ""
	err := files.Walk(ctx, func(file File) error {
		if !format.Matches(file.Path) {
			return nil
		}
		if any == "" {
			any = file.Path
		}
		if idxDir(any) != idxDir(file.Path) {
			return severalSets(files, "idx", any, file.Path)
		}

		read, err := scanIDX(ctx, file, &left)
		if err != nil {
			return fmt.Errorf("%s: %w", files.source, err)
		}
		if twin := found[idxName(file.Path)]; twin != nil {
			if twin.sum != read.sum {
				return severalSets(files, "idx", twin.path, file.Path)
			}
			return nil
		}
		found[idxName(file.Path)] = read
		return nil
	})
	return found, err
}

// idxDir returns the folder of a set's idx file. A folder that has the name of the one file in it does not count: some
// tools unpack each file into a folder of its own.
func idxDir(file string) string {
	dir := path.Dir(file)
	if idxName(dir) == idxName(file) {
		return path.Dir(dir)
	}
	return dir
}

// openIDX returns the bytes of an idx file, unpacked, which fail once ctx is done.
func openIDX(ctx context.Context, file File) (io.ReadCloser, error) {
	packed, err := file.Open()
	if err != nil {
		return nil, err
	}
	reader := io.Reader(bounded.ContextReader{Ctx: ctx, R: packed})
	if strings.HasSuffix(file.Path, ".gz") {
		if reader, err = gzip.NewReader(reader); err != nil {
			_ = packed.Close()
			return nil, fmt.Errorf("%s is not a gzip file or is damaged: %w", file.Path, err)
		}
	}
	return struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(reader, 1<<18), packed}, nil
}

// scanIDX reads a file through. It takes the unpacked bytes of a gzipped one from left, and only keeps labels.
func scanIDX(ctx context.Context, file File, left *int64) (*idxFile, error) {
	opened, err := openIDX(ctx, file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()

	// A plain file ends where it says; a gzipped one may unpack to any number of bytes.
	limit := &bounded.LimitedReader{R: opened, Left: *left + 1}
	if !strings.HasSuffix(file.Path, ".gz") {
		limit.Left = file.Size + 1
	}
	hash := sha256.New()
	reader := io.TeeReader(limit, hash)

	// The head has four numbers in a file of images, and two in one of labels.
	f := &idxFile{path: file.Path, head: make([]byte, 16)}
	isLabels := strings.Contains(idxName(file.Path), "labels")
	if isLabels {
		f.head = f.head[:8]
	}
	n, err := io.ReadFull(reader, f.head)
	f.head = f.head[:n]
	if err == nil {
		if isLabels {
			f.labels, err = io.ReadAll(io.LimitReader(reader, maxImages+1))
			f.bytes = int64(len(f.labels))
		} else {
			f.bytes, err = io.Copy(io.Discard, reader)
		}
	}
	if strings.HasSuffix(file.Path, ".gz") {
		*left = limit.Left - 1
	}
	f.sum = [sha256.Size]byte(hash.Sum(nil))
	return f, idxFailure(file, err)
}

// idxFailure returns the error of a file that cannot be read to its end. A short head is found later.
func idxFailure(file File, err error) error {
	switch {
	case err == nil, err == io.EOF, err == io.ErrUnexpectedEOF && !strings.HasSuffix(file.Path, ".gz"):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s is cut short: fetch it again: %w", file.Path, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fmt.Errorf("%s cannot be unpacked: %w", file.Path, err)
}

// checkIDX compares magic numbers, sizes and counts of a pair of files with their lengths.
func checkIDX(source string, images, labels *idxFile) error {
	if len(images.head) < 16 || images.word(0) != idxImages {
		return fmt.Errorf("%s in %s is not an idx file of images (magic number 0x%08x)", images.path, source, idxImages)
	}
	if len(labels.head) < 8 || labels.word(0) != idxLabels {
		return fmt.Errorf("%s in %s is not an idx file of labels (magic number 0x%08x)", labels.path, source, idxLabels)
	}

	n, height, width := images.count(), images.word(2), images.word(3)
	if n == 0 || height == 0 || width == 0 || height > maxIDXSide || width > maxIDXSide ||
		images.bytes != int64(n)*int64(height)*int64(width) {
		return fmt.Errorf("%s in %s declares %d images of %dx%d and has %d bytes of them: it is cut short or damaged",
			images.path, source, n, height, width, images.bytes)
	}
	if n > maxImages {
		return fmt.Errorf("%s in %s has %d images, and %d are allowed", images.path, source, n, maxImages)
	}
	if labels.count() != n || len(labels.labels) != n {
		return fmt.Errorf("%s in %s declares %d labels and has %d, for %d images: it is cut short or damaged",
			labels.path, source, labels.count(), len(labels.labels), n)
	}
	return nil
}

// emitIDX hands over the n images of a file, whose bytes an image are area.
func emitIDX(ctx context.Context, file File, area, position int, labels []byte, n int, emit func(Item) error) error {
	opened, err := openIDX(ctx, file)
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }()
	if _, err := io.CopyN(io.Discard, opened, 16); err != nil {
		return fmt.Errorf("%s cannot be read: %w", file.Path, err)
	}

	for i := position; i < position+n; i++ {
		it := Item{Position: i, Name: fmt.Sprintf("image %d", i), Data: make([]byte, area)}
		it.Labels = []int32{int32(labels[i])}
		if _, err := io.ReadFull(opened, it.Data); err != nil {
			return fmt.Errorf("%s cannot be read: %w", file.Path, err)
		}
		if err := emit(it); err != nil {
			return err
		}
	}
	return nil
}
