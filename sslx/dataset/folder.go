package dataset

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
)

// imageExts are the extensions, in lower case, of files that are images; which format they have, their content tells.
var imageExts = []string{
	".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".heic", ".heif",
	".hif", ".avif", ".npy",
}

func isImage(name string) bool { return slices.Contains(imageExts, strings.ToLower(path.Ext(name))) }

// foreignExts are the extensions of images that are not read: a folder of them is a class that is missing.
var foreignExts = []string{".arw", ".cr2", ".dcm", ".dng", ".jp2", ".jxl", ".nef", ".pgm", ".ppm", ".psd", ".raw",
	".svg", ".tga"}

// superclasses is the file that names the superclass of each class.
const superclasses = "fine_to_coarse.txt"

// folderFormat reads image folders.
type folderFormat struct{}

func (folderFormat) Name() string { return "image folder" }

// Matches is true for an image.
func (folderFormat) Matches(name string) bool { return isImage(name) }

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
			it := Item{Position: i, Name: file.Path, Labels: images[i].label, Group: images[i].group}
			var err error
			if it.Data, err = archive.Read(file.entry, files.opt.MaxFile); err != nil && !isTooLarge(err) {
				return err
			}
			it.Err = err
			return emit(it)
		})
	}
	return p, nil
}

// folderList is what an image folder holds, in the order of a pack.
type folderList struct {
	images []folderImage
	plan   *Plan
}

// listFolder finds the images of an image folder, their order and their labels.
func listFolder(files *Files) (*folderList, error) {
	var paths, foreign []string
	others := map[string]int{} // files that are no images, by their ending
	for _, f := range files.list {
		switch {
		case isImage(f.Path):
			paths = append(paths, f.Path)
		case path.Base(f.Path) != superclasses && !isTable(f.Path):
			ext := strings.ToLower(path.Ext(f.Path))
			others[ext]++
			if slices.Contains(foreignExts, ext) {
				foreign = append(foreign, f.Path)
			}
		}
	}
	if len(paths) == 0 {
		return nil, usage.Errorf("%s holds no image that can be read%s: give a folder of images, laid out as "+
			"CLASS/IMAGE or train/CLASS/IMAGE where they have labels", files.source, otherFiles(others))
	}

	a, err := arrangeLabeled(files, paths, foreign)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	if a.table != nil {
		err = p.labelTable(*a.table, a.arrangement, files.opt.LabelColumns)
	} else if err = a.checkClasses(files.dirs); err == nil {
		err = p.labelFolder(files, a.arrangement)
	}
	if err != nil {
		return nil, err
	}

	if err := p.group(a.arrangement, files.opt.GroupBy); err != nil {
		return nil, err
	}

	p.Splits, p.Notes = countSplits(a.images), slices.Concat(a.notes(), p.Notes)
	if a.passed != "" {
		p.Notes = append(p.Notes, a.passed)
	}
	if text := otherFiles(others); text != "" {
		p.Notes = append(p.Notes, "files that are no images were left out:"+strings.TrimPrefix(text, ", but"))
	}
	return &folderList{a.images, p}, nil
}

// labeledArrangement is an arrangement with the table that its labels are from; nil for labels from class folders, or
// none.
type labeledArrangement struct {
	*arrangement
	table  *labelTable
	passed string // why a table that could give labels does not
}

// arrangeLabeled arranges the images, and finds the table of their labels where they are not in class folders.
func arrangeLabeled(files *Files, paths, foreign []string) (l labeledArrangement, err error) {
	opt := files.opt
	if opt.Labels == "" && len(opt.LabelColumns) > 0 {
		return l, usage.About("labels", "label columns are given without a table: name the table as well")
	}
	found, err := tables(files, opt.Labels, paths)
	if err != nil {
		return l, err
	}
	classesAt := opt.ClassesAt
	if opt.Labels != "" {
		classesAt = levelNone // folders are no classes where a table has the labels
	}
	if l.arrangement, err = arrange(files.source, paths, foreign, opt.SplitFrom, classesAt); err != nil ||
		len(found) == 0 {
		return l, err
	}

	// A table that nobody named must label half of the images, in folders that are no classes.
	t := found[0]
	columns, _, err := t.labelsOf(opt.LabelColumns, t.column(splitColumns), t.column(groupColumns))
	switch {
	case err != nil:
		return l, err
	case opt.Labels != "":
		l.table = &t
	case len(columns) == 0 || opt.ClassesAt == levelNone:
	case l.labeled:
		l.passed = fmt.Sprintf("labels are the class folders, not those of %s, which an import can name", t.path)
	case 2*len(t.rows) < len(l.images):
		l.passed = fmt.Sprintf("%s has labels of %d of %d images and is not used, unless an import names it", t.path,
			len(t.rows), len(l.images))
	default:
		l.table = &t
	}
	return l, nil
}

