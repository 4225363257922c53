package dataset

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"path"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// imageExts are the extensions, in lower case, of the images that are read.
var imageExts = []string{".png", ".jpg", ".jpeg"}

func isImage(name string) bool { return slices.Contains(imageExts, strings.ToLower(path.Ext(name))) }

// folderImage is an image of an image folder.
type folderImage struct {
	path  string // in the tree
	split string
	class string
	rest  string // below the class folder
}

// folderList is what an image folder holds, in the order of a pack.
type folderList struct {
	images []folderImage
	labels map[string][]int32 // of a class, one a task
	plan   *plan
}

// listFolder finds the images of an image folder, their order and their labels.
func listFolder(source string, inv inventory) (*folderList, error) {
	levels, err := findLevels(source, inv)
	if err != nil {
		return nil, err
	}
	images, others := levels.images(inv)
	if len(images) == 0 {
		return nil, usage.Errorf("%s holds no PNG or JPEG image inside a class folder: lay it out as CLASS/IMAGE or "+
			"train/CLASS/IMAGE", source)
	}
	slices.SortFunc(images, func(a, b folderImage) int {
		return cmp.Or(cmp.Compare(slices.Index(splitOrder, a.split), slices.Index(splitOrder, b.split)),
			cmp.Compare(a.class, b.class), cmp.Compare(path.Dir(a.rest), path.Dir(b.rest)), cmp.Compare(a.rest, b.rest),
			cmp.Compare(a.path, b.path))
	})
	if err := levels.checkClasses(source, inv, images); err != nil {
		return nil, err
	}
	p := &plan{kind: "image folder", splits: countSplits(images)}
	if !levels.split {
		p.notes = append(p.notes, fmt.Sprintf("there is no train or test level: all %d images are train", len(images)))
	}
	if others > 0 {
		p.notes = append(p.notes,
			fmt.Sprintf("%d files are not PNG or JPEG images in a class folder and were left out", others))
	}
	labels, err := p.labelFolder(source, inv, images)
	return &folderList{images, labels, p}, err
}

// planFolder plans an image folder.
func planFolder(t tree, source string, inv inventory, opt ImportOptions) (*plan, error) {
	list, err := listFolder(source, inv)
	if err != nil {
		return nil, err
	}
	p, images, labels := list.plan, list.images, list.labels
	positions := make(map[string]int, len(images))
	for i, im := range images {
		positions[im.path] = i
	}
	p.items = func(ctx context.Context, emit func(item) error) error {
		return t.walk(ctx, func(e entry) error {
			i, ok := positions[e.path]
			if !ok || e.dir {
				return nil
			}
			it := item{position: i, name: e.path, labels: labels[images[i].class]}
			if it.data, it.err = readEntry(e, opt.MaxFile); it.err != nil && !isTooLarge(it.err) {
				return it.err
			}
			return emit(it)
		})
	}
	p.config, p.draw = decodeConfig, func(it item) (*image.RGBA, error) { return decodeImage(it, opt.MaxPixels) }
	return p, nil
}

func countSplits(images []folderImage) []SplitCount {
	var counts []SplitCount
	for _, im := range images {
		if len(counts) == 0 || counts[len(counts)-1].Name != im.split {
			counts = append(counts, SplitCount{Name: im.split})
		}
		counts[len(counts)-1].N++
	}
	return counts
}

// labelFolder sets the plan's tasks and returns the labels of each class.
func (p *plan) labelFolder(source string, inv inventory, images []folderImage) (map[string][]int32, error) {
	var classes []string
	for _, im := range images {
		if im.split == "train" && (len(classes) == 0 || classes[len(classes)-1] != im.class) {
			classes = append(classes, im.class)
		}
	}
	labels := make(map[string][]int32, len(classes))
	for i, class := range classes {
		labels[class] = []int32{int32(i)}
	}
	text, ok := inv.texts["fine_to_coarse.txt"]
	if !ok {
		p.tasks = []Task{{"class", classes}}
		return labels, nil
	}
	coarseOf := map[string]string{}
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		if fields := strings.Fields(line); len(fields) == 2 {
			coarseOf[fields[0]] = fields[1]
		}
	}
	var coarse []string
	for _, class := range classes {
		if coarseOf[class] == "" {
			return nil, usage.Errorf("fine_to_coarse.txt in %s names no superclass for class %q: add a line %q",
				source, class,
				class+" SUPERCLASS")
		}
		coarse = append(coarse, coarseOf[class])
	}
	slices.Sort(coarse)
	coarse = slices.Compact(coarse)
	for class, l := range labels {
		labels[class] = append(l, int32(slices.Index(coarse, coarseOf[class])))
	}
	p.tasks = []Task{{"fine", classes}, {"coarse", coarse}}
	return labels, nil
}
