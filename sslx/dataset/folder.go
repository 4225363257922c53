package dataset

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// imageExts are the extensions, in lower case, of the images that are read.
var imageExts = []string{".png", ".jpg", ".jpeg"}

func isImage(name string) bool { return slices.Contains(imageExts, strings.ToLower(path.Ext(name))) }

// superclasses is the file that names the superclass of each class.
const superclasses = "fine_to_coarse.txt"

// folderFormat reads image folders.
type folderFormat struct{}

func (folderFormat) Name() string { return "image folder" }

// Matches is true for an image in a folder.
func (folderFormat) Matches(name string) bool { return isImage(name) && strings.Contains(name, "/") }

func (folderFormat) Texts() []string { return []string{superclasses} }

func (folderFormat) Plan(_ context.Context, files *Files) (*Plan, error) {
	folder, err := listFolder(files)
	if err != nil {
		return nil, err
	}
	p, images := folder.plan, folder.images

	// An archive has its own order; the position of an image follows from its path.
	positions := make(map[string]int, len(images))
	for i, im := range images {
		positions[im.path] = i
	}

	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return files.Walk(ctx, func(file File) error {
			i, ok := positions[file.Path]
			if !ok {
				return nil
			}
			it := Item{Position: i, Name: file.Path, Labels: folder.labels[images[i].class]}
			if it.Data, it.Err = archive.Read(file.entry, files.opt.MaxFile); it.Err != nil && !isTooLarge(it.Err) {
				return it.Err
			}
			return emit(it)
		})
	}
	return p, nil
}

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
	plan   *Plan
}

// listFolder finds the images of an image folder, their order and their labels.
func listFolder(files *Files) (*folderList, error) {
	levels, err := findLevels(files)
	if err != nil {
		return nil, err
	}
	images, others := levels.images(files)
	if len(images) == 0 {
		return nil, usage.Errorf("%s holds no PNG or JPEG image inside a class folder: lay it out as CLASS/IMAGE or "+
			"train/CLASS/IMAGE", files.source)
	}

	// torchvision's ImageFolder takes the files of a folder before its sub-folders.
	slices.SortFunc(images, func(a, b folderImage) int {
		return cmp.Or(cmp.Compare(slices.Index(splitOrder, a.split), slices.Index(splitOrder, b.split)),
			cmp.Compare(a.class, b.class), cmp.Compare(path.Dir(a.rest), path.Dir(b.rest)), cmp.Compare(a.rest, b.rest),
			cmp.Compare(a.path, b.path))
	})
	if err := levels.checkClasses(files, images); err != nil {
		return nil, err
	}

	p := &Plan{Splits: countSplits(images)}
	if !levels.split {
		p.Notes = append(p.Notes, fmt.Sprintf("there is no train or test level: all %d images are train", len(images)))
	}
	if others > 0 {
		p.Notes = append(p.Notes,
			fmt.Sprintf("%d files are not PNG or JPEG images in a class folder and were left out", others))
	}
	labels, err := p.labelFolder(files, images)
	return &folderList{images, labels, p}, err
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
func (p *Plan) labelFolder(files *Files, images []folderImage) (map[string][]int32, error) {
	var classes []string
	for _, im := range images {
		if im.split == "train" && (len(classes) == 0 || classes[len(classes)-1] != im.class) {
			classes = append(classes, im.class)
		}
	}

	// Classes are numbered in the order of train, which is sorted.
	labels := make(map[string][]int32, len(classes))
	for i, class := range classes {
		labels[class] = []int32{int32(i)}
	}

	text := files.Text(superclasses)
	if text == nil {
		p.Tasks = []Task{{"class", classes}}
		return labels, nil
	}

	// The second task has the superclasses, sorted.
	coarseOf := map[string]string{}
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		if fields := strings.Fields(line); len(fields) == 2 {
			coarseOf[fields[0]] = fields[1]
		}
	}
	var coarse []string
	for _, class := range classes {
		if coarseOf[class] == "" {
			return nil, usage.Errorf("%s in %s names no superclass for class %q: add a line %q", superclasses,
				files.source, class, class+" SUPERCLASS")
		}
		coarse = append(coarse, coarseOf[class])
	}
	slices.Sort(coarse)
	coarse = slices.Compact(coarse)
	for class, l := range labels {
		labels[class] = append(l, int32(slices.Index(coarse, coarseOf[class])))
	}
	p.Tasks = []Task{{"fine", classes}, {"coarse", coarse}}
	return labels, nil
}

