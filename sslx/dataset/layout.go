package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

// levelNone is the value of ImportOptions.SplitFrom and ClassesAt for a level that a folder does not have.
const levelNone = "none"

// splitWords maps the words that name a split, in lower case, to the split.
var splitWords = map[string]string{
	"train": "train", "training": "train", "trainset": "train",
	"val": "val", "valid": "val", "validation": "val", "dev": "val", "valset": "val",
	"test": "test", "testing": "test", "testset": "test", "eval": "test", "evaluation": "test",
}

// plainWords say nothing about what a folder of a split holds, as in "train_images".
var plainWords = []string{"data", "dataset", "folder", "image", "images", "img", "imgs", "set", "split"}

// splitOf returns the split that a folder's name stands for, or "", and the rest of the name that tells it from other
// splits: "seg_train" is train of "seg", and "train2017" is train of "". Exact names have no other word.
func splitOf(name string) (split, rest string) {
	var others []string
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch found := splitWords[word]; {
		case found != "" && split != "":
			return "", "" // "train_test" is neither
		case found != "":
			split = found
		case !slices.Contains(plainWords, word):
			others = append(others, word)
		}
	}
	return split, strings.Join(others, " ")
}

// exactSplit returns the split that a name is a word for, and nothing else, or "".
func exactSplit(name string) string { return splitWords[strings.ToLower(name)] }

// folderImage is an image of an image folder.
type folderImage struct {
	path  string // in the tree
	split string
	class string  // the name of its class folder; "" without one
	rest  string  // below the class folder, or below the split's
	label []int32 // one a task
	group int32
}

// arrangement sorts the images of a folder into splits and classes. Levels count from the top of the source: in
// a/b/1.png, a is level 1.
type arrangement struct {
	source            string
	foreign           []string
	splitFrom         string // as in ImportOptions
	classesAt         string
	images            []folderImage
	split             bool              // splits stand above the classes
	labeled           bool              // there are two classes or more
	tabled            bool              // a table has the labels
	bases             map[string]string // the folder in which a split's classes stand, by split
	outside, unplaced []string          // images that were left out: outside of the class folders, of the splits
	unlabeled         map[string]int    // images of splits without class folders, in a set with classes
	single            string            // the only class folder, where there is one
}

// arrange finds the split and the class of every image. A usage error says what is ambiguous and how to decide it.
// Folders of foreign images, which cannot be read, count as folders of images.
func arrange(source string, paths, foreign []string, splitFrom, classesAt string) (*arrangement, error) {
	a := &arrangement{source: source, foreign: foreign, splitFrom: splitFrom, classesAt: classesAt,
		bases:     map[string]string{},
		unlabeled: map[string]int{}}
	if err := a.placeSplits(paths); err != nil {
		return nil, err
	}
	if err := a.placeClasses(); err != nil {
		return nil, err
	}

	a.sort()
	return a, nil
}

// sort puts the images into the order of a pack: torchvision's ImageFolder takes the files of a folder before its
// sub-folders.
func (a *arrangement) sort() {
	slices.SortFunc(a.images, func(a, b folderImage) int {
		return cmp.Or(cmp.Compare(slices.Index(splitOrder, a.split), slices.Index(splitOrder, b.split)),
			cmp.Compare(a.class, b.class), cmp.Compare(path.Dir(a.rest), path.Dir(b.rest)), cmp.Compare(a.rest, b.rest),
			cmp.Compare(a.path, b.path))
	})
}

// folderTree is a folder with the folders in it that hold images at any depth.
type folderTree struct {
	images int // directly in the folder
	dirs   map[string]*folderTree
}

func treeOf(paths []string) *folderTree {
	root := &folderTree{}
	for _, p := range paths {
		at := root
		for {
			dir, rest, inside := strings.Cut(p, "/")
			if !inside {
				break
			}
			if at.dirs[dir] == nil {
				if at.dirs == nil {
					at.dirs = map[string]*folderTree{}
				}
				at.dirs[dir] = &folderTree{}
			}
			at, p = at.dirs[dir], rest
		}
		at.images++
	}
	return root
}

// names returns the sorted names of the folders.
func (t *folderTree) names() []string { return slices.Sorted(maps.Keys(t.dirs)) }

// only returns the single folder around everything, or nil.
func (t *folderTree) only() (name string, inside *folderTree) {
	if t.images == 0 && len(t.dirs) == 1 {
		for name, inside = range t.dirs {
		}
	}
	return name, inside
}