// otherFiles counts files by their ending, for a sentence; "" for none.
func otherFiles(counts map[string]int) string {
	var parts []string
	for _, ext := range slices.Sorted(maps.Keys(counts)) {
		name := ext
		if ext == "" {
			name = "without ending"
		}
		parts = append(parts, fmt.Sprintf("%d %s", counts[ext], name))
	}
	if parts == nil {
		return ""
	}
	return ", but " + someOf(parts)
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

// labelFolder sets the plan's tasks and labels the images by their class folders.
func (p *Plan) labelFolder(files *Files, a *arrangement) error {
	if !a.labeled {
		return nil
	}
	var classes []string
	for _, im := range a.images {
		if im.split == "train" && (len(classes) == 0 || classes[len(classes)-1] != im.class) {
			classes = append(classes, im.class)
		}
	}

	// Classes are numbered in the order of train, which is sorted.
	labels := make(map[string][]int32, len(classes))
	for i, class := range classes {
		labels[class] = []int32{int32(i)}
	}
	p.Tasks = []Task{{"class", classes}}
	if text := files.Text(superclasses); text != nil {
		if err := p.addSuperclasses(files.source, text, labels); err != nil {
			return err
		}
	}

	for i, im := range a.images {
		a.images[i].label = labels[im.class]
	}

	makeText(classes)
	return nil
}

// makeText spells out the bytes of names that are no UTF-8. Headers are text: two names in an old encoding must not
// become one.
func makeText(names []string) {
	for i, name := range names {
		if !utf8.ValidString(name) {
			names[i] = strings.Trim(strconv.Quote(name), `"`)
		}
	}
}

// addSuperclasses adds the second task, whose classes are the superclasses, sorted.
func (p *Plan) addSuperclasses(source string, text []byte, labels map[string][]int32) error {
	coarseOf := map[string]string{}
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		if fields := strings.Fields(line); len(fields) == 2 {
			coarseOf[fields[0]] = fields[1]
		}
	}
	var coarse []string
	for _, class := range p.Tasks[0].Classes {
		if coarseOf[class] == "" {
			return usage.Errorf("%s in %s names no superclass for class %q: add a line %q", superclasses, source, class,
				class+" SUPERCLASS")
		}
		coarse = append(coarse, coarseOf[class])
	}

	slices.Sort(coarse)
	coarse = slices.Compact(coarse)
	for class, l := range labels {
		labels[class] = append(l, int32(slices.Index(coarse, coarseOf[class])))
	}
	p.Tasks = []Task{{"fine", p.Tasks[0].Classes}, {"coarse", coarse}}
	return nil
}

// checkClasses refuses class folders without an image and classes that train lacks.
func (a *arrangement) checkClasses(dirs []string) error {
	if !a.labeled {
		return nil
	}
	filled, trained := map[[2]string]bool{}, map[string]bool{}
	for _, im := range a.images {
		filled[[2]string{im.split, im.class}] = true
		trained[im.class] = trained[im.class] || im.split == "train"
	}

	// An empty class is more often a mistake than a class.
	for _, split := range splitOrder {
		base, ok := a.bases[split]
		for _, dir := range dirs {
			if ok && a.unlabeled[split] == 0 && strings.TrimPrefix(path.Dir(dir), ".") == base &&
				!filled[[2]string{split, path.Base(dir)}] {
				return usage.Errorf("class folder %q in %s holds no image that can be read: fill it or remove it", dir,
					a.source)
			}
		}
	}

	// No probe can learn a class that train lacks.
	for _, im := range a.images {
		if !trained[im.class] {
			return usage.Errorf("class %q is in %s of %s and not in train: add it to train or remove it", im.class,
				im.split, a.source)
		}
	}
	return nil
}
