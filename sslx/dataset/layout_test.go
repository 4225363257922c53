package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// tree makes an image folder of n distinct images at each of the paths, in which * stands for the number of an image.
func tree(t testing.TB, n int, paths ...string) files {
	f := files{}
	for _, p := range paths {
		for i := range n {
			f[strings.Replace(p, "*", fmt.Sprint(i), 1)] = gray(t, uint8(len(f)))
		}
	}
	return f
}

// layouts are the ways in which people keep images; each has its tasks, its splits and its notes.
func layouts(t testing.TB) map[string]layoutCase {
	litter := tree(t, 10, "cat/*.png", "dog/*.png").with(files{
		".ipynb_checkpoints/1.png": "x", "cat/.ipynb_checkpoints/0-checkpoint.png": "x", "__MACOSX/cat/1.png": "x",
		".DS_Store": "x", "cat/.DS_Store": "x", "cat/Thumbs.db": "x", "cat/._0.png": "x", "desktop.ini": "x",
		"@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg": "x", "cat/@eaDir/1.jpg": "x", "$RECYCLE.BIN/S-1/1.jpg": "x",
		"lost+found/": ""})
	return map[string]layoutCase{
		"flat": {files: tree(t, 40, "*.png"), splits: "train 32, test 8",
			notes: "no class folders: the set has no labels|8 of 40 images were cut from train"},
		"one folder of images": {files: tree(t, 40, "all/*.png"), splits: "train 32, test 8",
			notes: "the set has no labels"},
		"nested single folders": {files: tree(t, 10, "DCIM/100CANON/*.png"), splits: "train 8, test 2",
			notes: "the set has no labels"},
		"odd names of classes": {files: tree(t, 2, "ß ü ñ/*.png", "猫/*.png", "a'b\"c/*.png", "new\nline/*.png",
			"  lead/*.png", "-dash/*.png", "10/*.png", "9/*.png", "2/*.png"), opt: ImportOptions{HoldOut: -1},
			splits: "train 18", tasks: "class:   lead -dash 10 2 9 a'b\"c new\nline ß ü ñ 猫"},
		"names of classes that look alike": {files: tree(t, 2, "caf\xe8/*.png", "caf\xe9/*.png", "cafe\u0301/*.png",
			"caf\u00e9/*.png"), opt: ImportOptions{HoldOut: -1}, splits: "train 8",
			tasks: "class: cafe\u0301 caf\u00e9 caf\\xe8 caf\\xe9"},
		"albums without labels": {files: tree(t, 10, "2019/*.png", "2020/*.png"), opt: ImportOptions{ClassesAt: "none"},
			splits: "train 16, test 4"},
		"litter": {files: litter, splits: "train 16, test 4", tasks: "class: cat dog",
			notes: "4 of 20 images"},
		"nothing held out": {files: tree(t, 10, "cat/*.png", "dog/*.png"), opt: ImportOptions{HoldOut: -1},
			splits: "train 20", tasks: "class: cat dog", notes: "all 20 images are train"},
		"half held out": {files: tree(t, 10, "cat/*.png", "dog/*.png"), opt: ImportOptions{HoldOut: 0.5},
			splits: "train 10, test 10", tasks: "class: cat dog", notes: "|10 of 20 images"},
		"train and val": {files: tree(t, 4, "train/a/*.png", "train/b/*.png", "val/a/*.png", "val/b/*.png"),
			splits: "train 8, val 8", tasks: "class: a b"},
		"capitals": {files: tree(t, 4, "Train/a/*.png", "Train/b/*.png", "TEST/a/*.png", "TEST/b/*.png"),
			splits: "train 8, test 8", tasks: "class: a b"},
		"training and testing": {files: tree(t, 4, "training/a/*.png", "training/b/*.png", "testing/a/*.png",
			"testing/b/*.png"), splits: "train 8, test 8", tasks: "class: a b"},
		"dev and eval": {files: tree(t, 4, "train/a/*.png", "train/b/*.png", "dev/a/*.png", "dev/b/*.png",
			"eval/a/*.png",
			"eval/b/*.png"), splits: "train 8, val 8, test 8", tasks: "class: a b"},
		"ImageNet": {files: tree(t, 4, "ILSVRC/Data/CLS-LOC/train/a/*.png", "ILSVRC/Data/CLS-LOC/train/b/*.png",
			"ILSVRC/Data/CLS-LOC/test/a/*.png", "ILSVRC/Data/CLS-LOC/test/b/*.png").with(
			files{"ILSVRC/Annotations/CLS-LOC/a/1.xml": "x", "ILSVRC/ImageSets/train.txt": "x"}),
			splits: "train 8, test 8", tasks: "class: a b", notes: "no images were left out: 1 .txt, 1 .xml"},
		"Intel's scenes": {files: tree(t, 4, "seg_train/seg_train/a/*.png", "seg_train/seg_train/b/*.png",
			"seg_test/seg_test/a/*.png", "seg_test/seg_test/b/*.png"), splits: "train 8, test 8", tasks: "class: a b"},
		"cats and dogs": {files: tree(t, 4, "training_set/training_set/cats/*.png",
			"training_set/training_set/dogs/*.png",
			"test_set/test_set/cats/*.png", "test_set/test_set/dogs/*.png"), splits: "train 8, test 8",
			tasks: "class: cats dogs"},
		"COCO's years": {files: tree(t, 4, "train2017/*.png", "val2017/*.png"), splits: "train 4, val 4",
			notes: "the set has no labels"},
		"an unlabeled test": {files: tree(t, 10, "train/a/*.png", "train/b/*.png", "test/*.png"),
			splits: "train 16, test 4", tasks: "class: a b",
			notes: "test has no class folders: its 10 images are left out|4 of 20 images were cut from train"},
		"Tiny ImageNet": {files: tree(t, 10, "train/n1/images/*.png", "train/n2/images/*.png", "val/images/*.png",
			"test/images/*.png"), splits: "train 16, test 4", tasks: "class: n1 n2",
			notes: "val has no class folders: its 10 images are left out|test has no class folders"},
		"splits without labels": {files: tree(t, 4, "train/*.png", "test/*.png"), splits: "train 4, test 4",
			notes: "the set has no labels"},
		"classes above splits": {files: tree(t, 4, "a/train/*.png", "a/test/*.png", "b/train/*.png", "b/test/*.png"),
			opt: ImportOptions{SplitFrom: "2"}, splits: "train 8, test 8", tasks: "class: a b"},
		"classes above splits, told both": {files: tree(t, 4, "x/a/train/*.png", "x/a/test/*.png", "x/b/train/*.png",
			"x/b/test/*.png"), opt: ImportOptions{SplitFrom: "3", ClassesAt: "2"}, splits: "train 8, test 8",
			tasks: "class: a b"},
		"the outer of two levels": {files: tree(t, 2, "a/day0/*.png", "a/day1/*.png", "b/day0/*.png", "b/day1/*.png"),
			opt: ImportOptions{ClassesAt: "1", HoldOut: -1}, splits: "train 8", tasks: "class: a b"},
		"the inner of two levels": {files: tree(t, 2, "a/day0/*.png", "a/day1/*.png", "b/day0/*.png", "b/day1/*.png"),
			opt: ImportOptions{ClassesAt: "2", HoldOut: -1}, splits: "train 8", tasks: "class: day0 day1"},
		"folders named as splits": {files: tree(t, 4, "x/fit/a/*.png", "x/fit/b/*.png", "x/probe/a/*.png",
			"x/probe/b/*.png", "x/more/a/*.png"), opt: ImportOptions{SplitFrom: "train=x/fit,test=x/probe"},
			splits: "train 8, test 8", tasks: "class: a b", notes: "4 images are in no split and left out, the " +
				"first is x/more"},
		"classes that look like splits": {files: tree(t, 10, "bullet_train/*.png", "test_tube/*.png"),
			opt: ImportOptions{SplitFrom: "none"}, splits: "train 16, test 4", tasks: "class: bullet_train test_tube"},
		"two train folders are classes": {files: tree(t, 10, "train1/*.png", "train2/*.png"),
			opt: ImportOptions{ClassesAt: "1"}, splits: "train 16, test 4", tasks: "class: train1 train2"},
	}
}