// levels says which folders of an image folder stand above the classes.
type levels struct {
	root  string // the single folder around everything, with a slash, or ""
	split bool   // whether splits stand above the classes
}

// findLevels looks for a single root folder, around class folders or splits, and for a split level.
func findLevels(files *Files) (levels, error) {
	var l levels
	// A single folder around everything is what unpacking an archive leaves; one around images alone is a class.
	if tops, deep := l.tops(files); len(tops) == 1 && deep && splitNames[tops[0]] == "" {
		l.root = tops[0] + "/"
	}

	tops, _ := l.tops(files)
	var splits, others []string
	for _, top := range tops {
		if splitNames[top] != "" {
			splits = append(splits, top)
		} else {
			others = append(others, top)
		}
	}

	// Next to folders of other names, a folder "train" is a class, unless there are several splits.
	hasTrain := slices.Contains(splits, "train")
	switch {
	case len(others) > 0 && hasTrain && len(splits) > 1:
		return l, usage.Errorf("%s has the split folders %s and next to them the image folder %q: move it away "+
			"or into a split", files.source, strings.Join(splits, ", "), others[0])
	case len(others) > 0 || len(splits) == 0:
		return l, nil
	case !hasTrain:
		return l, usage.Errorf("%s has the split folder %s and no train: add train/CLASS/IMAGE, or give a folder "+
			"of classes", files.source, strings.Join(splits, ", "))
	}
	l.split = true
	return l, nil
}

// tops returns the sorted top folders that hold an image, and whether each image in them lies in a folder further
// down.
func (l levels) tops(files *Files) (tops []string, deep bool) {
	deep = true
	for _, f := range files.list {
		name, ok := strings.CutPrefix(f.Path, l.root)
		top, rest, inFolder := strings.Cut(name, "/")
		if ok && inFolder && isImage(name) {
			tops = append(tops, top)
			deep = deep && strings.Contains(rest, "/")
		}
	}
	slices.Sort(tops)
	return slices.Compact(tops), deep
}

// cut takes a path apart. ok is false for what is not below a class.
func (l levels) cut(name string) (split, class, rest string, ok bool) {
	rest, ok = strings.CutPrefix(name, l.root)
	split = "train"
	if ok && l.split {
		split, rest, ok = strings.Cut(rest, "/")
		split = splitNames[split]
		ok = ok && split != ""
	}
	if !ok {
		return "", "", "", false
	}
	class, rest, _ = strings.Cut(rest, "/")
	return split, class, rest, true
}

// images returns the images below a class, and the number of other files.
func (l levels) images(files *Files) (images []folderImage, others int) {
	for _, f := range files.list {
		split, class, rest, ok := l.cut(f.Path)
		switch {
		case ok && rest != "" && isImage(rest):
			images = append(images, folderImage{f.Path, split, class, rest})
		case path.Base(f.Path) != superclasses:
			others++
		}
	}
	return images, others
}

// checkClasses refuses class folders without an image and classes that train lacks.
func (l levels) checkClasses(files *Files, images []folderImage) error {
	filled, trained := map[[2]string]bool{}, map[string]bool{}
	for _, im := range images {
		filled[[2]string{im.split, im.class}] = true
		trained[im.class] = trained[im.class] || im.split == "train"
	}

	// An empty class is more often a mistake than a class.
	for _, dir := range files.dirs {
		split, class, rest, ok := l.cut(dir)
		if ok && rest == "" && class != "" && !filled[[2]string{split, class}] {
			return usage.Errorf("class folder %q in %s holds no PNG or JPEG image: fill it or remove it", dir,
				files.source)
		}
	}

	// No probe can learn a class that train lacks.
	for _, im := range images {
		if !trained[im.class] {
			return usage.Errorf("class %q is in %s of %s and not in train: add it to train or remove it", im.class,
				im.split, files.source)
		}
	}
	return nil
}
