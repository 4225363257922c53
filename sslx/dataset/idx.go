package dataset

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// Magic numbers of idx files: unsigned bytes in one and in three dimensions (http://yann.lecun.com/exdb/mnist/).
const (
	idxLabels = 0x00000801
	idxImages = 0x00000803
)

// maxIDX bounds one unpacked idx file; the largest of the family, EMNIST by class, has 547 MB.
const maxIDX = 1 << 30

// idxFiles are the usual names; a dot may stand for the dash before "idx", and .gz may follow.
var idxFiles = []struct{ split, images, labels string }{
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

func isIDXFile(file string) bool {
	name := idxName(file)
	for _, f := range idxFiles {
		if name == f.images || name == f.labels {
			return true
		}
	}
	return false
}

// planIDX reads the idx files, which are small, and plans them.
func planIDX(ctx context.Context, t tree, source, name string, inv inventory) (*plan, error) {
	data := map[string][]byte{}
	err := t.walk(ctx, func(e entry) error {
		if e.dir || hidden(e.path) || !isIDXFile(e.path) {
			return nil
		}
		content, err := readIDX(e)
		data[idxName(e.path)] = content
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	p := &plan{kind: "idx"}
	var images, labels []byte
	classes := 0
	for _, f := range idxFiles {
		if data[f.images] == nil || data[f.labels] == nil {
			return nil, usage.Errorf("%s lacks %s or %s (.gz or plain): put the four idx files in one folder", source,
				f.images, f.labels)
		}
		n, height, width, err := checkIDX(source, f.images, f.labels, data)
		if err != nil {
			return nil, err
		}
		if f.split != "train" && (height != p.height || width != p.width) {
			return nil, fmt.Errorf("%s holds images of two sizes in train and %s", source, f.split)
		}
		p.height, p.width = height, width
		p.splits = append(p.splits, SplitCount{f.split, n})
		images, labels = append(images, data[f.images][16:]...), append(labels, data[f.labels][8:]...)
		if f.split == "train" {
			for _, l := range labels {
				classes = max(classes, int(l)+1)
			}
		}
	}
	for i, l := range labels {
		if int(l) >= classes {
			return nil, usage.Errorf("label %d (image %d) is in test of %s and not in train", l, i, source)
		}
	}
	names := idxClasses[name]
	if len(names) != classes {
		names = numbered(classes)
	}
	p.tasks = []Task{{"class", names}}
	area := p.height * p.width
	p.items = func(_ context.Context, emit func(item) error) error {
		for i, l := range labels {
			it := item{position: i, name: fmt.Sprintf("image %d", i), data: images[i*area:][:area],
				labels: []int32{int32(l)}}
			if err := emit(it); err != nil {
				return err
			}
		}
		return nil
	}
	p.draw = func(it item) (*image.RGBA, error) { return fromGray(it.data, p.height, p.width), nil }
	return p, nil
}

// checkIDX compares magic numbers, sizes and counts of a pair of files with their lengths.
func checkIDX(source, imagesFile, labelsFile string, data map[string][]byte) (n, height, width int, err error) {
	images, labels := data[imagesFile], data[labelsFile]
	word := func(b []byte, i int) int { return int(binary.BigEndian.Uint32(b[4*i:])) }
	if len(images) < 16 || word(images, 0) != idxImages {
		return 0, 0, 0, fmt.Errorf("%s in %s is not an idx file of images (magic number 0x%08x)", imagesFile, source,
			idxImages)
	}
	if len(labels) < 8 || word(labels, 0) != idxLabels {
		return 0, 0, 0, fmt.Errorf("%s in %s is not an idx file of labels (magic number 0x%08x)", labelsFile, source,
			idxLabels)
	}
	n, height, width = word(images, 1), word(images, 2), word(images, 3)
	if n == 0 || height == 0 || width == 0 || height > 1<<12 || width > 1<<12 || len(images)-16 != n*height*width {
		return 0, 0, 0,
			fmt.Errorf("%s in %s says %d images of %dx%d and has %d bytes of them: it is cut short or damaged",
				imagesFile,
				source, n, height, width, len(images)-16)
	}
	if word(labels, 1) != n || len(labels)-8 != n {
		return 0, 0, 0, fmt.Errorf("%s in %s says %d labels and has %d, for %d images: it is cut short or damaged",
			labelsFile, source,
			word(labels, 1), len(labels)-8, n)
	}
	return n, height, width, nil
}

// readIDX returns the content of an idx file, unpacked.
func readIDX(e entry) ([]byte, error) {
	if !strings.HasSuffix(e.path, ".gz") {
		return readEntry(e, maxIDX)
	}
	file, err := e.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s is not a gzip file or is damaged: %w", e.path, err)
	}
	data, err := io.ReadAll(&limitedReader{unzipped, maxIDX})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s is cut short: fetch it again: %w", e.path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be unpacked: %w", e.path, err)
	}
	return data, nil
}

// fromGray makes an opaque image of grey bytes.
func fromGray(gray []byte, height, width int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i, v := range gray {
		copy(img.Pix[4*i:], []byte{v, v, v, 255})
	}
	return img
}