type layoutCase struct {
	files  files
	opt    ImportOptions
	splits string
	tasks  string // "TASK: CLASS CLASS", "" for none
	notes  string // parts, separated by |
}

func TestLayout_SplitsTasksAndNotes(t *testing.T) {
	for name, c := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			set, report := imported(t, c.files.folder(t, "set"), c.opt)
			var splits, tasks []string
			for _, sp := range report.Splits {
				splits = append(splits, fmt.Sprint(sp.Name, " ", sp.N))
			}
			for _, task := range set.Tasks() {
				tasks = append(tasks, task.Name+": "+strings.Join(task.Classes, " "))
			}
			if got := strings.Join(splits, ", "); got != c.splits {
				t.Errorf("splits are %s, want %s", got, c.splits)
			}
			if got := strings.Join(tasks, "; "); got != c.tasks {
				t.Errorf("tasks are %q, want %q", got, c.tasks)
			}
			for part := range strings.SplitSeq(c.notes, "|") {
				if notes := strings.Join(report.Notes, "; "); !strings.Contains(notes, part) {
					t.Errorf("notes are %q and lack %q", notes, part)
				}
			}
			if !slices.Equal(set.Notes(), report.Notes) {
				t.Errorf("the pack has the notes %q, and the report %q", set.Notes(), report.Notes)
			}
		})
	}
}