// placeSplits gives every image its split.
func (a *arrangement) placeSplits(paths []string) error {
	switch {
	case a.splitFrom == levelNone:
		return a.place(paths, func(p string) (string, string) { return "train", p })
	case strings.Contains(a.splitFrom, "="):
		return a.splitsNamed(paths)
	case a.splitFrom != "":
		return a.splitsAt(paths)
	}

	// Any number of single folders around everything is what archives and downloads leave.
	root, prefix := treeOf(slices.Concat(paths, a.foreign)), ""
	for {
		name, inside := root.only()
		// A single folder train is a split, not a wrapping.
		if inside == nil || exactSplit(name) != "" {
			break
		}
		root, prefix = inside, prefix+name+"/"
	}
	splits, err := a.findSplits(root, prefix)
	if err != nil {
		return err
	}
	a.split = splits != nil
	return a.place(paths, func(p string) (split, rest string) {
		p = strings.TrimPrefix(p, prefix)
		if !a.split {
			return "train", p
		}
		dir, rest, _ := strings.Cut(p, "/")
		return splits[dir], rest
	})
}

// place adds the images with the split and the rest of the path that of returns; those without a split are left out.
func (a *arrangement) place(paths []string, of func(string) (split, rest string)) error {
	for _, p := range paths {
		split, rest := of(p)
		if split == "" {
			a.unplaced = append(a.unplaced, p)
			continue
		}
		a.images = append(a.images, folderImage{path: p, split: split, rest: rest})
		// What stands before the rest of the path is the folder of the split.
		a.bases[split] = strings.TrimSuffix(strings.TrimSuffix(p, rest), "/")
	}
	return nil
}

// findSplits returns the split of each folder in root, nil when the folders are classes.
func (a *arrangement) findSplits(root *folderTree, prefix string) (map[string]string, error) {
	names := root.names()
	// Who says that this level names the classes has said that it names no splits.
	if len(names) == 0 || a.classesAt == strconv.Itoa(strings.Count(prefix, "/")+1) {
		return nil, nil
	}

	// Splits of one set are named alike: train and test, or seg_train and seg_test.
	found, alike := map[string]map[string]string{}, 0
	for _, name := range names {
		if split, rest := splitOf(name); split != "" {
			if found[rest] == nil {
				found[rest] = map[string]string{}
			}
			found[rest][name] = split
			alike++
		}
	}
	var splits map[string]string
	several := false
	for _, rest := range slices.Sorted(maps.Keys(found)) {
		kinds := map[string]bool{}
		for _, split := range found[rest] {
			kinds[split] = true
		}
		if kinds["train"] && (len(kinds) > 1 || len(found[rest]) == len(names)) {
			splits, several = found[rest], len(kinds) > 1
			break
		}
	}

	// Next to folders of other names, a folder "train" is a class, unless there are several splits.
	quoted := someOf(names)
	switch {
	case len(splits) == len(names) && (several || onlyExact(names)):
		return splits, nil
	case splits != nil && several:
		other := names[slices.IndexFunc(names, func(name string) bool { return splits[name] == "" })]
		return nil, usage.About("split-from", "%s has the split folders %s and next to them the image folder %q: move "+
			"it away or into a split, or say which folders are the splits, such as %s", a.source,
			strings.Join(slices.Sorted(maps.Keys(splits)), ", "), other, exampleSplits(splits, prefix))
	case alike < len(names):
		return nil, nil
	case onlyExact(names):
		return nil, usage.About("split-from", "%s has the split folder %s and no train: add train/CLASS/IMAGE, or "+
			"give a folder of classes, or say that %s no splits (%q)", a.source, quoted, isOrAre(len(names)), levelNone)
	}
	return nil, usage.About("split-from", "the folders %s of %s look like splits, but not of one set: say which "+
		"are the splits, such as %q, or %q if they are classes", quoted, a.source, "train="+prefix+names[0],
		levelNone)
}

func isOrAre(n int) string {
	if n == 1 {
		return "it is"
	}
	return "they are"
}

func onlyExact(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return exactSplit(name) == "" })
}

// exampleSplits writes a map of folders to splits as SplitFrom takes it.
func exampleSplits(splits map[string]string, prefix string) string {
	var parts []string
	for _, split := range splitOrder {
		for _, folder := range slices.Sorted(maps.Keys(splits)) {
			if splits[folder] == split {
				parts = append(parts, split+"="+prefix+folder)
			}
		}
	}
	return strings.Join(parts, ",")
}

