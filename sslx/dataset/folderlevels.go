package dataset

import (
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// levels says which folders of an image folder stand above the classes.
type levels struct {
	root  string // the single folder around everything, with a slash, or ""
	split bool   // whether splits stand above the classes
}

// findLevels looks for a single root folder, around class folders or splits, and for a split level.
func findLevels(source string, inv inventory) (levels, error) {
	var l levels
	if tops, deep := l.tops(inv); len(tops) == 1 && deep && splitNames[tops[0]] == "" {
		l.root = tops[0] + "/"
	}
	tops, _ := l.tops(inv)
	var splits, others []string
	for _, top := range tops {
		if splitNames[top] != "" {
			splits = append(splits, top)
		} else {
			others = append(others, top)
		}
	}
	hasTrain := slices.Contains(splits, "train")
	switch {
	case len(others) > 0 && hasTrain && len(splits) > 1:
		return l, usage.Errorf("%s has the split folders %s and beside them the image folder %q: move it away "+
			"or into a split", source, strings.Join(splits, ", "), others[0])
	case len(others) > 0 || len(splits) == 0:
		return l, nil
	case !hasTrain:
		return l, usage.Errorf("%s has the split folder %s and no train: add train/CLASS/IMAGE, or give a folder "+
			"of classes", source, strings.Join(splits, ", "))
	}
	l.split = true
	return l, nil
}

// tops returns the sorted top folders that hold an image, and whether each image in them lies in a folder further
// down.
func (l levels) tops(inv inventory) (tops []string, deep bool) {
	deep = true
	for _, f := range inv.files {
		name, ok := strings.CutPrefix(f.path, l.root)
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
func (l levels) images(inv inventory) (images []folderImage, others int) {
	for _, f := range inv.files {
		split, class, rest, ok := l.cut(f.path)
		switch {
		case ok && rest != "" && isImage(rest):
			images = append(images, folderImage{f.path, split, class, rest})
		case !textFiles[f.path[strings.LastIndex(f.path, "/")+1:]]:
			others++
		}
	}
	return images, others
}

// checkClasses refuses class folders without an image and classes that train lacks.
func (l levels) checkClasses(source string, inv inventory, images []folderImage) error {
	filled, trained := map[[2]string]bool{}, map[string]bool{}
	for _, im := range images {
		filled[[2]string{im.split, im.class}] = true
		trained[im.class] = trained[im.class] || im.split == "train"
	}
	for _, dir := range inv.dirs {
		split, class, rest, ok := l.cut(dir)
		if ok && rest == "" && class != "" && !filled[[2]string{split, class}] {
			return usage.Errorf("class folder %q in %s holds no PNG or JPEG image: fill it or remove it", dir, source)
		}
	}
	for _, im := range images {
		if !trained[im.class] {
			return usage.Errorf("class %q is in %s of %s and not in train: add it to train or remove it", im.class,
				im.split, source)
		}
	}
	return nil
}