func TestLayout_AmbiguousFoldersAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files    files
		opt      ImportOptions
		argument string
		says     string // parts, separated by |
	}{
		"classes above splits": {tree(t, 4, "a/train/*.png", "a/test/*.png", "b/train/*.png"), ImportOptions{},
			"split-from", "a, b|hold test, train, which look like splits|splits are at level 2"},
		"classes of the same folders": {tree(t, 2, "a/day0/c/*.png", "a/day1/c/*.png", "b/day0/c/*.png",
			"b/day1/c/*.png"),
			ImportOptions{}, "classes-at", "a, b|day0, day1|1 (a) or 2 (day0)"},
		"classes that look like splits": {tree(t, 4, "bullet_train/*.png", "test_tube/*.png"), ImportOptions{},
			"split-from", `bullet_train, test_tube|look like splits|"none" if they are classes`},
		"images next to splits": {tree(t, 4, "seg_train/a/*.png", "seg_train/b/*.png", "seg_test/a/*.png",
			"seg_pred/*.png"),
			ImportOptions{}, "split-from", `seg_test, seg_train|"seg_pred"|train=seg_train,test=seg_test`},
		"test alone": {tree(t, 4, "set/test/a/*.png", "set/test/b/*.png"), ImportOptions{}, "split-from",
			"split folder test and no train"},
		"many images next to classes": {tree(t, 8, "*.png", "a/*.png", "b/*.png"), ImportOptions{}, "classes-at",
			"8 of 24 images|a, b"},
		"no such level":  {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{ClassesAt: "3"}, "classes-at", "at level 3"},
		"no level":       {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{ClassesAt: "x"}, "classes-at", `"x" is not a level`},
		"no split there": {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{SplitFrom: "1"}, "split-from", `folder "a"`},
		"no such split": {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{SplitFrom: "fit=a"}, "split-from",
			`"fit=a" does not name a split`},
		"no such folder": {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{SplitFrom: "train=a,test=c"}, "split-from",
			"no image in c"},
		"no train folder": {tree(t, 4, "a/*.png", "b/*.png"), ImportOptions{SplitFrom: "test=a"}, "split-from",
			"no image of train"},
		"a share of everything": {tree(t, 4, "a/*.png"), ImportOptions{HoldOut: 1}, "hold-out", "hold-out share 1"},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Cache = t.TempDir()
			_, _, err := Import(t.Context(), c.files.folder(t, "set"), c.opt)
			if err == nil || !usage.Is(err) || usage.ArgumentOf(err) != c.argument {
				t.Fatalf("error %v, about %q", err, usage.ArgumentOf(err))
			}
			for part := range strings.SplitSeq(c.says, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}

// Somebody decided at the import what the files do not tell: an import on the way takes that pack, with its notes.
func TestLocate_TakesThePackForWhichSomebodyDecided(t *testing.T) {
	source, cache := tree(t, 4, "a/x/*.png", "a/y/*.png", "b/x/*.png", "b/y/*.png").folder(t, "set"), t.TempDir()
	if _, err := Locate(t.Context(), source, LocateOptions{Cache: cache}); !usage.Is(err) {
		t.Fatalf("error %v", err)
	}
	_, report := imported(t, source, ImportOptions{Cache: cache, ClassesAt: "2"})
	set, err := Locate(t.Context(), source, LocateOptions{Cache: cache, Warn: func(s string) {
		t.Errorf("warned %q",
			s)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	if set.Fingerprint() != report.Fingerprint {
		t.Error("it is another set")
	}

	// Photographs were given a size as well: without one, their only pack is taken.
	sized := t.TempDir()
	imported(t, source, ImportOptions{Cache: sized, ClassesAt: "1", Size: 2})
	again := located(t, source, LocateOptions{Cache: sized})
	if again.Height() != 2 || again.Tasks()[0].Classes[0] != "a" {
		t.Errorf("%d rows, tasks %v", again.Height(), again.Tasks())
	}

	// Another decision is another pack, and the name means the last one.
	_, other := imported(t, source, ImportOptions{Cache: cache, ClassesAt: "1"})
	if other.Reused || other.Fingerprint == report.Fingerprint {
		t.Errorf("reused %v", other.Reused)
	}
}

func TestImport_CountsTestImagesThatAreInTrain(t *testing.T) {
	f := tree(t, 4, "train/a/*.png", "train/b/*.png", "test/a/*.png", "test/b/*.png")
	f["test/a/0.png"], f["test/b/3.png"] = f["train/a/2.png"], f["train/a/2.png"]
	_, report := imported(t, f.folder(t, "set"), ImportOptions{})
	if want := []string{"2 of the 8 images of test have exactly the pixels of an image of train"}; !slices.Equal(
		report.Notes, want) {
		t.Errorf("notes are %q", report.Notes)
	}
}

// A cut from train keeps copies of an image on one side.
func TestImport_TheHoldOutHasNoCopyOfATrainImage(t *testing.T) {
	f := tree(t, 30, "a/*.png", "b/*.png")
	for i := range 30 {
		f[fmt.Sprintf("a/copy%d.png", i)] = f[fmt.Sprintf("a/%d.png", i)]
	}
	set, report := imported(t, f.folder(t, "set"), ImportOptions{})
	train, _ := split(t, set, "train")
	test, labels := split(t, set, "test")
	for _, v := range firstBytes(set, test) {
		if slices.Contains(firstBytes(set, train), v) {
			t.Errorf("value %d is in train and test", v)
		}
	}
	counts := [2]int{}
	for _, label := range labels {
		counts[label]++
	}
	if counts != [2]int{12, 6} || strings.Contains(strings.Join(report.Notes, ""), "exactly the pixels") {
		t.Errorf("test has %v images, notes %q", counts, report.Notes)
	}
}

func TestLayout_ARunFolderIsNoSet(t *testing.T) {
	run := files{"environment.json": "{}", "tasks.png": gray(t, 1)}.folder(t, "first")
	if holdsImages(t.Context(), run) {
		t.Error("the figures of a run are taken for a set")
	}
	if !holdsImages(t.Context(), filepath.Dir(files{"1.png": gray(t, 1)}.folder(t, "x"))) {
		t.Error("an image in a folder is not seen")
	}
}