// splitsNamed takes the folders that SplitFrom names as splits.
func (a *arrangement) splitsNamed(paths []string) error {
	folders := map[string]string{} // with a slash at the end
	for part := range strings.SplitSeq(a.splitFrom, ",") {
		name, folder, _ := strings.Cut(part, "=")
		split := exactSplit(name)
		if split == "" || folder == "" {
			return usage.About("split-from", "%q does not name a split: write train=FOLDER, val=FOLDER or test=FOLDER",
				part)
		}
		folders[path.Clean(folder)+"/"] = split
	}

	// Of nested folders, the inner one decides.
	byLength := slices.SortedFunc(maps.Keys(folders), func(a, b string) int { return len(b) - len(a) })
	a.split = true
	err := a.place(paths, func(p string) (split, rest string) {
		for _, folder := range byLength {
			if rest, ok := strings.CutPrefix(p, folder); ok {
				return folders[folder], rest
			}
		}
		return "", ""
	})
	for _, folder := range byLength {
		if !slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, folder) }) {
			return usage.About("split-from", "%s holds no image in %s", a.source, folder)
		}
	}
	return cmp.Or(err, a.needTrain())
}

// splitsAt takes the folders at the level of SplitFrom as splits.
func (a *arrangement) splitsAt(paths []string) error {
	level, err := levelNumber("split-from", a.splitFrom)
	if err != nil {
		return err
	}
	var wrong string
	a.split = true
	err = a.place(paths, func(p string) (split, rest string) {
		parts := strings.Split(p, "/")
		// The last part is the file, which names no split.
		if len(parts) <= level {
			return "", ""
		}
		name := parts[level-1]
		if split, _ = splitOf(name); split == "" {
			wrong = cmp.Or(wrong, name)
		}
		return split, path.Join(slices.Delete(parts, level-1, level)...)
	})
	a.bases = map[string]string{} // the splits may lie below the classes
	if wrong != "" {
		return usage.About("split-from", "the folder %q at level %d of %s does not name a split: name the folders "+
			"that do, such as train=FOLDER,test=FOLDER", wrong, level, a.source)
	}
	return cmp.Or(err, a.needTrain())
}

func (a *arrangement) needTrain() error {
	if !slices.ContainsFunc(a.images, func(im folderImage) bool { return im.split == "train" }) {
		return usage.About("split-from", "%s holds no image of train: name the folder of the training images", a.source)
	}
	return nil
}

// levelNumber reads a level of folders, 1 or more.
func levelNumber(argument, text string) (int, error) {
	level, err := strconv.Atoi(text)
	if err != nil || level < 1 {
		return 0, usage.About(argument, "%q is not a level of folders: give a number from 1, counted from the top of "+
			"the source, or %q", text, levelNone)
	}
	return level, nil
}

// placeClasses gives every image its class.
func (a *arrangement) placeClasses() error {
	switch {
	case a.classesAt == levelNone:
		return nil
	case a.classesAt != "":
		if err := a.classesAtLevel(); err != nil {
			return err
		}
	default:
		a.stripSplits()
		if err := a.checkAmbiguous(); err != nil {
			return err
		}
		for i, im := range a.images {
			if class, rest, inside := strings.Cut(im.rest, "/"); inside {
				a.images[i].class, a.images[i].rest = class, rest
			}
		}
	}
	return a.settleClasses()
}

// classesAtLevel takes the folders at the level of ClassesAt as classes.
func (a *arrangement) classesAtLevel() error {
	level, err := levelNumber("classes-at", a.classesAt)
	if err != nil {
		return err
	}
	found := false
	for i, im := range a.images {
		if parts := strings.Split(im.path, "/"); len(parts) > level {
			a.images[i].class, a.images[i].rest = parts[level-1], path.Join(parts[level:]...)
			found = true
		}
	}
	// One split may have class folders at several places then.
	a.bases = map[string]string{}
	if !found {
		return usage.About("classes-at", "%s has no folders with images at level %d", a.source, level)
	}
	return nil
}

// stripSplits takes single folders around everything away inside each split, as in x_train/x_train/CLASS.
func (a *arrangement) stripSplits() {
	if !a.split {
		return
	}
	for split := range a.bases {
		var paths []string
		for _, im := range a.images {
			if im.split == split {
				paths = append(paths, im.rest)
			}
		}
		prefix, tree := "", treeOf(paths)
		for {
			// One folder of images alone may be a class.
			name, inside := tree.only()
			if inside == nil || len(inside.dirs) == 0 {
				break
			}
			tree, prefix = inside, prefix+name+"/"
		}
		if prefix == "" {
			continue
		}
		a.bases[split] = strings.TrimPrefix(a.bases[split]+"/"+strings.TrimSuffix(prefix, "/"), "/")
		for i, im := range a.images {
			if im.split == split {
				a.images[i].rest = strings.TrimPrefix(im.rest, prefix)
			}
		}
	}
}

// checkAmbiguous refuses training folders that may be classes or something else.
func (a *arrangement) checkAmbiguous() error {
	var paths []string
	for _, im := range a.images {
		if im.split == "train" {
			paths = append(paths, im.rest)
		}
	}
	root := treeOf(paths)
	names := root.names()
	if len(names) < 2 {
		return nil
	}

	// All classes hold the same two or more folders, and nothing else: which of the two levels has the classes?
	inner := root.dirs[names[0]].names()
	same, splits := len(inner) > 1, map[string]bool{}
	for _, name := range names {
		class := root.dirs[name]
		same = same && class.images == 0 && slices.Equal(class.names(), inner)
		for _, sub := range class.names() {
			splits[exactSplit(sub)] = true
		}
		// Next to images of the class, a folder is a group of them and no split.
		if class.images > 0 {
			splits[""] = true
		}
	}
	level := a.levelOf(names[0])
	switch {
	case !splits[""] && len(splits) > 1 && splits["train"] && a.splitFrom == "" && !a.split:
		return usage.About("split-from", "the folders %s of %s hold %s, which look like splits: say that the splits "+
			"are at level %d, or %q", someOf(names), a.source, someOf(inner), level+1, levelNone)
	case same:
		return usage.About("classes-at", "the folders %s of %s all hold the same folders, %s: say which level names "+
			"the classes, %d (%s) or %d (%s), or %q", someOf(names), a.source, someOf(inner), level, names[0],
			level+1, inner[0], levelNone)
	}
	return nil
}

// levelOf returns the level of a folder in which the rest of an image's path begins.
func (a *arrangement) levelOf(folder string) int {
	i := slices.IndexFunc(a.images, func(im folderImage) bool { return strings.HasPrefix(im.rest, folder+"/") })
	return 1 + slices.Index(strings.Split(a.images[i].path, "/"), folder)
}

// settleClasses decides whether there are labels, and leaves images without one out where there are.
func (a *arrangement) settleClasses() error {
	classes, direct, of := map[string]bool{}, 0, map[string]map[string]bool{}
	for _, im := range a.images {
		if of[im.split] == nil {
			of[im.split] = map[string]bool{}
		}
		of[im.split][im.class] = true
		if im.split == "train" && im.class == "" {
			direct++
		} else if im.split == "train" {
			classes[im.class] = true
		}
	}

	// One class says nothing: nothing is told apart.
	if len(classes) < 2 && !(len(classes) == 1 && hasOther(of, classes)) {
		for class := range classes {
			a.single = class
		}
		for i, im := range a.images {
			if im.class != "" {
				a.images[i].class, a.images[i].rest = "", im.class+"/"+im.rest
			}
		}
		return nil
	}
	a.labeled = true
	// A few stray images are left out with a note; more than a tenth are a layout that was misread.
	if direct > 1 && 10*direct > len(a.images) {
		return usage.About("classes-at", "%d of %d images of %s lie next to the folders %s and not in them: say that "+
			"the folders are not classes (%q), or at which level the classes are, which leaves those images out",
			direct, len(a.images), a.source, someOf(slices.Sorted(maps.Keys(classes))), levelNone)
	}

	// A split without class folders has no labels: a list of them may be elsewhere.
	a.images = slices.DeleteFunc(a.images, func(im folderImage) bool {
		switch {
		case im.split != "train" && !labeledSplit(of[im.split], classes):
			a.unlabeled[im.split]++
			return true
		case im.class == "":
			a.outside = append(a.outside, im.path)
			return true
		}
		return false
	})
	return nil
}

// hasOther reports whether a split has a class that is none of the given ones.
func hasOther(of map[string]map[string]bool, classes map[string]bool) bool {
	for split, found := range of {
		for class := range found {
			if split != "train" && class != "" && !classes[class] {
				return true
			}
		}
	}
	return false
}

// labeledSplit reports whether a split has class folders: one folder that train lacks is none.
func labeledSplit(found, classes map[string]bool) bool {
	named := 0
	for class := range found {
		if classes[class] {
			return true
		}
		if class != "" {
			named++
		}
	}
	return named > 1
}

// notes says what was left out, and what the set lacks.
func (a *arrangement) notes() (notes []string) {
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if len(a.unplaced) > 0 {
		add("%s in no split and left out, the first is %s", imagesAre(len(a.unplaced)), a.unplaced[0])
	}
	if len(a.outside) > 0 {
		add("%s in no class folder and left out, the first is %s", imagesAre(len(a.outside)), a.outside[0])
	}
	for _, split := range splitOrder {
		if n := a.unlabeled[split]; n > 0 {
			add("%s has no class folders: its %s left out", split, imagesAre(n))
		}
	}
	switch {
	case a.single != "" && !a.tabled:
		add("all images are of one class, %s: the set has no labels", a.single)
	case !a.labeled && a.classesAt != levelNone && !a.tabled:
		add("there are no class folders: the set has no labels")
	}
	return notes
}

func imagesAre(n int) string {
	if n == 1 {
		return "1 image is"
	}
	return words.Thousands(int64(n)) + " images are"
}
